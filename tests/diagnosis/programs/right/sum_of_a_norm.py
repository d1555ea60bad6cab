"""The plain sum of what is normed has gradient 0 by algebra, and is a part of the loss."""

import random


class Value:
    __slots__ = ("data", "gradient", "_from", "_by")

    def __init__(self, data, children=(), local_grads=()):
        self.data = data
        self.gradient = 0.0
        self._from = children
        self._by = local_grads

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, other):
        return Value(self.data**other, (self,), (other * self.data ** (other - 1),))

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
                for child in v._from:
                    build(child)
                topo.append(v)

        build(self)
        self.gradient = 1.0
        for v in reversed(topo):
            for child, local_grad in zip(v._from, v._by):
                child.gradient += local_grad * v.gradient


random.seed(16)
gain = [Value(random.uniform(0.5, 1.5)) for _ in range(4)]
w = [[Value(random.gauss(0, 0.7)) for _ in range(3)] for _ in range(4)]
params = gain + [p for row in w for p in row]
data = [([0.3, -0.8, 0.5], [0.1, 0.9, -0.5, -0.5]), ([1.0, 0.2, -0.4], [1.0, -1.0, 0.5, 0.2])]


def normed(x):
    mean = sum(x, Value(0.0)) * (1 / len(x))
    centered = [xi - mean for xi in x]
    scale = (sum((c * c for c in centered), Value(0.0)) * (1 / len(x)) + 1e-5) ** -0.5
    return [c * scale for c in centered]


def loss_of():
    total = Value(0.0)
    for x, wanted in data:
        rows = normed([sum((wi * xi for wi, xi in zip(row, x)), Value(0.0)) for row in w])
        total = total + sum(rows, Value(0.0)) * 0.1
        total = total + sum(((g * r - t) ** 2 for g, r, t in zip(gain, rows, wanted)), Value(0.0))
    return total


for step in range(6):
    loss = loss_of()
    for p in params:
        p.gradient = 0.0
    loss.backward()
    for p in params:
        p.data -= 0.05 * p.gradient
    print(step, f"{loss.data:.6f}")
