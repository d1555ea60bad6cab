"""A cubic fitted to a sine: pairs of operand and slope, walked by a function of its own."""

import math


class Reel:
    def __init__(self, r, uses=()):
        self.r = r
        self.uses = uses
        self.dr = 0.0

    def __add__(self, other):
        other = reel(other)
        return Reel(self.r + other.r, ((self, 1.0), (other, 1.0)))

    def __sub__(self, other):
        other = reel(other)
        return Reel(self.r - other.r, ((self, 1.0), (other, -1.0)))

    def __mul__(self, other):
        other = reel(other)
        return Reel(self.r * other.r, ((self, other.r), (other, self.r)))

    def __truediv__(self, other):
        other = reel(other)
        quotient = self.r / other.r
        return Reel(quotient, ((self, 1.0 / other.r), (other, -quotient / other.r)))

    def squared(self):
        return Reel(self.r * self.r, ((self, 2.0 * self.r),))


def reel(x):
    return x if isinstance(x, Reel) else Reel(x)


def chain(top):
    order, seen = [], set()

    def visit(node):
        if node in seen:
            return
        seen.add(node)
        for source, _ in node.uses:
            visit(source)
        order.append(node)

    visit(top)
    top.dr = 1.0
    for node in reversed(order):
        for source, slope in node.uses:
            source.dr += slope * node.dr


ts = [i / 4 - 1.5 for i in range(12)]
heights = [math.sin(2 * t) for t in ts]
c0, c1, c2, c3 = Reel(0.3), Reel(-0.2), Reel(0.1), Reel(0.05)
stretch = Reel(1.4)
knobs = [c0, c1, c2, c3, stretch]


def cubic(t):
    u = reel(t) / stretch
    return c0 + u * (c1 + u * (c2 + u * c3))


def misfit():
    total = reel(0.0)
    for t, height in zip(ts, heights):
        total = total + (reel(height) - cubic(t)).squared()
    return total / len(ts)


for turn in range(8):
    error = misfit()
    for knob in knobs:
        knob.dr = 0.0
    chain(error)
    print(turn, round(error.r, 6))
    for knob in knobs:
        knob.r -= 0.3 * knob.dr
