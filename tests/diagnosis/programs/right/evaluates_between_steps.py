"""The loss of data held back is computed between the steps, and never passed back."""

import math
import random


class Unit:
    def __init__(self, data, below=(), how="leaf"):
        self.data = data
        self.below = below
        self.how = how
        self.grad = 0.0

    def __add__(self, other):
        return Unit(self.data + other.data, (self, other), "add")

    def __sub__(self, other):
        return Unit(self.data - other.data, (self, other), "sub")

    def __mul__(self, other):
        return Unit(self.data * other.data, (self, other), "mul")

    def tanh(self):
        return Unit(math.tanh(self.data), (self,), "tanh")


def backwards(top):
    order, seen = [], set()

    def sort(node):
        if node not in seen:
            seen.add(node)
            for each in node.below:
                sort(each)
            order.append(node)

    sort(top)
    top.grad = 1.0
    for node in reversed(order):
        if node.how == "add":
            node.below[0].grad += node.grad
            node.below[1].grad += node.grad
        elif node.how == "sub":
            node.below[0].grad += node.grad
            node.below[1].grad -= node.grad
        elif node.how == "mul":
            node.below[0].grad += node.below[1].data * node.grad
            node.below[1].grad += node.below[0].data * node.grad
        elif node.how == "tanh":
            node.below[0].grad += (1.0 - node.data**2) * node.grad


rng = random.Random(9)
inner = [Unit(rng.uniform(-1, 1)) for _ in range(4)]
shift = [Unit(rng.uniform(-0.5, 0.5)) for _ in range(4)]
outer = [Unit(rng.uniform(-1, 1)) for _ in range(4)]
everything = inner + shift + outer
train = [(x / 3, (x / 3) ** 2) for x in range(-3, 4, 2)]
held = [(x / 3, (x / 3) ** 2) for x in range(-2, 3, 2)]


def squares(data):
    total = Unit(0.0)
    for x, y in data:
        out = Unit(-y)
        for i in range(4):
            out = out + outer[i] * (inner[i] * Unit(x) + shift[i]).tanh()
        total = total + out * out
    return total * Unit(1 / len(data))


for step in range(6):
    loss = squares(train)
    for p in everything:
        p.grad = 0.0
    backwards(loss)
    for p in everything:
        p.data -= 0.2 * p.grad
    if step % 2:
        print("held back", f"{squares(held).data:.5f}")
    print("trained", f"{loss.data:.5f}")
