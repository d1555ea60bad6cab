"""Each weight moves by the same amount against the sign of its gradient."""

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


random.seed(48)
w = [Value(random.uniform(-1, 1)) for _ in range(4)]
v = [Value(random.uniform(-1, 1)) for _ in range(4)]
data = [(-1.0, 0.5), (0.0, 0.0), (0.5, -0.2), (1.0, -0.9)]
for step in range(6):
    loss = Value(0.0)
    for x, y in data:
        out = sum((b * (a * x).tanh() for a, b in zip(w, v)), Value(0.0))
        loss = loss + (out - y) ** 2
    for p in w + v:
        p.grad = 0.0
    loss.backward()
    for p in w + v:
        p.data -= 0.02 * ((p.grad > 0) - (p.grad < 0))
    print(step, f"{loss.data:.6f}")
