"""Momentum that looks ahead, as Nesterov wrote it."""


class Z:
    def __init__(self, re, inputs=()):
        self.re = re
        self.inputs = inputs
        self.gr = 0.0

    def __add__(self, other):
        other = lift(other)
        return Z(self.re + other.re, ((self, 1.0), (other, 1.0)))

    def __sub__(self, other):
        other = lift(other)
        return Z(self.re - other.re, ((self, 1.0), (other, -1.0)))

    def __mul__(self, other):
        other = lift(other)
        return Z(self.re * other.re, ((self, other.re), (other, self.re)))

    def __truediv__(self, other):
        other = lift(other)
        ratio = self.re / other.re
        return Z(ratio, ((self, 1.0 / other.re), (other, -ratio / other.re)))


def lift(x):
    return x if isinstance(x, Z) else Z(x)


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
    top.gr = 1.0
    for node in reversed(order):
        for below, slope in node.inputs:
            below.gr += slope * node.gr


a, b = Z(3.0), Z(-2.0)
va = vb = 0.0
for step in range(7):
    loss = (a - 1.0) * (a - 1.0) + (b - 0.5) * (b - 0.5) * 3.0 + a * b * 0.4
    a.gr = b.gr = 0.0
    backprop(loss)
    va = 0.7 * va + a.gr
    vb = 0.7 * vb + b.gr
    a.re -= 0.08 * (a.gr + 0.7 * va)
    b.re -= 0.08 * (b.gr + 0.7 * vb)
    print(step, f"{loss.re:.6f}")
