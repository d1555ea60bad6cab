"""One network judges two inputs, and the distance of what it says is learnt."""

import math
import random


class Value:
    def __init__(self, data, _prev=()):
        self.data = data
        self.grad = 0.0
        self._prev = _prev
        self._backward = lambda: None

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other))

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other))

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    def __pow__(self, n):
        out = Value(self.data**n, (self,))

        def _backward():
            self.grad += n * self.data ** (n - 1) * out.grad

        out._backward = _backward
        return out

    def tanh(self):
        out = Value(math.tanh(self.data), (self,))

        def _backward():
            self.grad += (1.0 - out.data**2) * out.grad

        out._backward = _backward
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
                for child in v._prev:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            v._backward()


random.seed(50)
w = [[Value(random.uniform(-1, 1)) for _ in range(2)] for _ in range(2)]
b = [Value(0.0), Value(0.1)]
params = w[0] + w[1] + b
pairs = [((0.1, 0.2), (0.2, 0.1), 0.0), ((0.9, -0.5), (-0.8, 0.6), 1.5)]


def place(x):
    return [(r[0] * x[0] + r[1] * x[1] + bi).tanh() for r, bi in zip(w, b)]


for step in range(6):
    loss = Value(0.0)
    for left, right, wanted in pairs:
        apart = sum(((p - q) ** 2 for p, q in zip(place(left), place(right))), Value(0.0))
        loss = loss + (apart - wanted) ** 2
    for p in params:
        p.grad = 0.0
    loss.backward()
    for p in params:
        p.data -= 0.03 * p.grad
    print(step, f"{loss.data:.6f}")
