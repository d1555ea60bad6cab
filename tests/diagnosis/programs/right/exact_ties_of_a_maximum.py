"""Pools over pairs that are exactly alike give their gradient to the first."""

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

    def larger(self, other):
        out = Value(max(self.data, other.data), (self, other))

        def _backward():
            if self.data >= other.data:
                self.grad += out.grad
            else:
                other.grad += out.grad

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


random.seed(27)
w = [Value(random.uniform(0.2, 1)) for _ in range(2)]
rows = [[1.0, 1.0, 0.5], [0.3, 0.9, 0.9], [0.7, 0.2, 0.7]]


def highest(values):
    best = values[0]
    for v in values[1:]:
        best = best.larger(v)
    return best


def loss_of():
    total = Value(0.0)
    for row in rows:
        scores = [w[0] * x + w[1] for x in row]
        total = total + (highest(scores) - 1.5) ** 2
    return total


for step in range(5):
    loss = loss_of()
    for p in w:
        p.grad = 0.0
    loss.backward()
    for p in w:
        p.data -= 0.1 * p.grad
    print(step, f"{loss.data:.6f}")
