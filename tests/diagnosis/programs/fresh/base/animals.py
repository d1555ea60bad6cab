"""Which animal is it? Yes/no questions, three classes, dataclass cells and one long backward function."""
import math
import random
from dataclasses import dataclass


@dataclass(eq=False)
class Cell:
    amount: float
    kind: str = "leaf"
    args: tuple = ()
    bar: float = 0.0

    def __add__(self, that):
        that = as_cell(that)
        return Cell(self.amount + that.amount, "add", (self, that))

    def __mul__(self, that):
        that = as_cell(that)
        return Cell(self.amount * that.amount, "mul", (self, that))

    def __truediv__(self, that):
        that = as_cell(that)
        return Cell(self.amount / that.amount, "div", (self, that))

    def __radd__(self, that):
        return self + that

    def __neg__(self):
        return Cell(-self.amount, "neg", (self,))


def as_cell(thing):
    return thing if isinstance(thing, Cell) else Cell(float(thing))


def c_exp(c):
    return Cell(math.exp(c.amount), "exp", (c,))


def c_log(c):
    return Cell(math.log(c.amount), "log", (c,))


def c_tanh(c):
    return Cell(math.tanh(c.amount), "tanh", (c,))


def flow_back(root):
    lineup, seen = [], set()
    stack = [(root, False)]
    while stack:
        cell, ready = stack.pop()
        if ready:
            lineup.append(cell)
            continue
        if cell in seen:
            continue
        seen.add(cell)
        stack.append((cell, True))
        for arg in cell.args:
            stack.append((arg, False))

    root.bar = 1.0
    for cell in reversed(lineup):
        bar = cell.bar
        if cell.kind == "add":
            left, right = cell.args
            left.bar += bar
            right.bar += bar
        elif cell.kind == "mul":
            left, right = cell.args
            left.bar += bar * right.amount
            right.bar += bar * left.amount
        elif cell.kind == "div":
            top, bottom = cell.args
            top.bar += bar / bottom.amount
            bottom.bar -= bar * top.amount / bottom.amount ** 2
        elif cell.kind == "neg":
            cell.args[0].bar -= bar
        elif cell.kind == "exp":
            cell.args[0].bar += bar * cell.amount
        elif cell.kind == "log":
            cell.args[0].bar += bar / cell.args[0].amount
        elif cell.kind == "tanh":
            cell.args[0].bar += bar * (1.0 - cell.amount * cell.amount)


random.seed(2024)
FUR, WINGS, SWIMS, EGGS = range(4)
zoo = [((1, 0, 0, 0), 0), ((1, 0, 1, 0), 0), ((0, 1, 0, 1), 1), ((0, 1, 1, 1), 1),
       ((0, 0, 1, 1), 2), ((0, 0, 1, 0), 2), ((1, 0, 1, 1), 0)]

hidden = [[Cell(random.uniform(-0.8, 0.8)) for _ in range(4)] for _ in range(5)]
hidden_bias = [Cell(random.uniform(-0.1, 0.1)) for _ in range(5)]
output = [[Cell(random.uniform(-0.8, 0.8)) for _ in range(5)] for _ in range(3)]
everything = [c for matrix in (hidden, output) for row in matrix for c in row] + hidden_bias


def softmax(cells):
    highest = max(c.amount for c in cells)
    powers = [c_exp(c + (-highest)) for c in cells]
    total = sum(powers)
    return [p / total for p in powers]


def guess(features):
    acts = []
    for row, bias in zip(hidden, hidden_bias):
        acts.append(c_tanh(sum((w * f for w, f in zip(row, features)), bias)))
    logits = [sum(w * a for w, a in zip(row, acts)) for row in output]
    return softmax(logits)


def surprise():
    losses = []
    for features, label in zoo:
        chances = guess(features)
        losses.append(-c_log(chances[label]))
    return sum(losses) / len(losses)


for lesson in range(6):
    for c in everything:
        c.bar = 0.0
    loss = surprise()
    flow_back(loss)
    for c in everything:
        c.amount -= 0.4 * c.bar
    print(f"lesson {lesson}: loss {loss.amount:.6f}")
