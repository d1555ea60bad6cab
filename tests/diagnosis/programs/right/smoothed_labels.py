"""Labels that are a little less than sure, and classes that weigh differently."""

import math
import random


class Value:
    __slots__ = ("data", "grad", "_children", "_local_grads")

    def __init__(self, data, children=(), local_grads=()):
        self.data = data
        self.grad = 0.0
        self._children = children
        self._local_grads = local_grads

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
                for child in v._children:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            for child, local_grad in zip(v._children, v._local_grads):
                child.grad += local_grad * v.grad


random.seed(51)
rows = [[Value(random.uniform(-0.5, 0.5)) for _ in range(3)] for _ in range(3)]
weights = [1.0, 2.0, 0.5]
examples = [((0.9, 0.1), 0), ((0.0, 1.0), 1), ((-0.8, -0.6), 2), ((0.2, 0.8), 1)]
for step in range(6):
    loss = Value(0.0)
    for (x, y), kind in examples:
        exps = [(r[0] * x + r[1] * y + r[2]).exp() for r in rows]
        total = sum(exps, Value(0.0))
        for k, e in enumerate(exps):
            share = 0.9 if k == kind else 0.05
            loss = loss - (e / total).log() * share * weights[kind]
    for row in rows:
        for p in row:
            p.grad = 0.0
    loss.backward()
    for row in rows:
        for p in row:
            p.data -= 0.1 * p.grad
    print(step, f"{loss.data:.5f}")
