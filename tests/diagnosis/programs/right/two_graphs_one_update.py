"""Two losses on graphs of their own add up in the parameters that both use."""

import math
import random


class Quantity:
    def __init__(self, amount, made_of=()):
        self.amount = amount
        self.made_of = made_of
        self.slope_here = 0.0

    def __add__(self, other):
        other = lift(other)
        return Quantity(self.amount + other.amount, ((self, 1.0), (other, 1.0)))

    def __sub__(self, other):
        other = lift(other)
        return Quantity(self.amount - other.amount, ((self, 1.0), (other, -1.0)))

    def __mul__(self, other):
        other = lift(other)
        return Quantity(self.amount * other.amount, ((self, other.amount), (other, self.amount)))

    def __truediv__(self, other):
        other = lift(other)
        ratio = self.amount / other.amount
        return Quantity(ratio, ((self, 1.0 / other.amount), (other, -ratio / other.amount)))

    def sigmoid(self):
        s = 1.0 / (1.0 + math.exp(-self.amount))
        return Quantity(s, ((self, s * (1.0 - s)),))

    def log(self):
        return Quantity(math.log(self.amount), ((self, 1.0 / self.amount),))


def lift(x):
    return x if isinstance(x, Quantity) else Quantity(x)


def backprop(top):
    order, seen = [], set()

    def visit(node):
        if id(node) in seen:
            return
        seen.add(id(node))
        for below, _ in node.made_of:
            visit(below)
        order.append(node)

    visit(top)
    top.slope_here = 1.0
    for node in reversed(order):
        for below, steep in node.made_of:
            below.slope_here += steep * node.slope_here


random.seed(2)
steep, offset = Quantity(0.3), Quantity(-0.2)
pairs = [(random.uniform(-1, 1), random.uniform(-1, 1)) for _ in range(5)]


def fit_loss():
    total = Quantity(0.0)
    for x, y in pairs:
        miss = steep * x + offset - y
        total = total + miss * miss
    return total / len(pairs)


def side_loss():
    total = Quantity(0.0)
    for x, y in pairs:
        p = (steep * x + offset).sigmoid()
        total = total - (p.log() if y > 0 else (lift(1.0) - p).log())
    return total / len(pairs)


for turn in range(5):
    for p in (steep, offset):
        p.slope_here = 0.0
    fit = fit_loss()
    backprop(fit)
    side = side_loss()
    backprop(side)
    for p in (steep, offset):
        p.amount -= 0.2 * p.slope_here
    print(turn, f"{fit.amount:.5f} {side.amount:.5f}")
