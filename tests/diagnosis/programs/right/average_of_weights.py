"""Beside the weights goes their running average, which no gradient moves."""

import math
import random


class Dual:
    def __init__(self, primal, inputs=()):
        self.primal = primal
        self.inputs = inputs
        self.bar = 0.0

    def __add__(self, other):
        other = lift(other)
        return Dual(self.primal + other.primal, ((self, 1.0), (other, 1.0)))

    def __sub__(self, other):
        other = lift(other)
        return Dual(self.primal - other.primal, ((self, 1.0), (other, -1.0)))

    def __mul__(self, other):
        other = lift(other)
        return Dual(self.primal * other.primal, ((self, other.primal), (other, self.primal)))

    def __truediv__(self, other):
        other = lift(other)
        ratio = self.primal / other.primal
        return Dual(ratio, ((self, 1.0 / other.primal), (other, -ratio / other.primal)))

    def tanh(self):
        t = math.tanh(self.primal)
        return Dual(t, ((self, 1.0 - t * t),))


def lift(x):
    return x if isinstance(x, Dual) else Dual(x)


def backprop(top):
    order, seen = [], set()

    def visit(node):
        if id(node) in seen:
            return
        seen.add(id(node))
        for below, _ in node.inputs:
            visit(below)
        order.append(node)

    visit(top)
    top.bar = 1.0
    for node in reversed(order):
        for below, slope in node.inputs:
            below.bar += slope * node.bar


random.seed(31)
w = [Dual(random.uniform(-1, 1)) for _ in range(3)]
v = [Dual(random.uniform(-1, 1)) for _ in range(3)]
slow_w, slow_v = [Dual(p.primal) for p in w], [Dual(p.primal) for p in v]
primal = [(-1.0, 0.3), (0.0, -0.2), (0.7, 0.6), (1.2, 0.1)]


def loss_of(first, second):
    total = Dual(0.0)
    for x, y in primal:
        out = Dual(0.0)
        for a, b in zip(first, second):
            out = out + b * (a * x).tanh()
        miss = out - y
        total = total + miss * miss
    return total


for step in range(6):
    loss = loss_of(w, v)
    for p in w + v:
        p.bar = 0.0
    backprop(loss)
    for p in w + v:
        p.primal -= 0.1 * p.bar
    for slow, p in zip(slow_w + slow_v, w + v):
        slow.primal = 0.9 * slow.primal + 0.1 * p.primal
    print(step, f"{loss.primal:.6f} {loss_of(slow_w, slow_v).primal:.6f}")
