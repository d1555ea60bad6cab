"""Max pooling with ties, a loss scaled up for the pass and the gradients scaled down before the update."""
import numpy as np

state = np.random.default_rng(8)
BOOST = 256.0


class Block:
    def __init__(self, v, inputs=(), pull=None):
        self.v = np.asarray(v, dtype=float)
        self.gv = np.zeros(self.v.shape)
        self.inputs, self.pull = inputs, pull

    def windows(self, kernel):
        """1-d convolution, (n, length) with (k, f) -> (n, length - k + 1, f)"""
        k = kernel.v.shape[0]
        cut = np.stack([self.v[:, i:i + k] for i in range(self.v.shape[1] - k + 1)], axis=1)
        return Block(cut @ kernel.v, (kernel,), lambda g: (np.einsum("npk,npf->kf", cut, g),))

    def pool(self):
        top = self.v.max(axis=1)
        hit = self.v == top[:, None, :]
        hit = hit / hit.sum(axis=1, keepdims=True)          # ties share
        return Block(top, (self,), lambda g: (hit * g[:, None, :],))

    def __matmul__(self, o):
        return Block(self.v @ o.v, (self, o), lambda g: (g @ o.v.T, self.v.T @ g))

    def __add__(self, o):
        return Block(self.v + o.v, (self, o), lambda g: (g, g.sum(axis=0)))

    def cross_entropy(self, y):
        z = self.v - self.v.max(axis=1, keepdims=True)
        logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        n = len(y)

        def pull(g):
            d = np.exp(logp)
            d[np.arange(n), y] -= 1
            return (g * d / n,)
        return Block(-logp[np.arange(n), y].mean(), (self,), pull)


def descend(end, seed):
    path, seen = [], set()

    def walk(b):
        if id(b) in seen:
            return
        seen.add(id(b))
        for i in b.inputs:
            walk(i)
        path.append(b)
    walk(end)
    end.gv = np.full(end.v.shape, seed)
    for b in reversed(path):
        if b.pull:
            for i, g in zip(b.inputs, b.pull(b.gv)):
                i.gv = i.gv + g


signals = state.integers(0, 2, size=(18, 9)).astype(float)     # many equal windows: many ties
labels = (signals[:, :-1] * signals[:, 1:]).sum(axis=1).astype(int) % 2
kernel = Block(state.normal(size=(3, 5)))
W, b = Block(state.normal(size=(5, 2)) * 0.5), Block(np.zeros(2))
params = [kernel, W, b]

for epoch in range(6):
    for p in params:
        p.gv = np.zeros(p.v.shape)
    loss = (Block(signals).windows(kernel).pool() @ W + b).cross_entropy(labels)
    descend(loss, BOOST)
    for p in params:
        p.v = p.v - 0.3 * (p.gv / BOOST)
    print(f"epoch {epoch}: {float(loss.v):.6f}")
