"""Rows of a table of words that no document holds stay as they are."""

import math
import random


class Leaf:
    __slots__ = ("amount", "grad", "_children", "_local_grads")

    def __init__(self, amount, children=(), local_grads=()):
        self.amount = amount
        self.grad = 0.0
        self._children = children
        self._local_grads = local_grads

    def __add__(self, other):
        other = other if isinstance(other, Leaf) else Leaf(other)
        return Leaf(self.amount + other.amount, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Leaf) else Leaf(other)
        return Leaf(self.amount * other.amount, (self, other), (other.amount, self.amount))

    def __pow__(self, other):
        return Leaf(self.amount**other, (self,), (other * self.amount ** (other - 1),))

    def exp(self):
        e = math.exp(self.amount)
        return Leaf(e, (self,), (e,))

    def log(self):
        return Leaf(math.log(self.amount), (self,), (1.0 / self.amount,))

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


random.seed(23)
WORDS = ["a", "bird", "cat", "sings", "unicorn", "zebra"]
docs = ["a bird sings", "a cat sings"]
table = [[Leaf(random.gauss(0, 0.6)) for _ in range(2)] for _ in WORDS]
score = [[Leaf(random.gauss(0, 0.6)) for _ in range(2)] for _ in WORDS]
params = [p for row in table + score for p in row]


def loss_of(doc):
    ids = [WORDS.index(w) for w in doc.split()]
    total = Leaf(0.0)
    for now, then in zip(ids, ids[1:]):
        x = table[now]
        logits = [row[0] * x[0] + row[1] * x[1] for row in score]
        exps = [z.exp() for z in logits]
        total = total - (exps[then] / sum(exps, Leaf(0.0))).log()
    return total


for step in range(6):
    loss = loss_of(docs[step % 2])
    for p in params:
        p.grad = 0.0
    loss.backward()
    for p in params:
        p.amount -= 0.4 * p.grad
    print(docs[step % 2], f"{loss.amount:.5f}")
