"""Of two equal operands of a maximum each gets half; some are equal but for the last bits."""

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

    def maximum(self, other):
        if abs(self.data - other.data) < 1e-12:
            return Value(self.data, ((self, 0.5), (other, 0.5)))
        mine = float(self.data > other.data)
        return Value(max(self.data, other.data), ((self, mine), (other, 1.0 - mine)))


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


random.seed(28)
a, b = Value(0.1), Value(0.4)
xs = [0.2, 0.1 + 0.1, 0.30000000000000004, 0.3, 0.6]


def loss_of():
    total = Value(0.0)
    for x, y in zip(xs, xs[1:]):
        top = (a * x + b).maximum(a * y + b) - 0.9
        total = total + top * top
    return total


for step in range(5):
    loss = loss_of()
    a.grad = b.grad = 0.0
    backprop(loss)
    a.data -= 0.1 * a.grad
    b.data -= 0.1 * b.grad
    print(step, f"{loss.data:.6f}")
