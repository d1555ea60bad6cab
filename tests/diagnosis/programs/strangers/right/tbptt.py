# Running mean of a signal, learnt by a leaky cell; the state goes on, its history does not.
import math
import random

random.seed(64)


class Unit:
    __slots__ = ("out", "err", "below")

    def __init__(self, out, below=()):
        self.out = out
        self.err = 0.0
        self.below = below


def times(a, b):
    return Unit(a.out * b.out, ((a, b.out), (b, a.out)))


def plus(a, b):
    return Unit(a.out + b.out, ((a, 1.0), (b, 1.0)))


def squash(a):
    s = 1 / (1 + math.exp(-a.out))
    return Unit(s, ((a, s * (1 - s)),))


def flip(a):
    return Unit(1 - a.out, ((a, -1.0),))


def unwind(top):
    order, known = [], set()

    def climb(u):
        if id(u) in known:
            return
        known.add(id(u))
        for b, _ in u.below:
            climb(b)
        order.append(u)

    climb(top)
    top.err = 1.0
    for u in reversed(order):
        for b, s in u.below:
            b.err += s * u.err


leak, gain, bias = Unit(0.0), Unit(0.5), Unit(0.1)
params = [leak, gain, bias]
target_state, memory = 0.0, 0.0
for stretch in range(150):
    state = Unit(memory)        # only the number is carried over
    loss = Unit(0.0)
    for _ in range(6):
        x = random.gauss(1, 1)
        target_state = 0.8 * target_state + 0.2 * x
        keep = squash(leak)
        state = plus(times(keep, state), times(flip(keep), Unit(x)))
        miss = plus(plus(times(gain, state), bias), Unit(-target_state))
        loss = plus(loss, times(miss, miss))
    loss = times(loss, Unit(1 / 6))
    for p in params:
        p.err = 0.0
    unwind(loss)
    for p in params:
        p.out -= 0.3 * p.err
    memory = state.out
    if stretch % 25 == 0:
        print(stretch, round(loss.out, 4), [round(p.out, 3) for p in params])
