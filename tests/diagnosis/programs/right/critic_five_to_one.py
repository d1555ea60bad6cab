"""A critic takes five steps to one of its generator; each zeroes its own gradients only."""

import math
import random


class Knot:
    def __init__(self, level, strings=(), op="leaf"):
        self.level = level
        self.strings = strings
        self.op = op
        self.tension = 0.0

    def __add__(self, other):
        return Knot(self.level + other.level, (self, other), "add")

    def __sub__(self, other):
        return Knot(self.level - other.level, (self, other), "sub")

    def __mul__(self, other):
        return Knot(self.level * other.level, (self, other), "mul")

    def tanh(self):
        return Knot(math.tanh(self.level), (self,), "tanh")


def backprop(top):
    order, seen = [], set()

    def sort(node):
        if node not in seen:
            seen.add(node)
            for each in node.strings:
                sort(each)
            order.append(node)

    sort(top)
    top.tension = 1.0
    for node in reversed(order):
        if node.op == "add":
            node.strings[0].tension += node.tension
            node.strings[1].tension += node.tension
        elif node.op == "sub":
            node.strings[0].tension += node.tension
            node.strings[1].tension -= node.tension
        elif node.op == "mul":
            node.strings[0].tension += node.strings[1].level * node.tension
            node.strings[1].tension += node.strings[0].level * node.tension
        elif node.op == "tanh":
            node.strings[0].tension += (1.0 - node.level**2) * node.tension


rng = random.Random(20)
gen = [Knot(0.2), Knot(-0.1)]
critic = [[Knot(rng.uniform(-1, 1)) for _ in range(2)] for _ in range(3)]
critic_out = [Knot(rng.uniform(-1, 1)) for _ in range(3)]
critic_params = [p for row in critic for p in row] + critic_out


def made(noise):
    return gen[0] * Knot(noise) + gen[1]


def judged(x):
    total = None
    for (w, b), o in zip(critic, critic_out):
        part = o * (w * x + b).tanh()
        total = part if total is None else total + part
    return total


for step in range(12):
    noise = [rng.gauss(0, 1) for _ in range(3)]
    if step % 6 < 5:
        real = [rng.gauss(1.5, 0.5) for _ in range(3)]
        loss = Knot(0.0)
        for z, r in zip(noise, real):
            loss = loss + judged(made(z)) - judged(Knot(r))
        for p in critic_params:
            p.tension = 0.0
        backprop(loss)
        for p in critic_params:
            p.level = max(-1.0, min(1.0, p.level - 0.05 * p.tension))
        print("critic", f"{loss.level:.5f}")
    else:
        loss = Knot(0.0)
        for z in noise:
            loss = loss - judged(made(z))
        for p in gen:
            p.tension = 0.0
        backprop(loss)
        for p in gen:
            p.level -= 0.1 * p.tension
        print("generator", f"{loss.level:.5f}")
