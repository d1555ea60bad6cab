"""A trunk learns to hide what a head learns to see: the slope is turned round, as is meant."""

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

    def tanh(self):
        t = math.tanh(self.data)
        return Value(t, ((self, 1.0 - t * t),))

    def turned(self):
        return Value(self.data, ((self, -1.0),))  # microgpt: ok wrong-local


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


random.seed(19)
trunk = [[Value(random.uniform(-1, 1)) for _ in range(2)] for _ in range(2)]
task = [Value(random.uniform(-1, 1)) for _ in range(2)]
spy = [Value(random.uniform(-1, 1)) for _ in range(2)]
params = trunk[0] + trunk[1] + task + spy
data = [((0.4, 0.9), 0.5, 1.0), ((-0.8, 0.1), -0.2, -1.0), ((0.2, -0.7), 0.3, -1.0)]


def loss_of():
    total = Value(0.0)
    for x, y, secret in data:
        features = [(r[0] * x[0] + r[1] * x[1]).tanh() for r in trunk]
        miss = task[0] * features[0] + task[1] * features[1] - y
        hidden = [f.turned() for f in features]
        guess = spy[0] * hidden[0] + spy[1] * hidden[1] - secret
        total = total + miss * miss + guess * guess * 0.1
    return total


for step in range(6):
    loss = loss_of()
    for p in params:
        p.grad = 0.0
    backprop(loss)
    for p in params:
        p.data -= 0.1 * p.grad
    print(step, f"{loss.data:.6f}")
