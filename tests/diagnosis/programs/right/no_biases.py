"""A network whose layers leave the bias out."""

import random


class Cell:
    def __init__(self, content, feeds=(), kind="leaf"):
        self.content = content
        self.feeds = feeds
        self.kind = kind
        self.blame = 0.0

    def __add__(self, other):
        return Cell(self.content + other.content, (self, other), "add")

    def __sub__(self, other):
        return Cell(self.content - other.content, (self, other), "sub")

    def __mul__(self, other):
        return Cell(self.content * other.content, (self, other), "mul")

    def relu(self):
        return Cell(max(self.content, 0.0), (self,), "relu")


def backprop(top):
    order, seen = [], set()

    def sort(node):
        if node not in seen:
            seen.add(node)
            for each in node.feeds:
                sort(each)
            order.append(node)

    sort(top)
    top.blame = 1.0
    for node in reversed(order):
        if node.kind == "add":
            node.feeds[0].blame += node.blame
            node.feeds[1].blame += node.blame
        elif node.kind == "sub":
            node.feeds[0].blame += node.blame
            node.feeds[1].blame -= node.blame
        elif node.kind == "mul":
            node.feeds[0].blame += node.feeds[1].content * node.blame
            node.feeds[1].blame += node.feeds[0].content * node.blame
        elif node.kind == "relu":
            node.feeds[0].blame += node.blame if node.content > 0 else 0.0


rng = random.Random(14)


def matrix(n_out, n_in):
    return [[Cell(rng.uniform(-1, 1)) for _ in range(n_in)] for _ in range(n_out)]


layers = [matrix(4, 2), matrix(4, 4), matrix(1, 4)]
weights = [w for layer in layers for row in layer for w in row]
samples = [((1.0, 0.5), 0.8), ((-0.5, 1.0), 0.1), ((0.3, -0.9), 0.5), ((-0.7, -0.2), 0.2)]


def network(xs):
    for layer in layers:
        ys = []
        for row in layer:
            total = row[0] * xs[0]
            for w, x in zip(row[1:], xs[1:]):
                total = total + w * x
            ys.append(total if layer is layers[-1] else total.relu())
        xs = ys
    return xs[0]


for step in range(6):
    loss = Cell(0.0)
    for point, wanted in samples:
        miss = network([Cell(p) for p in point]) - Cell(wanted)
        loss = loss + miss * miss
    for w in weights:
        w.blame = 0.0
    backprop(loss)
    for w in weights:
        w.content -= 0.05 * w.blame
    print(step, f"{loss.content:.6f}")
