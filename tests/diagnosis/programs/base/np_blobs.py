"""A softmax regression over pairs of letters: blobs of other names, a free pass, momentum."""

import numpy as np

rng = np.random.default_rng(41)


class Blob:
    def __init__(self, vals, parents=(), pull=None):
        self.vals = np.array(vals, dtype=float)
        self.sens = np.zeros(self.vals.shape)
        self.parents = list(parents)
        self.pull = pull

    def take(self, share):
        self.sens += fit(share, self.vals.shape).astype(self.sens.dtype)

    def __add__(self, other):
        out = Blob(self.vals + other.vals, (self, other))

        def pull():
            self.take(out.sens)
            other.take(out.sens)

        out.pull = pull
        return out

    def __sub__(self, other):
        out = Blob(self.vals - other.vals, (self, other))

        def pull():
            self.take(out.sens)
            other.take(-out.sens)

        out.pull = pull
        return out

    def __mul__(self, other):
        out = Blob(self.vals * other.vals, (self, other))

        def pull():
            self.take(out.sens * other.vals)
            other.take(out.sens * self.vals)

        out.pull = pull
        return out

    def __truediv__(self, other):
        out = Blob(self.vals / other.vals, (self, other))

        def pull():
            self.take(out.sens / other.vals)
            other.take(-out.sens * self.vals / other.vals**2)

        out.pull = pull
        return out

    def dot(self, other):
        out = Blob(np.dot(self.vals, other.vals), (self, other))

        def pull():
            self.take(np.dot(out.sens, other.vals.T))
            other.take(np.dot(self.vals.T, out.sens))

        out.pull = pull
        return out

    def exp(self):
        out = Blob(np.exp(self.vals), (self,))

        def pull():
            self.take(out.sens * out.vals)

        out.pull = pull
        return out

    def log(self):
        out = Blob(np.log(self.vals), (self,))

        def pull():
            self.take(out.sens / self.vals)

        out.pull = pull
        return out

    def total(self, axis=None):
        out = Blob(np.sum(self.vals, axis=axis, keepdims=axis is not None), (self,))

        def pull():
            self.take(np.broadcast_to(out.sens, self.vals.shape))

        out.pull = pull
        return out


def fit(sens, shape):
    while sens.ndim > len(shape):
        sens = sens.sum(0)
    for axis, n in enumerate(shape):
        if n == 1 and sens.shape[axis] > 1:
            sens = sens.sum(axis, keepdims=True)
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
    top.sens = np.ones(top.vals.shape)
    for blob in reversed(order):
        if blob.pull is not None:
            blob.pull()


TEXT = "abacabadab"
letters = sorted(set(TEXT))
codes = [letters.index(c) for c in TEXT]
before = np.eye(len(letters))[codes[:-1]]
after = np.eye(len(letters))[codes[1:]]
embed = Blob(rng.normal(size=(len(letters), 3)) * 0.5)
weigh = Blob(rng.normal(size=(3, len(letters))) * 0.5)
prior = Blob(np.zeros((1, len(letters))))


def surprise(seen, wanted):
    scores = Blob(seen).dot(embed).dot(weigh) + prior
    odds = scores.exp()
    chances = odds / odds.total(axis=1)
    hits = (Blob(wanted) * chances).total(axis=1)
    return Blob(0.0) - hits.log().total() / Blob(len(wanted))


drift = {id(p): np.zeros(p.vals.shape) for p in (embed, weigh, prior)}
for trip in range(7):
    loss = surprise(before, after)
    for p in (embed, weigh, prior):
        p.sens = np.zeros_like(p.sens)
    differentiate(loss)
    for p in (embed, weigh, prior):
        drift[id(p)] = 0.7 * drift[id(p)] - 0.25 * p.sens
        p.vals = p.vals + drift[id(p)]
    print(trip, f"{float(loss.vals):.6f}")
