"""A weight that two layers share stands in the list of parameters once."""

import math
import random


class Value:
    __slots__ = ("data_", "grad_", "_children", "_local_grads")

    def __init__(self, data_, children=(), local_grads=()):
        self.data_ = data_
        self.grad_ = 0.0
        self._children = children
        self._local_grads = local_grads

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data_ + other.data_, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data_ * other.data_, (self, other), (other.data_, self.data_))

    def __pow__(self, other):
        return Value(self.data_**other, (self,), (other * self.data_ ** (other - 1),))

    def tanh(self):
        t = math.tanh(self.data_)
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
        self.grad_ = 1.0
        for v in reversed(topo):
            for child, local_grad in zip(v._children, v._local_grads):
                child.grad_ += local_grad * v.grad_


random.seed(38)
shared = [[Value(random.uniform(-1, 1)) for _ in range(2)] for _ in range(2)]
layers = [shared, shared, [[Value(random.uniform(-1, 1)) for _ in range(2)]]]
parameters, known = [], set()
for layer in layers:
    for row in layer:
        for p in row:
            if id(p) not in known:
                known.add(id(p))
                parameters.append(p)
data_ = [((0.4, -0.2), 0.3), ((-0.9, 0.5), -0.6), ((0.7, 0.8), 0.1)]


def network(x):
    for layer in layers:
        x = [sum((w * xi for w, xi in zip(row, x)), Value(0.0)).tanh() for row in layer]
    return x[0]


for step in range(5):
    loss = sum(((network(x) - y) ** 2 for x, y in data_), Value(0.0))
    for p in parameters:
        p.grad_ = 0.0
    loss.backward()
    for p in parameters:
        p.data_ -= 0.2 * p.grad_
    print(step, f"{loss.data_:.6f}")
