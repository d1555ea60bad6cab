"""After each update the weights are put back within bounds."""

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


def lift(x):
    return x if isinstance(x, Value) else Value(x)


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
    top.grad = 1.0
    for node in reversed(order):
        for below, slope in node.inputs:
            below.grad += slope * node.grad


random.seed(45)
w = [Value(random.uniform(0, 1)) for _ in range(3)]
data = [((0.2, 0.5, 0.9), 0.8), ((0.9, 0.1, 0.4), 0.3), ((0.5, 0.5, 0.1), 0.4)]
for step in range(6):
    loss = Value(0.0)
    for x, y in data:
        out = (w[0] * x[0] + w[1] * x[1] + w[2] * x[2] - 0.6).sigmoid()
        loss = loss + (out - y) * (out - y)
    for p in w:
        p.grad = 0.0
    backprop(loss)
    for p in w:
        p.data = min(1.0, max(0.0, p.data - 1.5 * p.grad))
    print(step, f"{loss.data:.6f}")
