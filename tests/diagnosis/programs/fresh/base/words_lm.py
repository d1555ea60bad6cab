"""A character model of a few words: token and position tables, one masked head, a feed-forward block, Adam."""
import math
import random

random.seed(99)


class Unit:
    def __init__(self, w, kids=(), partials=()):
        self.w = w
        self.sens = 0.0
        self.kids = kids
        self.partials = partials

    def __add__(self, o):
        o = o if isinstance(o, Unit) else Unit(o)
        return Unit(self.w + o.w, (self, o), (1.0, 1.0))

    def __mul__(self, o):
        o = o if isinstance(o, Unit) else Unit(o)
        return Unit(self.w * o.w, (self, o), (o.w, self.w))

    def __pow__(self, k):
        return Unit(self.w ** k, (self,), (k * self.w ** (k - 1),))

    def exp(self):
        e = math.exp(self.w)
        return Unit(e, (self,), (e,))

    def log(self):
        return Unit(math.log(self.w), (self,), (1.0 / self.w,))

    def relu(self):
        return Unit(max(0.0, self.w), (self,), (1.0 if self.w > 0 else 0.0,))

    __radd__ = __add__
    __rmul__ = __mul__

    def unroll(self):
        order, known, todo = [], set(), [(self, 0)]
        while todo:
            u, k = todo.pop()
            if k == 0 and u in known:
                continue
            known.add(u)
            if k < len(u.kids):
                todo.append((u, k + 1))
                todo.append((u.kids[k], 0))
            else:
                order.append(u)
        self.sens = 1.0
        for u in reversed(order):
            for kid, partial in zip(u.kids, u.partials):
                kid.sens += partial * u.sens


words = ["tea", "toast", "oats", "stew", "roast", "water"]
letters = sorted(set("".join(words)))
END = len(letters)
WIDTH, LONGEST = 4, 7


def table(rows, cols, spread=0.4):
    return [[Unit(random.gauss(0, spread)) for _ in range(cols)] for _ in range(rows)]


tok = table(END + 1, WIDTH)
pos = table(LONGEST, WIDTH)
wq, wk, wv, wo = (table(WIDTH, WIDTH) for _ in range(4))
up, down = table(8, WIDTH), table(WIDTH, 8)
out = table(END + 1, WIDTH)
params = [u for m in (tok, pos, wq, wk, wv, wo, up, down, out) for row in m for u in row]


def linear(m, x):
    return [sum(a * b for a, b in zip(row, x)) for row in m]


def softmax(us):
    top = max(u.w for u in us)
    es = [(u + -top).exp() for u in us]
    norm = sum(es) ** -1
    return [e * norm for e in es]


def read(ids):
    n = len(ids)
    xs = [[t + p for t, p in zip(tok[c], pos[i])] for i, c in enumerate(ids)]
    qs = [linear(wq, x) for x in xs]
    ks = [linear(wk, x) for x in xs]
    vs = [linear(wv, x) for x in xs]
    probs = []
    for i in range(n):
        scores = [sum(a * b for a, b in zip(qs[i], ks[j])) * WIDTH ** -0.5 for j in range(n)]
        scores = [s + (-1e9 if j > i else 0.0) for j, s in enumerate(scores)]
        att = softmax(scores)
        mix = [sum(att[j] * vs[j][d] for j in range(n)) for d in range(WIDTH)]
        x = [a + b for a, b in zip(xs[i], linear(wo, mix))]
        deep = linear(down, [h.relu() for h in linear(up, x)])
        x = [a + b for a, b in zip(x, deep)]
        probs.append(softmax(linear(out, x)))
    return probs


m1, m2 = [0.0] * len(params), [0.0] * len(params)
for step in range(6):
    ids = [END] + [letters.index(ch) for ch in words[step]] + [END]
    inputs, targets = ids[:-1], ids[1:]
    nll = [-1.0 * p[t].log() for p, t in zip(read(inputs), targets)]
    loss = sum(nll) * (1.0 / len(nll))
    loss.unroll()
    for i, u in enumerate(params):
        m1[i] = 0.9 * m1[i] + 0.1 * u.sens
        m2[i] = 0.95 * m2[i] + 0.05 * u.sens ** 2
        hat1 = m1[i] / (1 - 0.9 ** (step + 1))
        hat2 = m2[i] / (1 - 0.95 ** (step + 1))
        u.w -= 0.05 * hat1 / (hat2 ** 0.5 + 1e-8)
        u.sens = 0.0
    print(f"step {step} word {words[step]} loss {loss.w:.6f}")
