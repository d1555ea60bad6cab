"""Adam with weight decay beside the gradient."""

import math
import random


class Value:
    __slots__ = ("data", "grad", "_children", "_local_grads")

    def __init__(self, data, children=(), local_grads=()):
        self.data = data
        self.grad = 0.0
        self._children = children
        self._local_grads = local_grads

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, other):
        return Value(self.data**other, (self,), (other * self.data ** (other - 1),))

    def tanh(self):
        t = math.tanh(self.data)
        return Value(t, (self,), (1.0 - t * t,))

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
                for child in v._children:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            for child, local_grad in zip(v._children, v._local_grads):
                child.grad += local_grad * v.grad


random.seed(4)
w = [[Value(random.gauss(0, 0.6)) for _ in range(2)] for _ in range(3)]
v = [Value(random.gauss(0, 0.6)) for _ in range(3)]
params = [p for row in w for p in row] + v
points = [((0.2, 0.7), 0.5), ((-0.9, 0.1), -0.4), ((0.8, -0.6), 0.3), ((-0.3, -0.8), -0.6)]


def loss_of():
    total = Value(0.0)
    for x, y in points:
        h = [(r[0] * x[0] + r[1] * x[1]).tanh() for r in w]
        out = sum((vi * hi for vi, hi in zip(v, h)), Value(0.0))
        total = total + (out - y) ** 2
    return total


m1, m2 = [0.0] * len(params), [0.0] * len(params)
for step in range(1, 7):
    loss = loss_of()
    for p in params:
        p.grad = 0.0
    loss.backward()
    for i, p in enumerate(params):
        m1[i] = 0.9 * m1[i] + 0.1 * p.grad
        m2[i] = 0.99 * m2[i] + 0.01 * p.grad * p.grad
        p.data *= 1 - 0.02 * 0.1
        p.data -= 0.02 * (m1[i] / (1 - 0.9**step)) / (math.sqrt(m2[i] / (1 - 0.99**step)) + 1e-8)
    print("step", step, "loss", f"{loss.data:.6f}")
