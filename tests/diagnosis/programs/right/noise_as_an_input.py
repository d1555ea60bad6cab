"""Noise is drawn first and enters as a number, scaled by what is learnt."""

import math
import random


class Sample:
    def __init__(self, at, _prev=()):
        self.at = at
        self.push = 0.0
        self._prev = _prev
        self._backward = lambda: None

    def __add__(self, other):
        other = other if isinstance(other, Sample) else Sample(other)
        out = Sample(self.at + other.at, (self, other))

        def _backward():
            self.push += out.push
            other.push += out.push

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Sample) else Sample(other)
        out = Sample(self.at * other.at, (self, other))

        def _backward():
            self.push += other.at * out.push
            other.push += self.at * out.push

        out._backward = _backward
        return out

    def __pow__(self, n):
        out = Sample(self.at**n, (self,))

        def _backward():
            self.push += n * self.at ** (n - 1) * out.push

        out._backward = _backward
        return out

    def exp(self):
        out = Sample(math.exp(self.at), (self,))

        def _backward():
            self.push += out.at * out.push

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
        self.push = 1.0
        for v in reversed(topo):
            v._backward()


random.seed(47)
mean, log_spread = Sample(0.0), Sample(0.0)
for step in range(6):
    loss = Sample(0.0)
    for _ in range(4):
        noise = random.gauss(0, 1)
        z = mean + log_spread.exp() * noise
        loss = loss + (z - 1.0) ** 2
    loss = loss * 0.25 + (log_spread.exp() ** 2 + mean**2) * 0.1 - log_spread * 0.2
    mean.push = log_spread.push = 0.0
    loss.backward()
    mean.at -= 0.1 * mean.push
    log_spread.at -= 0.1 * log_spread.push
    print(step, f"{loss.at:.6f}")
