"""The profile of a valley, from a few heights measured along a line.

Who wrote it: Ivo. He likes tables: each function that a node can be made with is a row, with its
formula and with its derivative, so that he cannot forget one.

What he sees: the loss falls, steeply at first, and the fit looks like a valley.

What puzzles him: he took silu, x / (1 + exp(-x)), from a paper, for a smoother profile than relu
gives. A colleague writes silu out with exp and a division, has the same numbers otherwise, and ends
with a loss that is a third smaller.

How to try: read it first. Then

    python examples/find_the_bug/09_valley.py
    microgpt debug examples/find_the_bug/09_valley.py
    microgpt diagnose examples/find_the_bug/09_valley.py
"""

import math
import random
from operator import add, mul


def logistic(x):
    """1 / (1 + exp(-x))."""
    return 1.0 / (1.0 + math.exp(-x))


def silu(x):
    """The value of silu."""
    return x * logistic(x)


def silu_slope(x):
    """The derivative of silu."""
    s = logistic(x)
    return s + s * (1.0 - s)


# name: formula, and one derivative for each operand
FUNCTIONS = {
    "add": (add, (lambda a, b: 1.0, lambda a, b: 1.0)),
    "mul": (mul, (lambda a, b: b, lambda a, b: a)),
    "silu": (silu, (silu_slope,)),
    "square": (lambda x: x * x, (lambda x: 2.0 * x,)),
}


class Expr:
    """A node: the name of its function, its operands, its value."""

    def __init__(self, value, function="", operands=()):
        self.value = value
        self.function = function
        self.operands = operands
        self.derivative = 0.0

    def __add__(self, other):
        return apply("add", self, other)

    def __mul__(self, other):
        return apply("mul", self, other)

    def silu(self):
        return apply("silu", self)

    def square(self):
        return apply("square", self)


def apply(name, *operands):
    """A node made with a function of the table."""
    operands = tuple(x if isinstance(x, Expr) else Expr(float(x)) for x in operands)
    formula, _ = FUNCTIONS[name]
    return Expr(formula(*(x.value for x in operands)), name, operands)


def differentiate(result):
    """Writes the derivative of the result into all nodes below it."""
    order, seen = [], set()

    def visit(expr):
        if expr not in seen:
            seen.add(expr)
            for operand in expr.operands:
                visit(operand)
            order.append(expr)

    visit(result)
    for expr in order:
        expr.derivative = 0.0
    result.derivative = 1.0
    for expr in reversed(order):
        if expr.function:
            _, slopes = FUNCTIONS[expr.function]
            values = [x.value for x in expr.operands]
            for operand, slope in zip(expr.operands, slopes):
                operand.derivative += slope(*values) * expr.derivative


rng = random.Random(9)
inward, bends, outward = ([Expr(rng.gauss(0, 0.8)) for _ in range(6)] for _ in range(3))
level = Expr(0.0)
parameters = [*inward, *bends, *outward, level]
places = [-2.0, -1.5, -0.9, -0.4, 0.1, 0.5, 1.0, 1.4, 2.0]
heights = [1.9, 1.1, 0.2, -0.4, -0.6, -0.5, -0.1, 0.6, 1.6]
for step in range(40):
    loss = Expr(0.0)
    for x, y in zip(places, heights):
        hidden = [(w * x + b).silu() for w, b in zip(inward, bends)]
        profile = sum((w * h for w, h in zip(outward, hidden)), level)
        loss = loss + (profile + -y).square()
    differentiate(loss)
    for p in parameters:
        p.value -= 0.03 * p.derivative
    if step % 8 == 7:
        print(f"step {step + 1:2}: loss {loss.value:.4f}")
