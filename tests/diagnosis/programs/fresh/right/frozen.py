"""Fine-tuning with numpy: the first layer is frozen by a flag; the test error is looked at between steps."""
import numpy as np

r = np.random.default_rng(21)


class Mat:
    def __init__(self, m, made_of=(), back=None, learns=True):
        self.m = np.array(m, dtype=float)
        self.slope = np.zeros_like(self.m)
        self.made_of, self.back, self.learns = made_of, back, learns

    def __matmul__(self, o):
        return Mat(self.m @ o.m, (self, o), lambda g: (g @ o.m.T, self.m.T @ g))

    def add_row(self, o):
        return Mat(self.m + o.m, (self, o), lambda g: (g, g.sum(0)))

    def tanh(self):
        t = np.tanh(self.m)
        return Mat(t, (self,), lambda g: (g * (1 - t ** 2),))

    def minus(self, fixed):
        return Mat(self.m - fixed, (self,), lambda g: (g,))

    def mean_square(self):
        return Mat((self.m ** 2).mean(), (self,), lambda g: (g * 2 * self.m / self.m.size,))

    def gradients(self):
        seq, done = [], []

        def go(n):
            if any(n is d for d in done):
                return
            done.append(n)
            for s in n.made_of:
                go(s)
            seq.append(n)
        go(self)
        self.slope = np.ones_like(self.m)
        for n in reversed(seq):
            if n.back:
                for s, g in zip(n.made_of, n.back(n.slope)):
                    s.slope = s.slope + g


X = r.normal(size=(30, 3))
Y = np.tanh(X @ np.array([[1.0], [-2.0], [0.5]])) + 0.1
A1 = Mat(r.normal(size=(3, 6)), learns=False)        # as it came, stays as it is
o1 = Mat(np.zeros(6), learns=False)
A2, o2 = Mat(r.normal(size=(6, 6)) * 0.4), Mat(np.zeros(6))
A3, o3 = Mat(r.normal(size=(6, 1)) * 0.4), Mat(np.zeros(1))
all_of_it = [A1, o1, A2, o2, A3, o3]


def error(x, y):
    h = (Mat(x) @ A1).add_row(o1).tanh()
    h = (h @ A2).add_row(o2).tanh()
    return (h @ A3).add_row(o3).minus(y).mean_square()


for epoch in range(6):
    for p in all_of_it:
        p.slope = np.zeros_like(p.m)
    loss = error(X[:20], Y[:20])
    loss.gradients()
    for p in all_of_it:
        if p.learns:
            p.m -= 0.2 * p.slope
    held_out = error(X[20:], Y[20:])        # no backward pass: only looked at
    print(f"epoch {epoch} held out {float(held_out.m):.5f} loss {float(loss.m):.6f}")
