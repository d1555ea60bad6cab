"""Weights rounded to quarters; the gradient goes straight through the rounding, on purpose."""
import random

luck = random.Random(6)


class Q:
    def __init__(self, level, feeds=()):
        self.level = level
        self.feeds = feeds
        self.back = 0.0

    def __add__(self, o):
        return Q(self.level + o.level, ((self, 1.0), (o, 1.0)))

    def __mul__(self, o):
        return Q(self.level * o.level, ((self, o.level), (o, self.level)))

    def quantized(self):
        return Q(round(self.level * 4) / 4, ((self, 1.0),))  # microgpt: ok wrong-local


def trace(q, seen, out):
    if q in seen:
        return
    seen.add(q)
    for f, _ in q.feeds:
        trace(f, seen, out)
    out.append(q)


def send(root):
    out = []
    trace(root, set(), out)
    root.back = 1.0
    for q in reversed(out):
        for f, local in q.feeds:
            f.back += local * q.back  # microgpt: ok wrong-local


coefs = [Q(luck.uniform(-1, 1)) for _ in range(4)]
truth = [0.75, -1.25, 0.5, 1.0]
rows = [[luck.uniform(-1, 1) for _ in range(4)] for _ in range(10)]


def loss_of():
    total = Q(0.0)
    for row in rows:
        y = sum(a * t for a, t in zip(row, truth))
        guess = Q(-y)
        for c, a in zip(coefs, row):
            guess = guess + c.quantized() * Q(a)
        total = total + guess * guess
    return total * Q(1 / len(rows))


for step in range(8):
    loss = loss_of()
    for c in coefs:
        c.back = 0.0
    send(loss)
    for c in coefs:
        c.level -= 0.4 * c.back
    print("step %d loss %.6f" % (step, loss.level))
