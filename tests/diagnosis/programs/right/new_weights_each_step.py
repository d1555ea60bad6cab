"""Weights are not moved but made anew, and the model is called with the new ones."""

import math
import random


class Term:
    def __init__(self, data, parts=()):
        self.data = data
        self.parts = parts
        self.deriv = 0.0

    def __add__(self, other):
        other = lift(other)
        return Term(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __sub__(self, other):
        other = lift(other)
        return Term(self.data - other.data, ((self, 1.0), (other, -1.0)))

    def __mul__(self, other):
        other = lift(other)
        return Term(self.data * other.data, ((self, other.data), (other, self.data)))

    def __truediv__(self, other):
        other = lift(other)
        ratio = self.data / other.data
        return Term(ratio, ((self, 1.0 / other.data), (other, -ratio / other.data)))

    def tanh(self):
        t = math.tanh(self.data)
        return Term(t, ((self, 1.0 - t * t),))


def lift(x):
    return x if isinstance(x, Term) else Term(x)


def backprop(top):
    order, seen = [], set()

    def visit(node):
        if id(node) in seen:
            return
        seen.add(id(node))
        for below, _ in node.parts:
            visit(below)
        order.append(node)

    visit(top)
    top.deriv = 1.0
    for node in reversed(order):
        for below, slope in node.parts:
            below.deriv += slope * node.deriv


random.seed(39)
weights = [Term(random.uniform(-1, 1)) for _ in range(6)]
data = [(-0.9, 0.2), (-0.1, 0.7), (0.6, -0.4)]


def loss_of(ws):
    total = Term(0.0)
    for x, y in data:
        out = Term(0.0)
        for a, b in zip(ws[:3], ws[3:]):
            out = out + b * (a * x).tanh()
        miss = out - y
        total = total + miss * miss
    return total


for step in range(6):
    loss = loss_of(weights)
    backprop(loss)
    print(step, f"{loss.data:.6f}")
    weights = [Term(w.data - 0.2 * w.deriv) for w in weights]
