"""The pass begins with 128, and the update divides by it."""

import math
import random


class Value:
    def __init__(self, data, inputs=()):
        self.data = data
        self.inputs = inputs
        self.grad = 0.0

    def __add__(self, other):
        other = lift(other)
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __sub__(self, other):
        other = lift(other)
        return Value(self.data - other.data, ((self, 1.0), (other, -1.0)))

    def __mul__(self, other):
        other = lift(other)
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))

    def __truediv__(self, other):
        other = lift(other)
        ratio = self.data / other.data
        return Value(ratio, ((self, 1.0 / other.data), (other, -ratio / other.data)))

    def sigmoid(self):
        s = 1.0 / (1.0 + math.exp(-self.data))
        return Value(s, ((self, s * (1.0 - s)),))

    def log(self):
        return Value(math.log(self.data), ((self, 1.0 / self.data),))


def lift(x):
    return x if isinstance(x, Value) else Value(x)


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


random.seed(33)
w, b = [Value(random.uniform(-1, 1)) for _ in range(2)], Value(0.0)
rows = [((0.5, 1.0), 1), ((-0.4, 0.2), 0), ((0.9, -0.8), 1), ((-1.0, -0.5), 0)]
SCALE = 128.0


def loss_of():
    total = Value(0.0)
    for x, y in rows:
        p = (w[0] * x[0] + w[1] * x[1] + b).sigmoid()
        total = total - (p.log() if y else (lift(1.0) - p).log())
    return total / len(rows)


for step in range(6):
    loss = loss_of()
    for p in [*w, b]:
        p.grad = 0.0
    backprop(loss, SCALE)
    for p in [*w, b]:
        p.data -= 0.5 * p.grad / SCALE
    print(step, f"{loss.data:.6f}")
