"""A class of arrays whose attributes have other names; the pass is a function beside it."""

import numpy as np


class Blob:
    def __init__(self, vals, parents=(), pull=None):
        self.vals = np.array(vals, dtype=float)
        self.sens = np.zeros(self.vals.shape)
        self.parents = list(parents)
        self.pull = pull

    def __add__(self, other):
        out = Blob(self.vals + other.vals, (self, other))

        def pull():
            self.sens += fit(out.sens, self.vals.shape)
            other.sens += fit(out.sens, other.vals.shape)

        out.pull = pull
        return out

    def __mul__(self, other):
        out = Blob(self.vals * other.vals, (self, other))

        def pull():
            self.sens += fit(out.sens * other.vals, self.vals.shape)
            other.sens += fit(out.sens * self.vals, other.vals.shape)

        out.pull = pull
        return out

    def dot(self, other):
        out = Blob(np.dot(self.vals, other.vals), (self, other))

        def pull():
            self.sens += np.dot(out.sens, other.vals.T)
            other.sens += np.dot(self.vals.T, out.sens)

        out.pull = pull
        return out

    def total(self):
        out = Blob(np.sum(self.vals), (self,))

        def pull():
            self.sens += out.sens

        out.pull = pull
        return out


def fit(sens, shape):
    while sens.ndim > len(shape):
        sens = sens.sum(0)
    return sens


def differentiate(top):
    order, seen = [], set()

    def walk(blob):
        if id(blob) in seen:
            return
        seen.add(id(blob))
        for parent in blob.parents:
            walk(parent)
        order.append(blob)

    walk(top)
    top.sens = np.array(1.0)
    for blob in reversed(order):
        if blob.pull is not None:
            blob.pull()


rng = np.random.default_rng(3)
a = Blob(rng.normal(size=(2, 3)))
w = Blob(rng.normal(size=(3, 2)))
b = Blob(rng.normal(size=2))
for step in range(2):
    for p in (a, w, b):
        p.sens = np.zeros(p.vals.shape)
    h = a.dot(w) + b
    loss = (h * h).total()
    differentiate(loss)
    for name in ("a", "w", "b", "h", "loss"):
        blob = globals()[name]
        for at in np.ndindex(blob.vals.shape):
            index = "".join(f"[{i}]" for i in at)
            print(name + index, float(blob.vals[at]).hex(), float(blob.sens[at]).hex())
    for p in (w, b):
        p.vals = p.vals - 0.05 * p.sens
