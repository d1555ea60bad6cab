"""Which symbol is most frequent in a short sequence? Self attention, pooled, numpy.

Ops are looked up in a table of backward functions by their name.
"""
import numpy as np

rs = np.random.RandomState(3)
GRADS = {}


def grad_of(name):
    def keep(fn):
        GRADS[name] = fn
        return fn
    return keep


class Tensor:
    def __init__(self, value, op=None, inputs=(), saved=None):
        self.value, self.op, self.inputs, self.saved = value, op, inputs, saved
        self.grad = None

    def accumulate(self, g):
        self.grad = g.copy() if self.grad is None else self.grad + g


def lookup(table, ids):
    return Tensor(table.value[ids], "lookup", (table,), ids)


@grad_of("lookup")
def _(g, t):
    ids = t.saved
    out = np.zeros_like(t.inputs[0].value)
    for where, k in np.ndenumerate(ids):
        out[k] = out[k] + g[where]
    return (out,)


def plus(a, b):
    return Tensor(a.value + b.value, "plus", (a, b))


@grad_of("plus")
def _(g, t):
    return tuple(fit(g, i.value.shape) for i in t.inputs)


def fit(g, shape):
    extra = g.ndim - len(shape)
    return g.sum(axis=tuple(range(extra))) if extra else g


def linear(x, w):
    return Tensor(np.einsum("...i,io->...o", x.value, w.value), "linear", (x, w))


@grad_of("linear")
def _(g, t):
    x, w = (i.value for i in t.inputs)
    gx = np.einsum("...o,io->...i", g, w)
    gw = np.einsum("ni,no->io", x.reshape(-1, x.shape[-1]), g.reshape(-1, g.shape[-1]))
    return gx, gw


def scores(q, k):
    scale = 1 / np.sqrt(q.value.shape[-1])
    return Tensor(np.einsum("btd,bsd->bts", q.value, k.value) * scale, "scores", (q, k), scale)


@grad_of("scores")
def _(g, t):
    q, k = (i.value for i in t.inputs)
    return np.einsum("bts,bsd->btd", g, k) * t.saved, np.einsum("bts,btd->bsd", g, q) * t.saved


def softmax(a):
    e = np.exp(a.value - a.value.max(axis=-1, keepdims=True))
    return Tensor(e / e.sum(axis=-1, keepdims=True), "softmax", (a,))


@grad_of("softmax")
def _(g, t):
    y = t.value
    return (y * (g - (g * y).sum(axis=-1, keepdims=True)),)


def mix(p, v):
    return Tensor(np.einsum("bts,bsd->btd", p.value, v.value), "mix", (p, v))


@grad_of("mix")
def _(g, t):
    p, v = (i.value for i in t.inputs)
    return np.einsum("btd,bsd->bts", g, v), np.einsum("bts,btd->bsd", p, g)


def tanh(a):
    return Tensor(np.tanh(a.value), "tanh", (a,))


@grad_of("tanh")
def _(g, t):
    return (g * (1 - t.value ** 2),)


def pool(a):
    return Tensor(a.value.mean(axis=1), "pool", (a,))


@grad_of("pool")
def _(g, t):
    n = t.inputs[0].value.shape[1]
    return (np.repeat(g[:, None, :] / n, n, axis=1),)


def pick_log(p, y):
    """mean of -log p[y]"""
    return Tensor(-np.log(p.value[np.arange(len(y)), y]).mean(), "pick_log", (p,), y)


@grad_of("pick_log")
def _(g, t):
    p, y = t.inputs[0].value, t.saved
    out = np.zeros_like(p)
    out[np.arange(len(y)), y] = -g / (p[np.arange(len(y)), y] * len(y))
    return (out,)


def backward(root):
    order, seen = [], set()

    def visit(t):
        if id(t) not in seen:
            seen.add(id(t))
            for i in t.inputs:
                visit(i)
            order.append(t)

    visit(root)
    root.accumulate(np.array(1.0))
    for t in reversed(order):
        if t.op:
            for i, g in zip(t.inputs, GRADS[t.op](t.grad, t)):
                i.accumulate(g)


S, T, D = 4, 7, 8
data = rs.randint(0, S, size=(80, T))
answer = np.array([np.bincount(row, minlength=S).argmax() for row in data])
init = lambda *shape: Tensor(rs.normal(size=shape) * 0.5)
emb, wq, wk, wv, w1, w2 = init(S, D), init(D, D), init(D, D), init(D, D), init(D, D), init(D, S)
bias = Tensor(np.zeros(S))
params = {"emb": emb, "wq": wq, "wk": wk, "wv": wv, "w1": w1, "w2": w2, "bias": bias}
moment = {name: np.zeros_like(p.value) for name, p in params.items()}
square = {name: np.zeros_like(p.value) for name, p in params.items()}


def forward(ids):
    x = lookup(emb, ids)
    att = softmax(scores(linear(x, wq), linear(x, wk)))
    x = plus(x, mix(att, linear(x, wv)))
    h = tanh(linear(pool(x), w1))
    return softmax(plus(linear(h, w2), bias))


for step in range(1, 41):
    rows = rs.permutation(80)[:32]
    loss = pick_log(forward(data[rows]), answer[rows])
    for p in params.values():
        p.grad = None
    backward(loss)
    for name, p in params.items():
        moment[name] = 0.9 * moment[name] + 0.1 * p.grad
        square[name] = 0.99 * square[name] + 0.01 * p.grad ** 2
        m, s = moment[name] / (1 - 0.9 ** step), square[name] / (1 - 0.99 ** step)
        p.value = p.value - 0.02 * m / (np.sqrt(s) + 1e-8)
    if step % 8 == 0:
        print(f"{step} {loss.value:.4f}")
