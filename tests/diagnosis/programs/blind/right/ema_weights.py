import math
import random
from dataclasses import dataclass


@dataclass(eq=False)
class Scal:
    val: float
    der: float = 0.0
    frm: tuple = ()


def lin(ws, xs, b):
    """sum of w * x + b, with plain numbers x"""
    return Scal(sum(w.val * x for w, x in zip(ws, xs)) + b.val, frm=tuple(zip(ws, xs)) + ((b, 1.0),))


def sigm(a):
    s = 1 / (1 + math.exp(-a.val))
    return Scal(s, frm=((a, s * (1 - s)),))


def bce(p, y):
    if y:
        return Scal(-math.log(p.val), frm=((p, -1 / p.val),))
    return Scal(-math.log(1 - p.val), frm=((p, 1 / (1 - p.val)),))


def mean(items):
    k = 1 / len(items)
    return Scal(k * sum(i.val for i in items), frm=tuple((i, k) for i in items))


def run(root):
    order, seen = [], set()

    def dive(s):
        seen.add(id(s))
        for c, _ in s.frm:
            if id(c) not in seen:
                dive(c)
        order.append(s)

    dive(root)
    root.der = 1.0
    for s in reversed(order):
        for c, slope in s.frm:
            c.der += slope * s.der


random.seed(9)
rows = []
for _ in range(40):
    x = [random.gauss(0, 1) for _ in range(3)]
    rows.append((x, int(x[0] - 2 * x[1] + 0.5 * x[2] + random.gauss(0, 0.5) > 0.3)))
w, b = [Scal(0.0) for _ in range(3)], Scal(0.0)
slow = [0.0] * 4  # running mean of the weights, for use after training
for step in range(50):
    batch = random.sample(rows, 10)
    loss = mean([bce(sigm(lin(w, x, b)), y) for x, y in batch])
    run(loss)
    for i, p in enumerate(w + [b]):
        p.val -= 0.5 * p.der
        p.der = 0.0
        slow[i] = 0.9 * slow[i] + 0.1 * p.val
for i, p in enumerate(w + [b]):
    p.val = slow[i]
final = mean([bce(sigm(lin(w, x, b)), y) for x, y in rows]).val
print("loss with averaged weights", round(final, 4), "weights", [round(s, 2) for s in slow])
