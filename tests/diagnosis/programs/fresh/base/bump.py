"""Fit a bump on a sloping ground: every node keeps its parents with the local derivative."""
import math


class Node:
    __slots__ = ("value", "links", "adjoint")

    def __init__(self, value, links=()):
        self.value = float(value)
        self.links = links          # pairs (parent, d self / d parent)
        self.adjoint = 0.0

    def __add__(self, other):
        other = lift(other)
        return Node(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __sub__(self, other):
        other = lift(other)
        return Node(self.value - other.value, [(self, 1.0), (other, -1.0)])

    def __mul__(self, other):
        other = lift(other)
        return Node(self.value * other.value, [(self, other.value), (other, self.value)])

    def __truediv__(self, other):
        other = lift(other)
        ratio = self.value / other.value
        return Node(ratio, [(self, 1.0 / other.value), (other, -ratio / other.value)])

    def __rsub__(self, other):
        return lift(other) - self

    __radd__ = __add__
    __rmul__ = __mul__


def lift(thing):
    return thing if isinstance(thing, Node) else Node(thing)


def exp(n):
    e = math.exp(n.value)
    return Node(e, [(n, e)])


def log(n):
    return Node(math.log(n.value), [(n, 1.0 / n.value)])


def collect(node, done, order):
    """Parents before children, each once."""
    if id(node) in done:
        return
    done.add(id(node))
    for parent, _ in node.links:
        collect(parent, done, order)
    order.append(node)


def push(node, adjoint):
    for parent, local in node.links:
        parent.adjoint += local * adjoint


def backprop(root):
    order = []
    collect(root, set(), order)
    for node in order:
        node.adjoint = 0.0
    root.adjoint = 1.0
    for node in reversed(order):
        push(node, node.adjoint)


class Bump:
    def __init__(self):
        self.height = Node(0.7)
        self.center = Node(0.4)
        self.width = Node(1.3)
        self.tilt = Node(0.1)
        self.ground = Node(-0.2)

    def knobs(self):
        return [self.height, self.center, self.width, self.tilt, self.ground]

    def __call__(self, x):
        z = (x - self.center) / self.width
        hill = self.height * exp(-1.0 * z * z)
        return hill + self.tilt * x + self.ground


def target(x):
    return 1.5 * math.exp(-((x - 0.9) / 0.8) ** 2) + 0.3 * x


xs = [-2.0 + 0.4 * i for i in range(11)]
ys = [target(x) for x in xs]
model = Bump()


def misfit():
    err = lift(0.0)
    for x, y in zip(xs, ys):
        d = model(x) - y
        err = err + d * d
    mean = err / len(xs)
    return mean - 0.01 * log(model.width)     # keeps the width away from 0


def clip(knobs, limit):
    norm = math.sqrt(sum(k.adjoint ** 2 for k in knobs))
    if norm > limit:
        for k in knobs:
            k.adjoint *= limit / norm


LIMIT = 0.1
speed = 0.5
for epoch in range(8):
    cost = misfit()
    backprop(cost)
    clip(model.knobs(), LIMIT)
    for k in model.knobs():
        k.value -= speed * k.adjoint
    print("epoch", epoch, "cost", round(cost.value, 6))
