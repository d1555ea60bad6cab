"""Gradients are scaled and added to: momentum without an array of its own."""


class Term:
    def __init__(self, v, roots=()):
        self.v = v
        self.roots = roots
        self.pull = 0.0

    def __add__(self, other):
        other = lift(other)
        return Term(self.v + other.v, ((self, 1.0), (other, 1.0)))

    def __sub__(self, other):
        other = lift(other)
        return Term(self.v - other.v, ((self, 1.0), (other, -1.0)))

    def __mul__(self, other):
        other = lift(other)
        return Term(self.v * other.v, ((self, other.v), (other, self.v)))

    def __truediv__(self, other):
        other = lift(other)
        ratio = self.v / other.v
        return Term(ratio, ((self, 1.0 / other.v), (other, -ratio / other.v)))


def lift(x):
    return x if isinstance(x, Term) else Term(x)


def unwind(top):
    order, seen = [], set()

    def visit(node):
        if id(node) in seen:
            return
        seen.add(id(node))
        for below, _ in node.roots:
            visit(below)
        order.append(node)

    visit(top)
    top.pull = 1.0
    for node in reversed(order):
        for below, slope in node.roots:
            below.pull += slope * node.pull


xs = [0.0, 0.5, 1.0, 1.5, 2.0]
ys = [1.0, 1.4, 2.1, 2.4, 3.2]
a, b, c = Term(0.1), Term(0.2), Term(0.0)


def misfit():
    total = Term(0.0)
    for x, y in zip(xs, ys):
        d = a + b * x + c * (x * x) - y
        total = total + d * d
    return total / len(xs)


for step in range(7):
    loss = misfit()
    for p in (a, b, c):
        p.pull *= 0.5
    unwind(loss)
    for p in (a, b, c):
        p.v -= 0.015 * p.pull
    print(step, round(loss.v, 6))
