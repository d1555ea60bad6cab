"""One table reads letters and scores them."""

import math
import random


class Value:
    __slots__ = ("data", "adjoint", "_sources", "_slopes")

    def __init__(self, data, children=(), local_grads=()):
        self.data = data
        self.adjoint = 0.0
        self._sources = children
        self._slopes = local_grads

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, other):
        return Value(self.data**other, (self,), (other * self.data ** (other - 1),))

    def exp(self):
        e = math.exp(self.data)
        return Value(e, (self,), (e,))

    def log(self):
        return Value(math.log(self.data), (self,), (1.0 / self.data,))

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
                for child in v._sources:
                    build(child)
                topo.append(v)

        build(self)
        self.adjoint = 1.0
        for v in reversed(topo):
            for child, local_grad in zip(v._sources, v._slopes):
                child.adjoint += local_grad * v.adjoint


random.seed(6)
text = "abcacb"
letters = sorted(set(text))
codes = [letters.index(c) for c in text]
table = [[Value(random.gauss(0, 0.5)) for _ in range(3)] for _ in letters]
turn = [[Value(random.gauss(0, 0.5)) for _ in range(3)] for _ in range(3)]
params = [p for row in table + turn for p in row]


def loss_of():
    total = Value(0.0)
    for now, then in zip(codes, codes[1:]):
        x = [sum((t * e for t, e in zip(row, table[now])), Value(0.0)) for row in turn]
        scores = [sum((e * xi for e, xi in zip(row, x)), Value(0.0)) for row in table]
        exps = [s.exp() for s in scores]
        total = total - (exps[then] / sum(exps, Value(0.0))).log()
    return total * (1 / (len(codes) - 1))


for step in range(6):
    loss = loss_of()
    for p in params:
        p.adjoint = 0.0
    loss.backward()
    for p in params:
        p.data -= 0.5 * p.adjoint
    print(f"{step}: {loss.data:.5f}")
