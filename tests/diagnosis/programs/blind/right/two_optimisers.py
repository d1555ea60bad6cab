import math
import random

random.seed(31)


class Node:
    __slots__ = ["data", "grad", "parents", "slopes"]

    def __init__(self, data, parents=(), slopes=()):
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self.slopes = slopes

    def __add__(self, other):
        return Node(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Node(self.data * other.data, (self, other), (other.data, self.data))

    def sigmoid(self):
        s = 1 / (1 + math.exp(-self.data))
        return Node(s, (self,), (s * (1 - s),))

    def log(self):
        return Node(math.log(self.data), (self,), (1 / self.data,))

    def backward(self):
        seen, order = {self}, []

        def down(n):
            for p in n.parents:
                if p not in seen:
                    seen.add(p)
                    down(p)
            order.append(n)

        down(self)
        self.grad = 1.0
        for n in reversed(order):
            for p, s in zip(n.parents, n.slopes):
                p.grad += s * n.grad


class SGD:
    def __init__(self, params, lr):
        self.params, self.lr = params, lr

    def zero(self):
        for p in self.params:
            p.grad = 0.0

    def step(self):
        for p in self.params:
            p.data -= self.lr * p.grad


class RMSProp(SGD):
    def __init__(self, params, lr):
        super().__init__(params, lr)
        self.sq = [1e-3] * len(params)

    def step(self):
        for i, p in enumerate(self.params):
            self.sq[i] = 0.9 * self.sq[i] + 0.1 * p.grad ** 2
            p.data -= self.lr * p.grad / math.sqrt(self.sq[i] + 1e-8)


users = [[Node(random.gauss(0, 0.5)) for _ in range(3)] for _ in range(6)]
films = [[Node(random.gauss(0, 0.5)) for _ in range(3)] for _ in range(5)]
bias = [Node(0.0) for _ in range(5)]
likes = [(u, f, int((u + f) % 2 == 0)) for u in range(6) for f in range(5)]
opts = [RMSProp([p for row in users + films for p in row], 0.05), SGD(bias, 0.5)]
for epoch in range(30):
    loss = Node(0.0)
    for u, f, like in likes:
        score = bias[f]
        for a, b in zip(users[u], films[f]):
            score = score + a * b
        p = score.sigmoid() if like else (score * Node(-1.0)).sigmoid()
        loss = loss + p.log() * Node(-1 / len(likes))
    for o in opts:
        o.zero()
    loss.backward()
    for o in opts:
        o.step()
    if epoch % 6 == 0:
        print(f"epoch {epoch} loss {loss.data:.4f}")
