"""Regression with a global tape: every operation leaves a record, the tape is replayed backwards."""
import random

TAPE = []


class Num:
    def __init__(self, v):
        self.v = v
        self.g = 0.0


def record(value, ins, pullback):
    out = Num(value)
    TAPE.append((out, ins, pullback))
    return out


def add(a, b):
    return record(a.v + b.v, (a, b), lambda g: (g, g))


def sub(a, b):
    return record(a.v - b.v, (a, b), lambda g: (g, -g))


def mul(a, b):
    return record(a.v * b.v, (a, b), lambda g: (g * b.v, g * a.v))


def square(a):
    return record(a.v ** 2, (a,), lambda g: (g * 2 * a.v,))


def leaky(a):
    k = 1.0 if a.v > 0 else 0.1
    return record(a.v * k, (a,), lambda g: (g * k,))


def scale(a, c):
    return record(a.v * c, (a,), lambda g: (g * c,))


def rewind(loss):
    loss.g = 1.0
    for out, ins, pullback in reversed(TAPE):
        for node, piece in zip(ins, pullback(out.g)):
            node.g += piece


def dense(rows, biases, xs):
    outs = []
    for row, bias in zip(rows, biases):
        acc = bias
        for w, x in zip(row, xs):
            acc = add(acc, mul(w, x))
        outs.append(acc)
    return outs


dice = random.Random(12)


def matrix(n, m):
    return [[Num(dice.gauss(0, 0.7)) for _ in range(m)] for _ in range(n)]


W_in, b_in = matrix(5, 2), [Num(0.05) for _ in range(5)]
W_mid, b_mid = matrix(4, 5), [Num(0.05) for _ in range(4)]
W_out, b_out = matrix(1, 4), [Num(0.0)]

body = [w for M in (W_in, W_mid) for row in M for w in row] + b_in + b_mid
head = [w for row in W_out for w in row] + b_out

samples = []
for _ in range(9):
    p, q = dice.uniform(-1, 1), dice.uniform(-1, 1)
    samples.append((p, q, p * q + 0.5 * p))


def forward():
    errors = []
    for p, q, want in samples:
        h = [leaky(z) for z in dense(W_in, b_in, [Num(p), Num(q)])]
        h = [leaky(z) for z in dense(W_mid, b_mid, h)]
        y = dense(W_out, b_out, h)[0]
        errors.append(square(sub(y, Num(want))))
    loss = errors[0]
    for e in errors[1:]:
        loss = add(loss, e)
    return scale(loss, 1.0 / len(errors))


LR_BODY, LR_HEAD = 0.1, 0.05
for turn in range(6):
    TAPE.clear()
    for n in body + head:
        n.g = 0.0
    loss = forward()
    rewind(loss)
    for n in body:
        n.v -= LR_BODY * n.g
    for n in head:
        n.v -= LR_HEAD * n.g
    print("turn", turn, "loss", "%.6f" % loss.v)
