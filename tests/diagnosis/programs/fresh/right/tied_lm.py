"""A tiny language model whose output layer is its token table; rows of letters nobody writes are never read."""
import math
import random

random.seed(31)


class S:
    def __init__(self, n, of=(), d=()):
        self.n, self.of, self.d, self.adj = n, of, d, 0.0

    def __add__(self, o):
        o = o if isinstance(o, S) else S(o)
        return S(self.n + o.n, (self, o), (1, 1))

    def __mul__(self, o):
        o = o if isinstance(o, S) else S(o)
        return S(self.n * o.n, (self, o), (o.n, self.n))

    def __pow__(self, k): return S(self.n ** k, (self,), (k * self.n ** (k - 1),))
    def exp(self): return S(math.exp(self.n), (self,), (math.exp(self.n),))
    def log(self): return S(math.log(self.n), (self,), (1 / self.n,))
    __radd__, __rmul__ = __add__, __mul__


def back(root):
    order, seen = [], set()

    def deep(s):
        if s not in seen:
            seen.add(s)
            for o in s.of:
                deep(o)
            order.append(s)
    deep(root)
    root.adj = 1
    for s in reversed(order):
        for o, d in zip(s.of, s.d):
            o.adj += d * s.adj


ALPHABET = "abcdefgh."
D, CONTEXT = 4, 8
texts = ["abba", "cab", "baba", "abc", "bac", "cabba"]


def make(n, m): return [[S(random.gauss(0, 0.4)) for _ in range(m)] for _ in range(n)]


letter, place = make(len(ALPHABET), D), make(CONTEXT, D)     # d..h and the last places: unused
query, key, value = make(D, D), make(D, D), make(D, D)
weights = [s for m in (letter, place, query, key, value) for row in m for s in row]
MASK = [[0.0 if j <= i else -1e9 for j in range(CONTEXT)] for i in range(CONTEXT)]


def dot(a, b): return sum(x * y for x, y in zip(a, b))
def apply(m, x): return [dot(row, x) for row in m]


def softmax(v):
    highest = max(s.n for s in v)
    e = [(s + -highest).exp() for s in v]
    inverse = sum(e) ** -1
    return [s * inverse for s in e]


def step_loss(text):
    ids = [ALPHABET.index(c) for c in "." + text + "."]
    xs = [[a + b for a, b in zip(letter[c], place[i])] for i, c in enumerate(ids[:-1])]
    losses = []
    for i, x in enumerate(xs):
        q = apply(query, x)
        att = softmax([dot(q, apply(key, y)) * D ** -0.5 + MASK[i][j] for j, y in enumerate(xs)])
        vs = [apply(value, y) for y in xs]
        x = [x[d] + sum(w * v[d] for w, v in zip(att, vs)) for d in range(D)]
        p = softmax(apply(letter, x))                        # tied
        losses.append(-1 * p[ids[i + 1]].log())
    return sum(losses) * (1 / len(losses))


for t, text in enumerate(texts):
    loss = step_loss(text)
    for s in weights:
        s.adj = 0.0
    back(loss)
    for s in weights:
        s.n -= 0.3 * s.adj
    print(f"{t} {text} {loss.n:.6f}")
