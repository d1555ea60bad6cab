"""Finds a motif in short sequences: embedding, 1-D convolution, mean pooling, logistic loss; numpy arrays."""
import numpy as np


class Arr:
    def __init__(self, v, deps=(), rule=None):
        self.v = np.asarray(v, dtype=np.float64)
        self.g = np.zeros_like(self.v)
        self.deps = deps
        self.rule = rule

    def __add__(self, o):
        def rule(g):
            return shrink(g, self.v.shape), shrink(g, o.v.shape)
        return Arr(self.v + o.v, (self, o), rule)

    def __mul__(self, o):
        def rule(g):
            return shrink(g * o.v, self.v.shape), shrink(g * self.v, o.v.shape)
        return Arr(self.v * o.v, (self, o), rule)

    def __matmul__(self, o):
        def rule(g):
            return g @ o.v.T, self.v.T @ g
        return Arr(self.v @ o.v, (self, o), rule)

    def tanh(self):
        t = np.tanh(self.v)
        return Arr(t, (self,), lambda g: (g * (1 - t ** 2),))

    def softplus(self):
        return Arr(np.logaddexp(0, self.v), (self,), lambda g: (g / (1 + np.exp(-self.v)),))

    def mean0(self):
        n = self.v.shape[0]
        return Arr(self.v.mean(axis=0, keepdims=True), (self,), lambda g: (np.repeat(g, n, axis=0) / n,))

    def total(self):
        return Arr(self.v.sum(), (self,), lambda g: (np.full(self.v.shape, g),))

    def rows(self, idx):
        def rule(g):
            full = np.zeros_like(self.v)
            np.add.at(full, idx, g)
            return (full,)
        return Arr(self.v[idx], (self,), rule)


def shrink(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for ax, n in enumerate(shape):
        if n == 1 and g.shape[ax] != 1:
            g = g.sum(axis=ax, keepdims=True)
    return g


def pull(root):
    done, order = set(), []

    def visit(a):
        if id(a) not in done:
            done.add(id(a))
            for d in a.deps:
                visit(d)
            order.append(a)
    visit(root)
    root.g = np.ones_like(root.v)
    for a in reversed(order):
        if a.rule is not None:
            for d, share in zip(a.deps, a.rule(a.g)):
                d.g = d.g + share


rs = np.random.RandomState(8)
seqs = rs.randint(0, 4, size=(10, 7))
hit = np.array([float(any(s[i] == 1 and s[i + 1] == 2 for i in range(6))) for s in seqs])
hit[0] = 1.0
emb = Arr(rs.normal(0, 0.7, (4, 3)))
taps = [Arr(rs.normal(0, 0.6, (3, 5))) for _ in range(2)]
bias = Arr(np.zeros((1, 5)))
gain = Arr(np.ones((1, 5)))
out = Arr(rs.normal(0, 0.6, (5, 1)))
params = [emb, *taps, bias, gain, out]


def score(s):
    e0, e1 = emb.rows(s[:-1]), emb.rows(s[1:])
    h = (e0 @ taps[0] + e1 @ taps[1] + bias).tanh() * gain
    return (h.mean0() @ out).total()


def bce():
    loss = Arr(0.0)
    for s, y in zip(seqs, hit):
        loss = loss + (score(s) * Arr(1.0 - 2.0 * y)).softplus()
    return loss * Arr(1.0 / len(seqs))


speed = [np.zeros_like(p.v) for p in params]
for k in range(6):
    for p in params:
        p.g = np.zeros_like(p.v)
    J = bce()
    pull(J)
    for i, p in enumerate(params):
        speed[i] = 0.5 * speed[i] + p.g + 0.001 * p.v
        p.v = p.v - 0.4 * speed[i]
    print("step", k, "J", float(J.v))
