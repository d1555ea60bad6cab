"""A word that is covered is guessed from both sides: no text is read ahead of itself."""

import math
import random


class Value:
    __slots__ = ("data", "grad", "_children", "_local_grads")

    def __init__(self, data, children=(), local_grads=()):
        self.data = data
        self.grad = 0.0
        self._children = children
        self._local_grads = local_grads

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
                for child in v._children:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            for child, local_grad in zip(v._children, v._local_grads):
                child.grad += local_grad * v.grad


random.seed(41)
COVER, D = 3, 2
text = [0, 1, 2, 1]


def matrix(n, m):
    return [[Value(random.gauss(0, 0.7)) for _ in range(m)] for _ in range(n)]


emb, pos, wq, wk, out = matrix(4, D), matrix(4, D), matrix(D, D), matrix(D, D), matrix(3, D)
params = [p for m in (emb, pos, wq, wk, out) for row in m for p in row]


def times(m, x):
    return [sum((w * xi for w, xi in zip(row, x)), Value(0.0)) for row in m]


def softmax(scores):
    exps = [s.exp() for s in scores]
    total = sum(exps, Value(0.0))
    return [e / total for e in exps]


def loss_of(hidden):
    given = [COVER if i == hidden else t for i, t in enumerate(text)]
    xs = [[a + b for a, b in zip(emb[t], pos[i])] for i, t in enumerate(given)]
    q, ks = times(wq, xs[hidden]), [times(wk, x) for x in xs]
    weights = softmax([sum((a * b for a, b in zip(q, k)), Value(0.0)) * D**-0.5 for k in ks])
    mixed = [sum((w * x[d] for w, x in zip(weights, xs)), Value(0.0)) for d in range(D)]
    return -softmax(times(out, mixed))[text[hidden]].log()


for step in range(6):
    loss = loss_of(0) + loss_of(1) + loss_of(2) + loss_of(3)
    for p in params:
        p.grad = 0.0
    loss.backward()
    for p in params:
        p.data -= 0.2 * p.grad
    print(step, f"{loss.data:.5f}")
