import math
import random


class Scalar:
    def __init__(self, data, operands=()):
        self.data = data
        self.grad = 0.0
        self.operands = operands
        self.give = lambda: None

    def __add__(self, other):
        out = Scalar(self.data + other.data, (self, other))

        def give():
            self.grad += out.grad
            other.grad += out.grad
        out.give = give
        return out

    def __sub__(self, other):
        out = Scalar(self.data - other.data, (self, other))

        def give():
            self.grad += out.grad
            other.grad -= out.grad
        out.give = give
        return out

    def __mul__(self, other):
        out = Scalar(self.data * other.data, (self, other))

        def give():
            self.grad += out.grad * other.data
            other.grad += out.grad * self.data
        out.give = give
        return out

    def clamp_below(self):
        """max(x, 0)"""
        out = Scalar(self.data if self.data > 0 else 0.0, (self,))

        def give():
            if self.data > 0:
                self.grad += out.grad
        out.give = give
        return out

    def backward(self):
        order, seen = [], set()

        def visit(s):
            if s not in seen:
                seen.add(s)
                for o in s.operands:
                    visit(o)
                order.append(s)
        visit(self)
        self.grad = 1.0
        for s in reversed(order):
            s.give()


random.seed(70)
kinds = [[random.gauss(m, 0.6) for m in (0, k, -k, 1)] for k in (0, 1, 2) for _ in range(5)]
encoder = [[Scalar(random.gauss(0, 0.4)) for _ in range(4)] for _ in range(2)]
weights = [w for row in encoder for w in row]


def embed(x):
    out = []
    for row in encoder:
        s = Scalar(0.0)
        for w, v in zip(row, x):
            s = s + w * Scalar(v)
        out.append(s)
    return out


def apart(u, v):
    s = Scalar(0.0)
    for a, b in zip(u, v):
        d = a - b
        s = s + d * d
    return s


for step in range(30):
    loss, active = Scalar(0.0), 0
    for _ in range(12):
        k, other = random.sample(range(3), 2)
        a, p = random.sample(range(5), 2)
        anchor, like, unlike = (embed(kinds[i]) for i in (5 * k + a, 5 * k + p, 5 * other + random.randrange(5)))
        term = (apart(anchor, like) - apart(anchor, unlike) + Scalar(1.0)).clamp_below()
        active += term.data > 0
        loss = loss + term * Scalar(1 / 12)
    for w in weights:
        w.grad = 0.0
    loss.backward()
    for w in weights:
        w.data -= 0.05 * w.grad
    if step % 6 == 0:
        print(step, round(loss.data, 4), "active", active)
