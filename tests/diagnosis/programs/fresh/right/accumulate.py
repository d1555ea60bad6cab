"""Two half batches, one update: the gradients are meant to add up in between."""
import math
import random

random.seed(11)


class Quantity:
    def __init__(self, x, before=()):
        self.x, self.before, self.sensitivity = x, before, 0.0

    def __add__(self, o):
        o = quantity(o)
        return Quantity(self.x + o.x, ((self, 1.0), (o, 1.0)))

    def __mul__(self, o):
        o = quantity(o)
        return Quantity(self.x * o.x, ((self, o.x), (o, self.x)))

    def sigmoid(self):
        s = 1 / (1 + math.exp(-self.x))
        return Quantity(s, ((self, s * (1 - s)),))

    def squared(self):
        return Quantity(self.x * self.x, ((self, 2 * self.x),))

    __radd__, __rmul__ = __add__, __mul__


def quantity(o):
    return o if isinstance(o, Quantity) else Quantity(o)


def differentiate(top):
    order, marks = [], set()

    def visit(q):
        if id(q) in marks:
            return
        marks.add(id(q))
        for b, _ in q.before:
            visit(b)
        order.append(q)

    visit(top)
    top.sensitivity = 1.0
    while order:
        q = order.pop()
        for b, local in q.before:
            b.sensitivity += local * q.sensitivity


layer = [[Quantity(random.gauss(0, 1)) for _ in range(2)] for _ in range(4)]
shifts = [Quantity(0.0) for _ in range(4)]
mixing = [Quantity(random.gauss(0, 1)) for _ in range(4)]
unknowns = sum(layer, []) + shifts + mixing
data = [(random.uniform(-1, 1), random.uniform(-1, 1)) for _ in range(12)]


def fit(batch):
    total = quantity(0.0)
    for a, b in batch:
        units = [(r[0] * a + r[1] * b + s).sigmoid() for r, s in zip(layer, shifts)]
        y = sum(m * u for m, u in zip(mixing, units))
        total = total + (y + -(a * b + 0.3)).squared()
    return total * (1.0 / len(batch))


for step in range(6):
    shown = 0.0
    for half in (data[:6], data[6:]):
        loss = fit(half) * 0.5          # the mean of both halves
        differentiate(loss)
        shown += loss.x
    for u in unknowns:
        u.x -= 0.5 * u.sensitivity
        u.sensitivity = 0.0
    print("step", step, "loss", "%.6f" % shown)
