# A small causal language model over digits: the next number of a counting rhyme.
# Mask is added to the scores; batch of documents; one optimiser with weight decay.
import math
import random

random.seed(60)


class E:
    __slots__ = ("n", "dn", "kids", "bw")

    def __init__(self, n, kids=(), bw=None):
        self.n, self.dn, self.kids, self.bw = n, 0.0, kids, bw


def _sum(e):
    for k in e.kids:
        k.dn += e.dn


def _prod(e):
    a, b = e.kids
    a.dn += e.dn * b.n
    b.dn += e.dn * a.n


def _quot(e):
    a, b = e.kids
    a.dn += e.dn / b.n
    b.dn -= e.dn * a.n / b.n ** 2


def _exp(e):
    e.kids[0].dn += e.dn * e.n


def _log(e):
    e.kids[0].dn += e.dn / e.kids[0].n


def _silu(e):
    a = e.kids[0]
    s = 1 / (1 + math.exp(-a.n))
    a.dn += e.dn * (s + a.n * s * (1 - s))


def _inner(e):
    half = len(e.kids) // 2
    for a, b in zip(e.kids[:half], e.kids[half:]):
        a.dn += e.dn * b.n
        b.dn += e.dn * a.n


def add(*es):
    return E(sum(e.n for e in es), es, _sum)


def mul(a, b):
    return E(a.n * b.n, (a, b), _prod)


def div(a, b):
    return E(a.n / b.n, (a, b), _quot)


def exp(a):
    return E(math.exp(a.n), (a,), _exp)


def log(a):
    return E(math.log(a.n), (a,), _log)


def silu(a):
    return E(a.n / (1 + math.exp(-a.n)), (a,), _silu)


def inner(us, vs):
    return E(sum(u.n * v.n for u, v in zip(us, vs)), (*us, *vs), _inner)


def sweep(root):
    order, seen = [], set()

    def visit(e):
        if e in seen:
            return
        seen.add(e)
        for k in e.kids:
            visit(k)
        order.append(e)

    visit(root)
    root.dn = 1.0
    for e in reversed(order):
        if e.bw:
            e.bw(e)


def softmax(es):
    top = max(e.n for e in es)
    ups = [exp(add(e, E(-top))) for e in es]
    below = add(*ups)
    return [div(u, below) for u in ups]


def grid(rows, cols, spread=0.35):
    return [[E(random.gauss(0, spread)) for _ in range(cols)] for _ in range(rows)]


VOCAB, WIDTH, LONG, DEPTH = 6, 6, 5, 3
token_rows, place_rows, unembed = grid(VOCAB, WIDTH), grid(LONG, WIDTH), grid(VOCAB, WIDTH)
stack = [{k: grid(WIDTH, WIDTH) for k in ("query", "key", "value", "merge", "wide", "narrow")} for _ in range(DEPTH)]
learn = [p for g in [token_rows, place_rows, unembed] + [g for s in stack for g in s.values()] for r in g for p in r]


def apply(g, xs):
    return [inner(r, xs) for r in g]


def attend(part, xs):
    q, k, v = (apply_all(part[name], xs) for name in ("query", "key", "value"))
    root = E(1 / math.sqrt(WIDTH))
    result = []
    for i in range(len(xs)):
        mask = [0.0 if j <= i else float("-inf") for j in range(len(xs))]
        weights = softmax([add(mul(inner(q[i], k[j]), root), E(mask[j])) for j in range(len(xs))])
        result.append([inner(weights, column) for column in zip(*v)])
    return apply_all(part["merge"], result)


def apply_all(g, xs):
    return [apply(g, x) for x in xs]


def plus_all(xs, ys):
    return [[add(a, b) for a, b in zip(x, y)] for x, y in zip(xs, ys)]


def model(tokens):
    xs = [[add(a, b) for a, b in zip(token_rows[t], place_rows[i])] for i, t in enumerate(tokens)]
    for part in stack:
        xs = plus_all(xs, attend(part, xs))
        xs = plus_all(xs, apply_all(part["narrow"], [[silu(u) for u in x] for x in apply_all(part["wide"], xs)]))
    return [softmax(apply(unembed, x)) for x in xs]


documents = [[(start + k * jump) % VOCAB for k in range(6)] for start in range(VOCAB) for jump in (1, 2)]
for step in range(36):
    batch = [documents[(2 * step + j) % len(documents)] for j in range(2)]
    parts = []
    for doc in batch:
        for i, probs in enumerate(model(doc[:-1])):
            parts.append(log(probs[doc[i + 1]]))
    loss = div(add(*parts), E(-float(len(parts))))
    sweep(loss)
    for p in learn:
        p.n -= 0.15 * (p.dn + 0.001 * p.n)
        p.dn = 0.0
    if step % 4 == 0:
        print(step, round(loss.n, 4))
