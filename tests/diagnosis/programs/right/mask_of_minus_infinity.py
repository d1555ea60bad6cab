"""Attention that looks back only: what lies ahead gets minus infinity added."""

import math
import random


class Value:
    __slots__ = ("data", "grad", "_parents", "_derivs")

    def __init__(self, data, children=(), local_grads=()):
        self.data = data
        self.grad = 0.0
        self._parents = children
        self._derivs = local_grads

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, other):
        return Value(self.data**other, (self,), (other * self.data ** (other - 1),))

    def exp(self):
        e = math.exp(self.data)
        return Value(e, (self,), (e,))

    def log(self):
        return Value(math.log(self.data), (self,), (1.0 / self.data,))

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + (-other)

    def __truediv__(self, other):
        return self * other**-1

    __radd__ = __add__
    __rmul__ = __mul__

    def backward(self):
        topo, visited = [], set()

        def build(v):
            if v not in visited:
                visited.add(v)
                for child in v._parents:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            for child, local_grad in zip(v._parents, v._derivs):
                child.grad += local_grad * v.grad


random.seed(26)
text = [0, 1, 2, 0, 1]
D = 2


def matrix(n, m):
    return [[Value(random.gauss(0, 0.7)) for _ in range(m)] for _ in range(n)]


emb, place = matrix(3, D), matrix(4, D)
wq, wk, wv, out = matrix(D, D), matrix(D, D), matrix(D, D), matrix(3, D)
params = [p for m in (emb, place, wq, wk, wv, out) for row in m for p in row]


def times(m, x):
    return [sum((w * xi for w, xi in zip(row, x)), Value(0.0)) for row in m]


def softmax(scores):
    top = max(s.data for s in scores)
    exps = [(s - top).exp() for s in scores]
    total = sum(exps, Value(0.0))
    return [e / total for e in exps]


def loss_of():
    xs = [[e + p for e, p in zip(emb[t], place[i])] for i, t in enumerate(text[:-1])]
    qs, ks, vs = [times(wq, x) for x in xs], [times(wk, x) for x in xs], [times(wv, x) for x in xs]
    total = Value(0.0)
    for i, q in enumerate(qs):
        scores = [sum((a * b for a, b in zip(q, k)), Value(0.0)) * D**-0.5 for k in ks]
        scores = [s + (0.0 if j <= i else -math.inf) for j, s in enumerate(scores)]
        weights = softmax(scores)
        mixed = [sum((w * v[d] for w, v in zip(weights, vs)), Value(0.0)) for d in range(D)]
        probs = softmax(times(out, [x + m for x, m in zip(xs[i], mixed)]))
        total = total - probs[text[i + 1]].log()
    return total * (1 / len(qs))


for step in range(5):
    loss = loss_of()
    for p in params:
        p.grad = 0.0
    loss.backward()
    for p in params:
        p.data -= 0.3 * p.grad
    print(step, f"{loss.data:.5f}")
