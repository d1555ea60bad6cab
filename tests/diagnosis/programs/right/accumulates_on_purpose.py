"""Gradients of three small batches are added up before each update."""

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


random.seed(1)
weights = [[Value(random.uniform(-1, 1)) for _ in range(2)] for _ in range(3)]
biases = [Value(0.1 * i) for i in range(3)]
outer = [Value(random.uniform(-1, 1)) for _ in range(3)]
parameters = [w for row in weights for w in row] + biases + outer
data = [((random.gauss(0, 1), random.gauss(0, 1)), random.gauss(0, 1)) for _ in range(6)]


def predict(x):
    hidden = [(row[0] * x[0] + row[1] * x[1] + b).tanh() for row, b in zip(weights, biases)]
    return sum((w * h for w, h in zip(outer, hidden)), Value(0.0))


for step in range(4):
    seen = 0.0
    for first in (0, 2, 4):
        batch = data[first : first + 2]
        loss = sum(((predict(x) - y) ** 2 for x, y in batch), Value(0.0)) * (1 / 6)
        loss.backward()
        seen += loss.data
    for p in parameters:
        p.data -= 0.3 * p.grad
        p.grad = 0.0
    print("step", step, f"{seen:.5f}")
