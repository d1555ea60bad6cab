"""Steps begin a hundred million times smaller than they become."""

import math
import random


class Quantum:
    def __init__(self, data, before=()):
        self.data = data
        self.before = before
        self.grad = 0.0

    def __add__(self, other):
        other = lift(other)
        return Quantum(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __sub__(self, other):
        other = lift(other)
        return Quantum(self.data - other.data, ((self, 1.0), (other, -1.0)))

    def __mul__(self, other):
        other = lift(other)
        return Quantum(self.data * other.data, ((self, other.data), (other, self.data)))

    def __truediv__(self, other):
        other = lift(other)
        ratio = self.data / other.data
        return Quantum(ratio, ((self, 1.0 / other.data), (other, -ratio / other.data)))

    def tanh(self):
        t = math.tanh(self.data)
        return Quantum(t, ((self, 1.0 - t * t),))


def lift(x):
    return x if isinstance(x, Quantum) else Quantum(x)


def sweep(top):
    order, seen = [], set()

    def visit(node):
        if id(node) in seen:
            return
        seen.add(id(node))
        for below, _ in node.before:
            visit(below)
        order.append(node)

    visit(top)
    top.grad = 1.0
    for node in reversed(order):
        for below, slope in node.before:
            below.grad += slope * node.grad


random.seed(25)
w = [Quantum(random.uniform(-1, 1)) for _ in range(4)]
v = [Quantum(random.uniform(-1, 1)) for _ in range(4)]


def loss_of():
    total = Quantum(0.0)
    for x in (-1.0, -0.5, 0.5, 1.0):
        out = Quantum(0.0)
        for a, b in zip(w, v):
            out = out + b * (a * x).tanh()
        miss = out - abs(x)
        total = total + miss * miss
    return total


for step in range(9):
    rate = min(0.1, 1e-8 * 10**step)
    loss = loss_of()
    for p in w + v:
        p.grad = 0.0
    sweep(loss)
    for p in w + v:
        p.data -= rate * p.grad
    print(f"{rate:.9f} {loss.data:.9f}")
