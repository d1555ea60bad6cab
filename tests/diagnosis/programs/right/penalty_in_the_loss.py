"""The squares of all weights are a part of the loss."""

import math
import random


class Scalar:
    def __init__(self, value, _under=()):
        self.value = value
        self.grad = 0.0
        self._under = _under
        self._backward = lambda: None

    def __add__(self, other):
        other = other if isinstance(other, Scalar) else Scalar(other)
        out = Scalar(self.value + other.value, (self, other))

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Scalar) else Scalar(other)
        out = Scalar(self.value * other.value, (self, other))

        def _backward():
            self.grad += other.value * out.grad
            other.grad += self.value * out.grad

        out._backward = _backward
        return out

    def __pow__(self, n):
        out = Scalar(self.value**n, (self,))

        def _backward():
            self.grad += n * self.value ** (n - 1) * out.grad

        out._backward = _backward
        return out

    def sigmoid(self):
        s = 1.0 / (1.0 + math.exp(-self.value))
        out = Scalar(s, (self,))

        def _backward():
            self.grad += s * (1.0 - s) * out.grad

        out._backward = _backward
        return out

    def log(self):
        out = Scalar(math.log(self.value), (self,))

        def _backward():
            self.grad += 1.0 / self.value * out.grad

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
                for child in v._under:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            v._backward()


random.seed(5)
w, b = [Scalar(random.uniform(-0.5, 0.5)) for _ in range(3)], Scalar(0.0)
rows = [([random.gauss(0, 1) for _ in range(3)], i % 2) for i in range(6)]


def objective():
    total = Scalar(0.0)
    for x, y in rows:
        p = (sum((wi * xi for wi, xi in zip(w, x)), b)).sigmoid()
        total = total - (p.log() if y else (Scalar(1.0) - p).log())
    return total / len(rows) + sum((wi * wi for wi in w), Scalar(0.0)) * 0.05


for epoch in range(6):
    loss = objective()
    for p in [*w, b]:
        p.grad = 0.0
    loss.backward()
    for p in [*w, b]:
        p.value -= 0.4 * p.grad
    print(epoch, f"{loss.value:.6f}")
