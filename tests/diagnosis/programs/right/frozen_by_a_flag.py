"""A layer that is not to learn says so on each of its numbers."""

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


random.seed(7)


class Layer:
    def __init__(self, n_in, n_out, learns):
        self.w = [[Value(random.uniform(-1, 1)) for _ in range(n_in)] for _ in range(n_out)]
        for row in self.w:
            for p in row:
                p.requires_grad = learns

    def __call__(self, x):
        return [sum((wi * xi for wi, xi in zip(row, x)), Value(0.0)) for row in self.w]

    def parameters(self):
        return [p for row in self.w for p in row]


frozen, head = Layer(2, 3, learns=False), Layer(3, 1, learns=True)
data = [((0.1, 0.9), 0.4), ((0.8, -0.2), -0.3), ((-0.5, 0.5), 0.2)]


def loss_of():
    total = Value(0.0)
    for x, y in data:
        total = total + (head([h.tanh() for h in frozen(x)])[0] - y) ** 2
    return total


for step in range(5):
    loss = loss_of()
    parameters = frozen.parameters() + head.parameters()
    for p in parameters:
        p.grad = 0.0
    loss.backward()
    for p in parameters:
        if p.requires_grad:
            p.data -= 0.3 * p.grad
    print("loss", round(loss.data, 6))
