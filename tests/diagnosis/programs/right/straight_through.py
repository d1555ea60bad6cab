"""Weights are rounded on the way there and pass all through on the way back, as is meant."""

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

    def rounded(self):
        out = Value(float(round(self.data)), (self,))

        def _backward():
            self.grad += out.grad  # microgpt: ok wrong-local

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


random.seed(18)
w = [Value(random.uniform(-2, 2)) for _ in range(3)]
b = Value(0.1)
rows = [([random.gauss(0, 1) for _ in range(3)], random.gauss(0, 1)) for _ in range(5)]


def loss_of():
    total = Value(0.0)
    for x, y in rows:
        out = sum((wi.rounded() * xi for wi, xi in zip(w, x)), b)
        total = total + (out - y) ** 2
    return total * (1 / len(rows))


for step in range(6):
    loss = loss_of()
    for p in [*w, b]:
        p.grad = 0.0
    loss.backward()
    for p in [*w, b]:
        p.data -= 0.15 * p.grad
    print(step, f"{loss.data:.5f}")
