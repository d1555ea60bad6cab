"""A narrow network has to say again what it was given: the target is the input."""

import math
import random


class Sym:
    def __init__(self, num, args=(), op="leaf"):
        self.num = num
        self.args = args
        self.op = op
        self.grad = 0.0

    def __add__(self, other):
        return Sym(self.num + other.num, (self, other), "add")

    def __sub__(self, other):
        return Sym(self.num - other.num, (self, other), "sub")

    def __mul__(self, other):
        return Sym(self.num * other.num, (self, other), "mul")

    def exp(self):
        return Sym(math.exp(self.num), (self,), "exp")

    def log(self):
        return Sym(math.log(self.num), (self,), "log")

    def tanh(self):
        return Sym(math.tanh(self.num), (self,), "tanh")


def backprop(top):
    order, seen = [], set()

    def sort(node):
        if node not in seen:
            seen.add(node)
            for each in node.args:
                sort(each)
            order.append(node)

    sort(top)
    top.grad = 1.0
    for node in reversed(order):
        if node.op == "add":
            node.args[0].grad += node.grad
            node.args[1].grad += node.grad
        elif node.op == "sub":
            node.args[0].grad += node.grad
            node.args[1].grad -= node.grad
        elif node.op == "mul":
            node.args[0].grad += node.args[1].num * node.grad
            node.args[1].grad += node.args[0].num * node.grad
        elif node.op == "exp":
            node.args[0].grad += node.num * node.grad
        elif node.op == "log":
            node.args[0].grad += node.grad / node.args[0].num
        elif node.op == "tanh":
            node.args[0].grad += (1.0 - node.num**2) * node.grad


rng = random.Random(42)
N, NARROW = 4, 2
down = [[Sym(rng.uniform(-1, 1)) for _ in range(N)] for _ in range(NARROW)]
up = [[Sym(rng.uniform(-1, 1)) for _ in range(NARROW)] for _ in range(N)]
params = [p for row in down + up for p in row]


def add_up(terms):
    total = terms[0]
    for t in terms[1:]:
        total = total + t
    return total


for step in range(6):
    loss = Sym(0.0)
    for letter in range(N):
        code = [row[letter].tanh() for row in down]
        scores = [add_up([w * c for w, c in zip(row, code)]) for row in up]
        loss = loss + add_up([s.exp() for s in scores]).log() - scores[letter]
    for p in params:
        p.grad = 0.0
    backprop(loss)
    for p in params:
        p.num -= 0.3 * p.grad
    print(step, f"{loss.num:.5f}")
