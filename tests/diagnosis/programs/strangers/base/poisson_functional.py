# Poisson regression of counts, written without changing anything in place:
# an update gives a new dict of parameters, made of new nodes.
import math
import random
from functools import reduce

gen = random.Random(55)


class Cell:
    __slots__ = ("val", "adj", "links")

    def __init__(self, val, links=()):
        self.val, self.adj, self.links = val, 0.0, links


def c_add(a, b):
    return Cell(a.val + b.val, ((a, 1.0), (b, 1.0)))


def c_sub(a, b):
    return Cell(a.val - b.val, ((a, 1.0), (b, -1.0)))


def c_mul(a, b):
    return Cell(a.val * b.val, ((a, b.val), (b, a.val)))


def c_exp(a):
    e = math.exp(a.val)
    return Cell(e, ((a, e),))


def c_tanh(a):
    t = math.tanh(a.val)
    return Cell(t, ((a, 1.0 - t * t),))


def total(cells):
    return reduce(c_add, cells)


def differentiate(root):
    stack, order, seen = [(root, True)], [], set()
    while stack:
        cell, opening = stack.pop()
        if not opening:
            order.append(cell)
            continue
        if id(cell) in seen:
            continue
        seen.add(id(cell))
        stack.append((cell, False))
        stack.extend((c, True) for c, _ in cell.links)
    root.adj = 1.0
    for cell in reversed(order):
        for c, slope in cell.links:
            c.adj += cell.adj * slope


def poisson_sample(lam):
    k, p, floor = 0, 1.0, math.exp(-lam)
    while True:
        p *= gen.random()
        if p <= floor:
            return k
        k += 1


FEATURES, HIDDEN = 3, 4
rows = []
for _ in range(40):
    x = [gen.uniform(-1, 1) for _ in range(FEATURES)]
    rows.append((x, poisson_sample(math.exp(0.8 * x[0] - 1.1 * x[1] * x[2] + 0.6))))


def start():
    return {
        "w": [[Cell(gen.gauss(0, 0.7)) for _ in range(FEATURES)] for _ in range(HIDDEN)],
        "b": [Cell(gen.gauss(0, 0.2)) for _ in range(HIDDEN)],
        "v": [Cell(gen.gauss(0, 0.5)) for _ in range(HIDDEN)],
        "c": [Cell(0.0)],
    }


def log_rate(theta, x):
    xs = [Cell(v) for v in x]
    hidden = [c_tanh(total([b] + [c_mul(w, v) for w, v in zip(row, xs)])) for row, b in zip(theta["w"], theta["b"])]
    return total(theta["c"] + [c_mul(v, h) for v, h in zip(theta["v"], hidden)])


def loss_of(theta):
    parts = []
    for x, k in rows:
        eta = log_rate(theta, x)
        parts.append(c_sub(c_exp(eta), c_mul(Cell(float(k)), eta)))
    return c_mul(total(parts), Cell(1 / len(rows)))


def moved(part, rate):
    if isinstance(part, Cell):
        return Cell(part.val - rate * part.adj)
    return [moved(p, rate) for p in part]


theta = start()
for step in range(35):
    loss = loss_of(theta)
    differentiate(loss)
    theta = {name: moved(part, 0.25) for name, part in theta.items()}
    if step % 7 == 0:
        print(step, f"{loss.val:.5f}")
