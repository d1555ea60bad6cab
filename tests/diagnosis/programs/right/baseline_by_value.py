"""Choices that paid more than the mean are made likelier; the mean is a number."""

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


random.seed(22)
taste = [Value(0.1), Value(-0.1), Value(0.0)]
pays = [0.2, 0.5, 1.0]
for step in range(8):
    top = max(t.data for t in taste)
    exps = [(t - top).exp() for t in taste]
    total = sum(exps, Value(0.0))
    probs = [e / total for e in exps]
    picks = [random.choices(range(3), [p.data for p in probs])[0] for _ in range(6)]
    mean = sum(pays[k] for k in picks) / len(picks)
    loss = Value(0.0)
    for k in picks:
        loss = loss - probs[k].log() * (pays[k] - mean)
    for t in taste:
        t.grad = 0.0
    loss.backward()
    for t in taste:
        t.data -= 0.3 * t.grad
    print(step, f"pays {sum(p.data * q for p, q in zip(probs, pays)):.5f}")
