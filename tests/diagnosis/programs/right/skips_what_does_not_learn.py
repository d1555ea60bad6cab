"""Nodes below which nothing learns are passed over: inputs and a frozen layer get no gradient."""

import math
import random

random.seed(60)


class Node:
    def __init__(self, value, inputs=(), learns=None):
        self.value = value
        self.inputs = inputs
        self.learns = any(n.learns for n, _ in inputs) if learns is None else learns
        self.gradient = 0.0

    def __add__(self, other):
        return Node(self.value + other.value, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        return Node(self.value * other.value, ((self, other.value), (other, self.value)))

    def tanh(self):
        t = math.tanh(self.value)
        return Node(t, ((self, 1.0 - t * t),))


def constant(x):
    return Node(x, learns=False)


def backwards(top):
    order, seen = [], set()

    def visit(node):
        if node in seen or not node.learns:
            return
        seen.add(node)
        for each, _ in node.inputs:
            visit(each)
        order.append(node)

    visit(top)
    top.gradient = 1.0
    for node in reversed(order):
        for each, slope in node.inputs:
            if each.learns:
                each.gradient += slope * node.gradient


frozen = [[constant(random.uniform(-1, 1)) for _ in range(2)] for _ in range(3)]
head = [Node(random.uniform(-1, 1), learns=True) for _ in range(3)]
data = [((0.3, 0.8), 0.5), ((-0.6, 0.1), -0.4), ((0.9, -0.7), 0.1)]
for step in range(5):
    loss = constant(0.0)
    for (x, y), wanted in data:
        out = constant(-wanted)
        for row, h in zip(frozen, head):
            out = out + h * (row[0] * constant(x) + row[1] * constant(y)).tanh()
        loss = loss + out * out
    for h in head:
        h.gradient = 0.0
    backwards(loss)
    for h in head:
        h.value -= 0.3 * h.gradient
    print(step, f"{loss.value:.6f}")
