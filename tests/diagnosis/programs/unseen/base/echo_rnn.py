"""A recurrent net predicting the next value of a wave; operations are written on a tape; clipped SGD."""
import math
import random

TAPE = []


class Var:
    def __init__(self, value):
        self.value = value
        self.adj = 0.0


def add(a, b):
    out = Var(a.value + b.value)
    TAPE.append(("add", out, a, b))
    return out


def sub(a, b):
    out = Var(a.value - b.value)
    TAPE.append(("sub", out, a, b))
    return out


def mul(a, b):
    out = Var(a.value * b.value)
    TAPE.append(("mul", out, a, b))
    return out


def tanh(a):
    out = Var(math.tanh(a.value))
    TAPE.append(("tanh", out, a, None))
    return out


def rewind(loss):
    loss.adj = 1.0
    for kind, out, a, b in reversed(TAPE):
        if kind == "add":
            a.adj += out.adj
            b.adj += out.adj
        elif kind == "sub":
            a.adj += out.adj
            b.adj -= out.adj
        elif kind == "mul":
            a.adj += out.adj * b.value
            b.adj += out.adj * a.value
        elif kind == "tanh":
            a.adj += out.adj * (1 - out.value ** 2)


gen = random.Random(3)
H = 4


def vec(n, s):
    return [Var(gen.uniform(-s, s)) for _ in range(n)]


Wx = vec(H, 0.8)
Wh = [vec(H, 0.5) for _ in range(H)]
bh = vec(H, 0.1)
Wo = vec(H, 0.8)
bo = Var(0.0)
trainable = Wx + [w for row in Wh for w in row] + bh + Wo + [bo]
wave = [0.8 * math.sin(0.7 * t) for t in range(10)]


def cell(x, state):
    fresh = []
    for i in range(H):
        z = add(mul(Wx[i], Var(x)), bh[i])
        for j in range(H):
            z = add(z, mul(Wh[i][j], state[j]))
        fresh.append(tanh(z))
    return fresh


def readout(state):
    y = bo
    for w, s in zip(Wo, state):
        y = add(y, mul(w, s))
    return y


def sequence_loss(state):
    total = Var(0.0)
    for t in range(len(wave) - 1):
        state = cell(wave[t], state)
        d = sub(readout(state), Var(wave[t + 1]))
        total = add(total, mul(d, d))
    return mul(total, Var(1.0 / (len(wave) - 1)))


def clip(limit):
    size = math.sqrt(sum(p.adj ** 2 for p in trainable))
    if size > limit:
        for p in trainable:
            p.adj *= limit / size


for epoch in range(6):
    TAPE.clear()
    for p in trainable:
        p.adj = 0.0
    start = [Var(0.0) for _ in range(H)]
    L = sequence_loss(start)
    rewind(L)
    clip(0.5)
    for p in trainable:
        p.value -= 0.3 * p.adj
    print("epoch", epoch, "loss %.6f" % L.value)
