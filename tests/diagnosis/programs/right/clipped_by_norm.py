"""All gradients are scaled where their norm is too large."""

import math
import random


class Value:
    def __init__(self, x_, args=()):
        self.x_ = x_
        self.args = args
        self.d = 0.0

    def __add__(self, other):
        other = lift(other)
        return Value(self.x_ + other.x_, ((self, 1.0), (other, 1.0)))

    def __sub__(self, other):
        other = lift(other)
        return Value(self.x_ - other.x_, ((self, 1.0), (other, -1.0)))

    def __mul__(self, other):
        other = lift(other)
        return Value(self.x_ * other.x_, ((self, other.x_), (other, self.x_)))

    def __truediv__(self, other):
        other = lift(other)
        ratio = self.x_ / other.x_
        return Value(ratio, ((self, 1.0 / other.x_), (other, -ratio / other.x_)))

    def tanh(self):
        t = math.tanh(self.x_)
        return Value(t, ((self, 1.0 - t * t),))


def lift(x):
    return x if isinstance(x, Value) else Value(x)


def backprop(top):
    order, seen = [], set()

    def visit(node):
        if id(node) in seen:
            return
        seen.add(id(node))
        for below, _ in node.args:
            visit(below)
        order.append(node)

    visit(top)
    top.d = 1.0
    for node in reversed(order):
        for below, slope in node.args:
            below.d += slope * node.d


random.seed(13)
w = [Value(random.gauss(0, 2)) for _ in range(3)]
u = [Value(random.gauss(0, 2)) for _ in range(3)]
params = w + u
x_ = [(i / 2 - 1, 4.0 * i) for i in range(5)]


def loss_of():
    total = Value(0.0)
    for x, y in x_:
        out = Value(0.0)
        for wi, ui in zip(w, u):
            out = out + ui * (wi * x).tanh()
        miss = out - y
        total = total + miss * miss
    return total / len(x_)


for step in range(6):
    loss = loss_of()
    for p in params:
        p.d = 0.0
    backprop(loss)
    norm = math.sqrt(sum(p.d**2 for p in params))
    if norm > 5.0:
        for p in params:
            p.d *= 5.0 / norm
    for p in params:
        p.x_ -= 0.1 * p.d
    print(step, f"norm {norm:.4f} loss {loss.x_:.5f}")
