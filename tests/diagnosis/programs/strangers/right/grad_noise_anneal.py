# Langevin steps: noise is added to the update, less and less of it; the loss may rise now and then.
import math
import random

noise = random.Random(5)
seed = random.Random(6)


class D:
    def __init__(self, x, of=()):
        self.x, self.dx, self.of = x, 0.0, of

    def __add__(self, o):
        return D(self.x + o.x, ((self, 1.0), (o, 1.0)))

    def __mul__(self, o):
        return D(self.x * o.x, ((self, o.x), (o, self.x)))

    def sin(self):
        return D(math.sin(self.x), ((self, math.cos(self.x)),))


def rev(root):
    order, seen = [], set()

    def go(d):
        if d in seen:
            return
        seen.add(d)
        for o, _ in d.of:
            go(o)
        order.append(d)

    go(root)
    root.dx = 1.0
    for d in order[::-1]:
        for o, s in d.of:
            o.dx += s * d.dx


a, k, c = D(0.3), D(1.6), D(0.1)
data = [(i / 5, math.sin(2 * i / 5) + seed.gauss(0, 0.05)) for i in range(25)]
track = []
for step in range(120):
    warmth = 0.03 * (1 - step / 120) ** 2
    total = D(0.0)
    for t, y in data:
        e = a * (k * D(t)).sin() + c + D(-y)
        total = total + e * e
    total = total * D(1 / len(data))
    rev(total)
    for p in (a, k, c):
        p.x += -0.05 * p.dx + warmth * noise.gauss(0, 1)
        p.dx = 0.0
    track.append(total.x)
print([round(v, 3) for v in track[::15]], [round(p.x, 2) for p in (a, k, c)])
