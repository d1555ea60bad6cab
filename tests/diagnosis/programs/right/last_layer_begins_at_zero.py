"""The last layer begins at 0, so that the first step moves it alone."""

import math
import random


class N:
    def __init__(self, data, kids=()):
        self.data = data
        self.grad = 0.0
        self.kids = kids
        self.give = lambda: None

    def __add__(self, other):
        other = other if isinstance(other, N) else N(other)
        out = N(self.data + other.data, (self, other))

        def give():
            self.grad += out.grad
            other.grad += out.grad

        out.give = give
        return out

    def __mul__(self, other):
        other = other if isinstance(other, N) else N(other)
        out = N(self.data * other.data, (self, other))

        def give():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.give = give
        return out

    def __pow__(self, n):
        out = N(self.data**n, (self,))

        def give():
            self.grad += n * self.data ** (n - 1) * out.grad

        out.give = give
        return out

    def tanh(self):
        out = N(math.tanh(self.data), (self,))

        def give():
            self.grad += (1.0 - out.data**2) * out.grad

        out.give = give
        return out

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
                for child in v.kids:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            v.give()


random.seed(37)
w = [[N(random.uniform(-1, 1)) for _ in range(2)] for _ in range(3)]
v = [N(0.0) for _ in range(3)]
params = [p for row in w for p in row] + v
data = [(-1.0, 0.8), (-0.3, 0.1), (0.4, 0.3), (1.1, 1.0)]


def loss_of():
    total = N(0.0)
    for x, y in data:
        out = sum((vi * (r[0] * x + r[1]).tanh() for r, vi in zip(w, v)), N(0.0))
        total = total + (out - y) ** 2
    return total


for step in range(6):
    loss = loss_of()
    for p in params:
        p.grad = 0.0
    loss.backward()
    for p in params:
        p.data -= 0.1 * p.grad
    print(step, f"{loss.data:.6f}")
