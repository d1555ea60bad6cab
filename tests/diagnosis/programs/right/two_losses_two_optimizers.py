"""Two networks with a loss and an optimizer each take turns."""

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


random.seed(15)


class Net:
    def __init__(self):
        self.w = [Value(random.uniform(-1, 1)) for _ in range(3)]
        self.v = [Value(random.uniform(-1, 1)) for _ in range(3)]

    def __call__(self, x):
        return sum((v * (w * x).tanh() for w, v in zip(self.w, self.v)), Value(0.0))

    def parameters(self):
        return self.w + self.v


class Descent:
    def __init__(self, parameters, rate):
        self.parameters, self.rate = parameters, rate

    def zero(self):
        for p in self.parameters:
            p.grad = 0.0

    def step(self):
        for p in self.parameters:
            p.data -= self.rate * p.grad


xs = [-1.0, -0.4, 0.3, 0.9]
sine, cube = Net(), Net()
first, second = Descent(sine.parameters(), 0.2), Descent(cube.parameters(), 0.1)
for step in range(5):
    loss_a = sum(((sine(x) - math.sin(x)) ** 2 for x in xs), Value(0.0))
    first.zero()
    loss_a.backward()
    first.step()
    loss_b = sum(((cube(x) - x**3) ** 2 for x in xs), Value(0.0))
    second.zero()
    loss_b.backward()
    second.step()
    print(step, f"{loss_a.data:.5f} {loss_b.data:.5f}")
