"""Texts of different lengths are filled up, and what was filled in is not scored."""

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

    def exp(self):
        e = math.exp(self.data)
        return Value(e, (self,), (e,))

    def log(self):
        return Value(math.log(self.data), (self,), (1.0 / self.data,))

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


random.seed(40)
PAD = 3
texts = [[0, 1, 2, 0], [2, 1, PAD, PAD], [1, 0, 2, PAD]]
table = [[Value(random.gauss(0, 0.6)) for _ in range(2)] for _ in range(4)]
out = [[Value(random.gauss(0, 0.6)) for _ in range(2)] for _ in range(3)]
params = [p for row in table + out for p in row]


def loss_of():
    total, count = Value(0.0), 0
    for text in texts:
        for now, then in zip(text, text[1:]):
            if then == PAD:
                continue
            exps = [(o[0] * table[now][0] + o[1] * table[now][1]).exp() for o in out]
            total = total - (exps[then] / sum(exps, Value(0.0))).log()
            count += 1
    return total * (1 / count)


for step in range(6):
    loss = loss_of()
    for p in params:
        p.grad = 0.0
    loss.backward()
    for p in params:
        p.data -= 0.5 * p.grad
    print(step, f"{loss.data:.5f}")
