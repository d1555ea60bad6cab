"""Each of four examples is passed back alone, beginning with a quarter."""

import math
import random


class Var:
    def __init__(self, val, inputs=()):
        self.val = val
        self.inputs = inputs
        self.grad = 0.0

    def __add__(self, other):
        other = lift(other)
        return Var(self.val + other.val, ((self, 1.0), (other, 1.0)))

    def __sub__(self, other):
        other = lift(other)
        return Var(self.val - other.val, ((self, 1.0), (other, -1.0)))

    def __mul__(self, other):
        other = lift(other)
        return Var(self.val * other.val, ((self, other.val), (other, self.val)))

    def __truediv__(self, other):
        other = lift(other)
        ratio = self.val / other.val
        return Var(ratio, ((self, 1.0 / other.val), (other, -ratio / other.val)))

    def tanh(self):
        t = math.tanh(self.val)
        return Var(t, ((self, 1.0 - t * t),))


def lift(x):
    return x if isinstance(x, Var) else Var(x)


def backprop(top, seed):
    order, seen = [], set()

    def visit(node):
        if id(node) in seen:
            return
        seen.add(id(node))
        for below, _ in node.inputs:
            visit(below)
        order.append(node)

    visit(top)
    top.grad = seed
    for node in reversed(order):
        for below, slope in node.inputs:
            below.grad += slope * node.grad


random.seed(34)
w = [Var(random.uniform(-1, 1)) for _ in range(3)]
u = [Var(random.uniform(-1, 1)) for _ in range(3)]
val = [(-0.8, 0.1), (-0.2, 0.6), (0.5, -0.3), (1.0, 0.4)]
for step in range(4):
    for p in w + u:
        p.grad = 0.0
    seen = 0.0
    for x, y in val:
        out = Var(0.0)
        for a, b in zip(w, u):
            out = out + b * (a * x).tanh()
        loss = (out - y) * (out - y)
        backprop(loss, 1 / len(val))
        seen += loss.val / len(val)
    for p in w + u:
        p.val -= 0.3 * p.grad
    print(step, f"{seen:.6f}")
