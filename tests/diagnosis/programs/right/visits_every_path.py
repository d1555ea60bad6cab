"""A recursion without an order goes down every path with its own share, which is right."""

import math


class Expr:
    def __init__(self, val, parents=()):
        self.val = val
        self.parents = parents
        self.deriv = 0.0

    def __add__(self, other):
        return Expr(self.val + other.val, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        return Expr(self.val * other.val, [(self, other.val), (other, self.val)])

    def cos(self):
        return Expr(math.cos(self.val), [(self, -math.sin(self.val))])

    def pull(self, seed=1.0):
        self.deriv += seed
        for parent, local in self.parents:
            parent.pull(seed * local)


amplitude, speed, phase = Expr(0.8), Expr(1.2), Expr(0.1)
readings = [(t / 2, 1.3 * math.cos(1.5 * t / 2 + 0.4)) for t in range(5)]
for step in range(6):
    error = Expr(0.0)
    for t, reading in readings:
        miss = amplitude * (speed * Expr(t) + phase).cos() + Expr(-reading)
        error = error + miss * miss
    for p in (amplitude, speed, phase):
        p.deriv = 0.0
    error.pull()
    for p in (amplitude, speed, phase):
        p.val -= 0.03 * p.deriv
    print(step, f"{error.val:.6f}")
