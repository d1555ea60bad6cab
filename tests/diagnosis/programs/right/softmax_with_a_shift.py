"""The largest score is taken off as a number before exp."""

import math
import random


class Num:
    __slots__ = ("data", "grad", "_children", "_local_grads")

    def __init__(self, data, children=(), local_grads=()):
        self.data = data
        self.grad = 0.0
        self._children = children
        self._local_grads = local_grads

    def __add__(self, other):
        other = other if isinstance(other, Num) else Num(other)
        return Num(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Num) else Num(other)
        return Num(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, other):
        return Num(self.data**other, (self,), (other * self.data ** (other - 1),))

    def exp(self):
        e = math.exp(self.data)
        return Num(e, (self,), (e,))

    def log(self):
        return Num(math.log(self.data), (self,), (1.0 / self.data,))

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + (-other)

    def __truediv__(self, other):
        return self * other**-1

    __radd__ = __add__
    __rmul__ = __mul__

    def backward(self):
        topo, visited = [], set()

        def build(v):
            if v not in visited:
                visited.add(v)
                for child in v._children:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            for child, local_grad in zip(v._children, v._local_grads):
                child.grad += local_grad * v.grad


random.seed(10)
examples = [((1.0, 0.2), 0), ((0.1, 1.1), 1), ((-1.0, -0.7), 2), ((0.8, 0.0), 0)]
rows = [[Num(random.uniform(-1, 1)) for _ in range(3)] for _ in range(3)]


def softmax(scores):
    top = max(s.data for s in scores)
    exps = [(s - top).exp() for s in scores]
    total = sum(exps, Num(0.0))
    return [e / total for e in exps]


def loss_of():
    losses = []
    for (x, y), kind in examples:
        probs = softmax([r[0] * x + r[1] * y + r[2] for r in rows])
        losses.append(-probs[kind].log())
    return sum(losses, Num(0.0)) * (1 / len(losses))


for step in range(6):
    loss = loss_of()
    loss.backward()
    for row in rows:
        for p in row:
            p.data -= 0.6 * p.grad
            p.grad = 0.0
    print(step, f"{loss.data:.6f}")
