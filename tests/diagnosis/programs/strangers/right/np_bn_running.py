import numpy as np

rng = np.random.default_rng(46)


class Tens:
    """numpy array with reverse-mode gradients"""

    def __init__(self, arr, frm=None):
        self.arr = np.asarray(arr, float)
        self.grd = None
        self.frm = frm or []

    def add_grad(self, g):
        self.grd = np.array(g) if self.grd is None else self.grd + g


def mm(a, b):
    return Tens(a.arr @ b.arr, [(a, lambda g: g @ b.arr.T), (b, lambda g: a.arr.T @ g)])


def row(a, b, f, fa, fb):
    return Tens(f(a.arr, b.arr), [(a, lambda g: fa(g)), (b, lambda g: fb(g).sum(0))])


def add_row(a, b):
    return row(a, b, np.add, lambda g: g, lambda g: g)


def mul_row(a, b):
    return row(a, b, np.multiply, lambda g: g * b.arr, lambda g: g * a.arr)


def standard(a, mean, var):
    inv = 1 / np.sqrt(var + 1e-5)
    hat = (a.arr - mean) * inv
    return Tens(hat, [(a, lambda g: inv * (g - g.mean(0) - hat * (g * hat).mean(0)))])


def tanh(a):
    t = np.tanh(a.arr)
    return Tens(t, [(a, lambda g: g * (1 - t * t))])


def bce(a, y):
    p = 1 / (1 + np.exp(-a.arr[:, 0]))
    loss = np.logaddexp(0, np.where(y, -1, 1) * a.arr[:, 0]).mean()
    return Tens(loss, [(a, lambda g: (g * (p - y) / len(y))[:, None])])


def back(t):
    order, seen = [], set()

    def go(x):
        if x in seen:
            return
        seen.add(x)
        for s, _ in x.frm:
            go(s)
        order.append(x)

    go(t)
    t.grd = np.ones(())
    for x in order[::-1]:
        for s, f in x.frm:
            s.add_grad(f(x.grd))


X = rng.normal(size=(120, 2)) * [1, 5] + [3, 0]
Y = ((X[:, 0] - 3) ** 2 + (X[:, 1] / 5) ** 2 > 1.3).astype(int)
W1, G, S = Tens(rng.normal(size=(2, 10))), Tens(np.ones(10)), Tens(np.zeros(10))
W2, B2 = Tens(rng.normal(size=(10, 1)) * 0.4), Tens(np.zeros(1))
params = [W1, G, S, W2, B2]
run_mean, run_var = np.zeros(10), np.ones(10)


def forward(x, train):
    global run_mean, run_var
    h = mm(Tens(x), W1)
    if train:
        mean, var = h.arr.mean(0), h.arr.var(0)
        run_mean, run_var = 0.9 * run_mean + 0.1 * mean, 0.9 * run_var + 0.1 * var
        h = standard(h, mean, var)
    else:
        h = Tens((h.arr - run_mean) / np.sqrt(run_var + 1e-5))
    h = tanh(add_row(mul_row(h, G), S))
    return add_row(mm(h, W2), B2)


for step in range(60):
    pick = rng.permutation(90)[:30]
    loss = bce(forward(X[pick], True), Y[pick])
    for p in params:
        p.grd = None
    back(loss)
    for p in params:
        p.arr -= 0.5 * p.grd
    if step % 15 == 14:
        held = bce(forward(X[90:], False), Y[90:])
        print(step, f"{loss.arr:.4f}", f"held out {held.arr:.4f}")
