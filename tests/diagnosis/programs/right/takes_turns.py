"""Two factors of a table of ratings learn in turns, each while the other rests."""

import random


class Value:
    def __init__(self, data, operands=(), op="leaf"):
        self.data = data
        self.operands = operands
        self.op = op
        self.grad = 0.0

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), "add")

    def __sub__(self, other):
        return Value(self.data - other.data, (self, other), "sub")

    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), "mul")


def backprop(top):
    order, seen = [], set()

    def sort(node):
        if node not in seen:
            seen.add(node)
            for each in node.operands:
                sort(each)
            order.append(node)

    sort(top)
    top.grad = 1.0
    for node in reversed(order):
        if node.op == "add":
            node.operands[0].grad += node.grad
            node.operands[1].grad += node.grad
        elif node.op == "sub":
            node.operands[0].grad += node.grad
            node.operands[1].grad -= node.grad
        elif node.op == "mul":
            node.operands[0].grad += node.operands[1].data * node.grad
            node.operands[1].grad += node.operands[0].data * node.grad


rng = random.Random(46)
users = [[Value(rng.uniform(0.2, 1)) for _ in range(2)] for _ in range(3)]
films = [[Value(rng.uniform(0.2, 1)) for _ in range(2)] for _ in range(3)]
ratings = [(0, 0, 1.0), (0, 2, 0.2), (1, 1, 0.7), (2, 0, 0.5), (2, 2, 0.9), (1, 0, 0.3)]
for step in range(8):
    loss = Value(0.0)
    for u, f, stars in ratings:
        miss = users[u][0] * films[f][0] + users[u][1] * films[f][1] - Value(stars)
        loss = loss + miss * miss
    for row in users + films:
        for p in row:
            p.grad = 0.0
    backprop(loss)
    for row in users if step % 2 else films:
        for p in row:
            p.data -= 0.1 * p.grad
    print(step, f"{loss.data:.6f}")
