"""A small network learns what a larger one says, which learns nothing itself."""

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


random.seed(32)


class Net:
    def __init__(self, size):
        self.w = [[Value(random.uniform(-1, 1)) for _ in range(2)] for _ in range(size)]
        self.v = [Value(random.uniform(-1, 1)) for _ in range(size)]

    def __call__(self, x):
        return sum((v * (a * x + b).tanh() for (a, b), v in zip(self.w, self.v)), Value(0.0))

    def parameters(self):
        return [p for row in self.w for p in row] + self.v


teacher, student = Net(5), Net(2)
for step in range(6):
    loss = Value(0.0)
    for x in (-1.0, -0.3, 0.4, 1.1):
        loss = loss + (student(x) - teacher(x).data) ** 2
    for p in student.parameters():
        p.grad = 0.0
    loss.backward()
    for p in student.parameters():
        p.data -= 0.15 * p.grad
    print(step, f"{loss.data:.6f}")
