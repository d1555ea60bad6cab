"""A loss that falls below 0, as that of a narrow bell curve does."""

import math
import random


class Value:
    __slots__ = ("data", "grad", "_of", "_rates")

    def __init__(self, data, children=(), local_grads=()):
        self.data = data
        self.grad = 0.0
        self._of = children
        self._rates = local_grads

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, other):
        return Value(self.data**other, (self,), (other * self.data ** (other - 1),))

    def exp(self):
        e = math.exp(self.data)
        return Value(e, (self,), (e,))

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
                for child in v._of:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            for child, local_grad in zip(v._of, v._rates):
                child.grad += local_grad * v.grad


random.seed(36)
xs = [random.gauss(0.3, 0.05) for _ in range(6)]
mean, log_width = Value(0.2), Value(-1.5)


def loss_of():
    total = Value(0.0)
    for x in xs:
        z = (mean - x) * (-log_width).exp()
        total = total + z * z * 0.5 + log_width
    return total * (1 / len(xs))


for step in range(8):
    loss = loss_of()
    mean.grad = log_width.grad = 0.0
    loss.backward()
    mean.data -= 0.01 * mean.grad
    log_width.data -= 0.1 * log_width.grad
    print(step, f"{loss.data:.5f}")
