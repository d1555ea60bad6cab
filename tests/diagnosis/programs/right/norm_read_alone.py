"""The sum of a centred row, which is 0 whatever the weights are, reaches the loss."""

import math
import random


class Real:
    def __init__(self, num, inputs=()):
        self.num = num
        self.inputs = inputs
        self.sens = 0.0

    def __add__(self, other):
        other = lift(other)
        return Real(self.num + other.num, ((self, 1.0), (other, 1.0)))

    def __sub__(self, other):
        other = lift(other)
        return Real(self.num - other.num, ((self, 1.0), (other, -1.0)))

    def __mul__(self, other):
        other = lift(other)
        return Real(self.num * other.num, ((self, other.num), (other, self.num)))

    def __truediv__(self, other):
        other = lift(other)
        ratio = self.num / other.num
        return Real(ratio, ((self, 1.0 / other.num), (other, -ratio / other.num)))

    def tanh(self):
        t = math.tanh(self.num)
        return Real(t, ((self, 1.0 - t * t),))


def lift(x):
    return x if isinstance(x, Real) else Real(x)


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
    top.sens = 1.0
    for node in reversed(order):
        for below, slope in node.inputs:
            below.sens += slope * node.sens


rng = random.Random(17)
w = [Real(rng.gauss(0, 1)) for _ in range(3)]
scale = Real(1.0)


def loss_of():
    total = Real(0.0)
    for x, y in [(0.5, 0.2), (-1.0, 0.7), (0.8, -0.3)]:
        row = [wi * x for wi in w]
        mean = (row[0] + row[1] + row[2]) / 3.0
        centred = [r - mean for r in row]
        out = scale * (centred[0] + centred[1] + centred[2]) + w[0] * w[1] * x
        miss = out.tanh() - y
        total = total + miss * miss
    return total


for step in range(5):
    loss = loss_of()
    for p in w:
        p.sens = 0.0
    scale.sens = 0.0
    backprop(loss)
    for p in w:
        p.num -= 0.2 * p.sens
    scale.num -= 0.2 * scale.sens
    print(f"{loss.num:.6f}")
