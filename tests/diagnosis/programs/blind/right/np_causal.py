"""One attention head over a repeating string, numpy, additive mask of -inf."""
import numpy as np
r = np.random.default_rng(8)

class Ten:
    def __init__(self, d, src=()):
        self.d = d; self.g = None; self.src = src
    def acc(self, g):
        self.g = g + 0.0 if self.g is None else self.g + g

def matmul(a, b): return Ten(a.d @ b.d, [(a, lambda g: g @ b.d.T), (b, lambda g: a.d.T @ g)])
def add(a, b): return Ten(a.d + b.d, [(a, lambda g: g), (b, lambda g: g)])
def T(a): return Ten(a.d.T, [(a, lambda g: g.T)])
def scale(a, k): return Ten(a.d * k, [(a, lambda g: g * k)])
def shift(a, const): return Ten(a.d + const, [(a, lambda g: g)])

def rows(a, idx):
    def f(g):
        z = np.zeros_like(a.d)
        np.add.at(z, idx, g)
        return z
    return Ten(a.d[idx], [(a, f)])

def softmax(a):
    e = np.exp(a.d - a.d.max(-1, keepdims=True))
    p = e / e.sum(-1, keepdims=True)
    return Ten(p, [(a, lambda g: p * (g - (g * p).sum(-1, keepdims=True)))])

def nll(a, y):
    m = a.d.max(-1, keepdims=True)
    lse = m[:, 0] + np.log(np.exp(a.d - m).sum(-1))
    p = np.exp(a.d - lse[:, None])
    one = np.eye(a.d.shape[1])[y]
    return Ten((lse - a.d[np.arange(len(y)), y]).mean(), [(a, lambda g: g * (p - one) / len(y))])

def backward(t):
    order, seen = [], set()
    def go(x):
        if id(x) in seen: return
        seen.add(id(x))
        for s, _ in x.src: go(s)
        order.append(x)
    go(t)
    t.acc(np.array(1.0))
    for x in reversed(order):
        for s, f in x.src: s.acc(f(x.g))

text = "abacabadabacabad"
ids = np.array([ord(c) - 97 for c in text])
L, D, K = len(ids) - 1, 8, 4
E, P, Q, Kk, V, O, H = (Ten(r.normal(size=s) * 0.3) for s in ((K, D), (L, D), (D, D), (D, D), (D, D), (D, D), (D, K)))
params = [E, P, Q, Kk, V, O, H]
mask = np.triu(np.full((L, L), -np.inf), 1)
for it in range(40):
    x = add(rows(E, ids[:-1]), P)
    att = softmax(shift(scale(matmul(matmul(x, Q), T(matmul(x, Kk))), D ** -0.5), mask))
    x = add(x, matmul(matmul(att, matmul(x, V)), O))
    loss = nll(matmul(x, H), ids[1:])
    for p in params: p.g = None
    backward(loss)
    for p in params: p.d = p.d - 0.5 * p.g
    if it % 8 == 0: print(it, round(float(loss.d), 4))
