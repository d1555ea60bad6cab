"""Contrastive embeddings: two views of a thing should lie near each other (InfoNCE).

Arrays on one global tape; every op appends (output, function) and the tape is played backwards.
"""
import numpy as np

gen = np.random.default_rng(5)
TAPE = []


class Arr:
    def __init__(self, a):
        self.a = a
        self.g = None

    def put(self, share):
        self.g = share.copy() if self.g is None else self.g + share


def record(value, fn):
    out = Arr(value)
    TAPE.append((out, fn))
    return out


def project(x, w):
    """x: (batch, features) plain data or Arr, w: (features, out)"""
    xa = x.a if isinstance(x, Arr) else x

    def fn(g):
        w.put(np.einsum("bf,bo->fo", xa, g))
        if isinstance(x, Arr):
            x.put(np.einsum("bo,fo->bf", g, w.a))

    return record(np.einsum("bf,fo->bo", xa, w.a), fn)


def add_row(x, b):
    def fn(g):
        x.put(g)
        b.put(g.sum(axis=0))

    return record(x.a + b.a, fn)


def add(x, y):
    def fn(g):
        x.put(g)
        y.put(g)

    return record(x.a + y.a, fn)


def leaky(x, slope=0.1):
    factor = np.where(x.a > 0, 1.0, slope)

    def fn(g):
        x.put(g * factor)

    return record(x.a * factor, fn)


def unit(x):
    length = np.sqrt(np.einsum("bf,bf->b", x.a, x.a))[:, None]
    y = x.a / length

    def fn(g):
        along = np.einsum("bf,bf->b", g, y)[:, None]
        x.put((g - along * y) / length)

    return record(y, fn)


def similarities(u, v, temperature):
    def fn(g):
        u.put(np.einsum("ij,jf->if", g, v.a) / temperature)
        v.put(np.einsum("ij,if->jf", g, u.a) / temperature)

    return record(np.einsum("if,jf->ij", u.a, v.a) / temperature, fn)


def match_rows(s):
    """mean of -log softmax at the diagonal"""
    n = len(s.a)
    z = s.a - s.a.max(axis=1, keepdims=True)
    p = np.exp(z)
    p /= p.sum(axis=1, keepdims=True)

    def fn(g):
        s.put(g * (p - np.eye(n)) / n)

    return record(np.array(-np.log(np.diag(p)).mean()), fn)


def play_back(root):
    root.g = np.ones_like(root.a)
    for out, fn in reversed(TAPE):
        if out.g is not None:
            fn(out.g)


things = gen.normal(size=(64, 3))
lift_a, lift_b = gen.normal(size=(3, 8)), gen.normal(size=(3, 8))
view_a = things @ lift_a + 0.3 * gen.normal(size=(64, 8))
view_b = things @ lift_b + 0.3 * gen.normal(size=(64, 8))

enc_a, enc_b = Arr(gen.normal(size=(8, 6)) * 0.3), Arr(gen.normal(size=(8, 6)) * 0.3)
bias_a, bias_b = Arr(np.zeros(6)), Arr(np.zeros(6))
mid_a, mid_b = Arr(gen.normal(size=(6, 6)) * 0.4), Arr(gen.normal(size=(6, 6)) * 0.4)
flat_a, flat_b = Arr(gen.normal(size=(8, 6)) * 0.2), Arr(gen.normal(size=(8, 6)) * 0.2)
weights = [enc_a, enc_b, bias_a, bias_b, mid_a, mid_b, flat_a, flat_b]


def encode(x, enc, bias, mid, flat):
    straight = project(x, flat)
    h = leaky(add_row(project(x, enc), bias))
    deep = leaky(project(h, mid))
    return unit(add(add(straight, h), deep))


speed = {id(w): np.zeros_like(w.a) for w in weights}

for it in range(50):
    rows = gen.choice(64, size=16, replace=False)
    TAPE.clear()
    ua = encode(view_a[rows], enc_a, bias_a, mid_a, flat_a)
    ub = encode(view_b[rows], enc_b, bias_b, mid_b, flat_b)
    loss = match_rows(similarities(ua, ub, 0.3))
    for w in weights:
        w.g = None
    play_back(loss)
    for w in weights:
        speed[id(w)] = 0.9 * speed[id(w)] + w.g
        w.a = w.a - 0.05 * speed[id(w)]
    if it % 10 == 0 or it == 49:
        print(f"it {it:2d} loss {float(loss.a):.4f}")
