"""Adding two-digit binary numbers bit by bit; longer numbers come later. Early steps use a part of the loss."""
import math
import random

rng = random.Random(1234)


class Sc:
    def __init__(self, v, fr=(), loc=()):
        self.v, self.fr, self.loc = v, fr, loc
        self.g = 0.0


def affine(ws, xs, b):
    return Sc(sum(w.v * x.v for w, x in zip(ws, xs)) + b.v, (*ws, *xs, b),
              (*(x.v for x in xs), *(w.v for w in ws), 1.0))


def tanh(a):
    t = math.tanh(a.v)
    return Sc(t, (a,), (1 - t * t,))


def bit_loss(a, bit):
    z = a.v if bit else -a.v
    sign = 1.0 if bit else -1.0
    return Sc(math.log1p(math.exp(-abs(z))) + max(-z, 0.0), (a,), (-sign / (1 + math.exp(z)),))


def average(xs):
    return Sc(sum(x.v for x in xs) / len(xs), tuple(xs), (1 / len(xs),) * len(xs))


def propagate(top):
    seen, order = set(), []

    def rec(s):
        if s not in seen:
            seen.add(s)
            for f in s.fr:
                rec(f)
            order.append(s)

    rec(top)
    top.g = 1.0
    for s in reversed(order):
        for f, l in zip(s.fr, s.loc):
            f.g += l * s.g


H = 6
wx = [[Sc(rng.gauss(0, 0.8)) for _ in range(2 + H)] for _ in range(H)]
bx = [Sc(rng.gauss(0, 0.1)) for _ in range(H)]
wo, bo = [Sc(rng.gauss(0, 0.5)) for _ in range(H)], Sc(0.0)
params = [p for r in wx for p in r] + bx + wo + [bo]
speed = [0.0] * len(params)
for step in range(80):
    bits = 1 if step < 15 else 3
    losses = []
    for _ in range(8):
        a, b = rng.randrange(2 ** bits), rng.randrange(2 ** bits)
        state = [Sc(0.0) for _ in range(H)]
        for i in range(bits + 1):
            xs = [Sc(float(a >> i & 1)), Sc(float(b >> i & 1))] + state
            state = [tanh(affine(w, xs, c)) for w, c in zip(wx, bx)]
            losses.append(bit_loss(affine(wo, state, bo), (a + b) >> i & 1))
    loss = average(losses)
    for p in params:
        p.g = 0.0
    propagate(loss)
    for i, p in enumerate(params):
        speed[i] = 0.8 * speed[i] + p.g
        p.v -= 0.3 * speed[i]
    if step % 16 == 15:
        print(step, bits, round(loss.v, 4))
