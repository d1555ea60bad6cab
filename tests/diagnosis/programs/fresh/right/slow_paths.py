"""The chain rule walked path by path: slow, each path carries its own share, and right."""
import math


class Term:
    def __init__(self, y, *sources):
        self.y = y
        self.sources = sources
        self.total = 0.0

    def __add__(self, o):
        o = o if isinstance(o, Term) else Term(o)
        return Term(self.y + o.y, (self, 1.0), (o, 1.0))

    def __mul__(self, o):
        o = o if isinstance(o, Term) else Term(o)
        return Term(self.y * o.y, (self, o.y), (o, self.y))

    __radd__ = __add__
    __rmul__ = __mul__

    def sin(self):
        return Term(math.sin(self.y), (self, math.cos(self.y)))

    def follow(self, share=1.0):
        self.total += share
        for source, local in self.sources:
            source.follow(share * local)


amplitude, speed, phase, drift = Term(0.8), Term(1.4), Term(0.2), Term(0.0)
unknown = [amplitude, speed, phase, drift]
times = [0.3 * k for k in range(10)]
seen = [1.3 * math.sin(1.7 * t + 0.5) + 0.1 * t for t in times]


def disagreement():
    total = 0.0
    for t, s in zip(times, seen):
        gap = amplitude * (speed * t + phase).sin() + drift * t + (-s)
        total = gap * gap + total
    return total * (1 / len(times))


for round_ in range(8):
    for u in unknown:
        u.total = 0.0
    loss = disagreement()
    loss.follow()
    for u in unknown:
        u.y -= 0.05 * u.total
    print("round", round_, "loss", f"{loss.y:.6f}")
