# skip-gram with negative samples; one node holds a whole vector (a plain list of floats)
import math
import random

rnd = random.Random(1905)


class Vec:
    def __init__(self, x, feeds=()):
        self.x = list(x)
        self.d = [0.0] * len(self.x)
        self.feeds = feeds  # (vector below, function from our d to its share)

    def take(self, share):
        for i, s in enumerate(share):
            self.d[i] += s


def inner(u, v):
    value = sum(a * b for a, b in zip(u.x, v.x))
    return Vec([value], (
        (u, lambda d: [d[0] * b for b in v.x]),
        (v, lambda d: [d[0] * a for a in u.x]),
    ))


def mean_of(vs):
    k = len(vs)
    value = [sum(col) / k for col in zip(*(v.x for v in vs))]
    return Vec(value, tuple((v, lambda d: [di / k for di in d]) for v in vs))


def minus_log_sigmoid(s, sign):
    z = sign * s.x[0]
    value = math.log1p(math.exp(-abs(z))) + max(-z, 0.0)
    return Vec([value], ((s, lambda d: [-sign * d[0] / (1 + math.exp(z))]),))


def add_up(parts):
    return Vec([sum(p.x[0] for p in parts)], tuple((p, lambda d: d) for p in parts))


def reverse_sweep(root):
    order, seen = [], set()

    def down(v):
        seen.add(id(v))
        for below, _ in v.feeds:
            if id(below) not in seen:
                down(below)
        order.append(v)

    down(root)
    root.d = [1.0]
    for v in reversed(order):
        for below, share in v.feeds:
            below.take(share(v.d))


corpus = ("the king rules the land . the queen rules the land . "
          "a dog eats meat . a cat eats meat . the dog sees a cat .").split()
vocab = sorted(set(corpus))
DIM, WINDOW, NEG = 6, 2, 3
inside = {w: Vec([rnd.gauss(0, 0.4) for _ in range(DIM)]) for w in vocab}
outside = {w: Vec([rnd.gauss(0, 0.4) for _ in range(DIM)]) for w in vocab}
everything = list(inside.values()) + list(outside.values())

for epoch in range(30):
    parts = []
    for i, word in enumerate(corpus):
        near = [corpus[j] for j in range(max(0, i - WINDOW), min(len(corpus), i + WINDOW + 1)) if j != i]
        context = mean_of([outside[w] for w in near])
        parts.append(minus_log_sigmoid(inner(inside[word], context), 1))
        for _ in range(NEG):
            other = rnd.choice(vocab)
            if other != word:
                parts.append(minus_log_sigmoid(inner(inside[other], context), -1))
    loss = add_up(parts)
    for v in everything:
        v.d = [0.0] * DIM
    reverse_sweep(loss)
    for v in everything:
        v.x = [x - 0.05 * d for x, d in zip(v.x, v.d)]
    if epoch % 5 == 0:
        print(epoch, round(loss.x[0] / len(corpus), 4))
