"""Three kinds of tiny pictures, two layers, mini-batches and momentum, with numpy."""
import numpy as np

gen = np.random.default_rng(5)


def give(arr, g):
    arr.da[...] = arr.da + g


class Arr:
    def __init__(self, a, sources=()):
        self.a = np.asarray(a)
        self.da = np.zeros_like(self.a)
        self.sources = sources
        self.spread = None

    def __matmul__(self, right):
        res = Arr(self.a @ right.a, (self, right))

        def spread():
            give(self, res.da @ right.a.T)
            give(right, self.a.T @ res.da)
        res.spread = spread
        return res

    def plus_bias(self, bias):
        res = Arr(self.a + bias.a, (self, bias))

        def spread():
            give(self, res.da)
            give(bias, res.da.sum(axis=0))
        res.spread = spread
        return res

    def relu(self):
        res = Arr(np.maximum(self.a, 0.0), (self,))

        def spread():
            give(self, res.da * (self.a > 0))
        res.spread = spread
        return res

    def exp(self):
        res = Arr(np.exp(self.a), (self,))

        def spread():
            give(self, res.da * res.a)
        res.spread = spread
        return res

    def row_sums(self):
        res = Arr(self.a.sum(axis=1, keepdims=True), (self,))

        def spread():
            give(self, res.da * np.ones_like(self.a))
        res.spread = spread
        return res

    def __truediv__(self, below):       # (n, k) / (n, 1)
        res = Arr(self.a / below.a, (self, below))

        def spread():
            give(self, res.da / below.a)
            give(below, -(res.da * res.a / below.a).sum(axis=1, keepdims=True))
        res.spread = spread
        return res

    def mean_log_at(self, labels):
        rows = np.arange(len(labels))
        res = Arr(np.log(self.a[rows, labels]).mean(), (self,))

        def spread():
            g = np.zeros_like(self.a)
            g[rows, labels] = 1.0 / (self.a[rows, labels] * len(labels))
            give(self, res.da * g)
        res.spread = spread
        return res

    def __neg__(self):
        res = Arr(-self.a, (self,))
        res.spread = lambda: give(self, -res.da)
        return res

    def sweep(self):
        line, met = [], set()

        def dig(arr):
            if id(arr) not in met:
                met.add(id(arr))
                for s in arr.sources:
                    dig(s)
                line.append(arr)
        dig(self)
        self.da[...] = 1.0
        for arr in line[::-1]:
            if arr.spread:
                arr.spread()


patterns = gen.uniform(0, 255, size=(3, 12))
kinds = np.arange(60) % 3
images = np.clip(patterns[kinds] + gen.normal(0, 40, size=(60, 12)), 0, 255) / 255.0


def weights(n, m):
    return Arr(gen.normal(0, (2.0 / n) ** 0.5, size=(n, m)))


W1, c1 = weights(12, 10), Arr(np.array([0.0] * 10))
W2, c2 = weights(10, 3), Arr(np.array([0.0, 0.0, 0.0]))
trainable = [W1, c1, W2, c2]
speed = [np.zeros(p.a.shape) for p in trainable]
LR, MU = 0.1, 0.8

for epoch in range(2):
    for start in range(0, 60, 20):
        x, y = Arr(images[start:start + 20]), kinds[start:start + 20]
        for p in trainable:
            p.da[...] = 0.0
        h = (x @ W1).plus_bias(c1).relu()
        e = (h @ W2).plus_bias(c2).exp()
        chance = e / e.row_sums()
        loss = -chance.mean_log_at(y)
        loss.sweep()
        for i, p in enumerate(trainable):
            speed[i] = MU * speed[i] - LR * p.da
            p.a = p.a + speed[i]
        print(f"epoch {epoch} batch {start // 20} loss {float(loss.a):.6f}")
