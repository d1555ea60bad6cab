"""Eight examples at a time in two halves; the seed of each pass carries the 1/2. AdamW."""
import math
import random

random.seed(515)


class Rec:
    def __init__(self, value, sources=()):
        self.value = value
        self.grad = 0.0
        self.sources = sources

    def __add__(self, other):
        return Rec(self.value + other.value, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        return Rec(self.value * other.value, ((self, other.value), (other, self.value)))

    def softplus(self):
        v = self.value
        return Rec(max(v, 0.0) + math.log1p(math.exp(-abs(v))), ((self, 1 / (1 + math.exp(-v))),))

    def backward(self, seed=1.0):
        order, seen = [], set()

        def visit(r):
            if r in seen:
                return
            seen.add(r)
            for s, _ in r.sources:
                visit(s)
            order.append(r)

        visit(self)
        self.grad = seed
        for r in reversed(order):
            for s, slope in r.sources:
                s.grad += slope * r.grad


w = [[Rec(random.gauss(0, 0.5)) for _ in range(4)] for _ in range(5)]
v = [Rec(random.gauss(0, 0.5)) for _ in range(5)]
c = Rec(0.0)
params = [p for row in w for p in row] + v + [c]
rows = []
for _ in range(32):
    x = [random.gauss(0, 1) for _ in range(3)]
    rows.append((x, 1 if x[0] * x[1] + x[2] > 0 else -1))


def half_loss(part):
    total = Rec(0.0)
    for x, y in part:
        s = c
        for row, o in zip(w, v):
            h = row[3]
            for wi, xi in zip(row, x):
                h = h + wi * Rec(xi)
            s = s + o * h.softplus()
        total = total + (s * Rec(-float(y))).softplus()
    return total * Rec(1 / len(part))


m, u = [0.0] * len(params), [0.0] * len(params)
for step in range(1, 41):
    batch = random.sample(rows, 8)
    shown = 0.0
    for half in (batch[:4], batch[4:]):
        loss = half_loss(half)
        loss.backward(seed=0.5)
        shown += loss.value / 2
    for i, p in enumerate(params):
        m[i] = 0.9 * m[i] + 0.1 * p.grad
        u[i] = 0.99 * u[i] + 0.01 * p.grad * p.grad
        p.value *= 1 - 0.04 * 0.01
        p.value -= 0.04 * (m[i] / (1 - 0.9 ** step)) / (math.sqrt(u[i] / (1 - 0.99 ** step)) + 1e-8)
        p.grad = 0.0
    if step % 8 == 0:
        print(step, round(shown, 4))
