"""Two groups of parameters learn at rates of their own, with slots and closures."""

import math
import random
from dataclasses import dataclass

random.seed(63)


@dataclass(eq=False)
class Scalar:
    __slots__ = ("back", "grad", "srcs", "val")
    val: float
    grad: float
    srcs: tuple
    back: object

    def __add__(self, other):
        out = Scalar(self.val + other.val, 0.0, (self, other), None)

        def back():
            self.grad += out.grad
            other.grad += out.grad

        out.back = back
        return out

    def __mul__(self, other):
        out = Scalar(self.val * other.val, 0.0, (self, other), None)

        def back():
            self.grad += out.grad * other.val
            other.grad += out.grad * self.val

        out.back = back
        return out

    def sine(self):
        out = Scalar(math.sin(self.val), 0.0, (self,), None)

        def back():
            self.grad += math.cos(self.val) * out.grad

        out.back = back
        return out

    def go(self):
        order, seen = [], set()

        def visit(s):
            if s not in seen:
                seen.add(s)
                for each in s.srcs:
                    visit(each)
                order.append(s)

        visit(self)
        self.grad = 1.0
        for s in reversed(order):
            if s.back is not None:
                s.back()


def leaf(x):
    return Scalar(x, 0.0, (), None)


waves = [leaf(random.uniform(0.5, 2.0)) for _ in range(3)]
heights = [leaf(random.uniform(-0.5, 0.5)) for _ in range(3)]
groups = [(waves, 0.02), (heights, 0.1)]
samples = [(t / 3, math.sin(t / 3) + 0.3 * math.sin(t)) for t in range(6)]
for step in range(6):
    loss = leaf(0.0)
    for t, wanted in samples:
        out = leaf(-wanted)
        for w, h in zip(waves, heights):
            out = out + h * (w * leaf(t)).sine()
        loss = loss + out * out
    for group, _ in groups:
        for p in group:
            p.grad = 0.0
    loss.go()
    for group, rate in groups:
        for p in group:
            p.val -= rate * p.grad
    print(step, f"{loss.val:.6f}")
