"""Warm-up from a rate of zero, clipping by the norm, decoupled weight decay, on a global tape."""
import math
import random

GEN = random.Random(4)
JOURNAL = []


class Real:
    def __init__(self, now):
        self.now = now
        self.pull = 0.0


def note(now, *terms):
    r = Real(now)
    JOURNAL.append((r, terms))
    return r


def plus(a, b): return note(a.now + b.now, (a, 1.0), (b, 1.0))
def times(a, b): return note(a.now * b.now, (a, b.now), (b, a.now))


def tanh(a):
    t = math.tanh(a.now)
    return note(t, (a, 1 - t * t))


def replay(end):
    end.pull = 1.0
    for r, terms in JOURNAL[::-1]:
        for source, local in terms:
            source.pull += local * r.pull


first = [[Real(GEN.gauss(0, 1)) for _ in range(2)] for _ in range(6)]
second = [Real(GEN.gauss(0, 1)) for _ in range(6)]
shift = Real(0.0)
matrices = [r for row in first for r in row] + second
movable = matrices + [shift]
inputs = [(GEN.uniform(-1, 1), GEN.uniform(-1, 1)) for _ in range(10)]


def model(a, b):
    y = shift
    for (u, v), w in zip(first, second):
        y = plus(y, times(w, tanh(plus(times(u, Real(a)), times(v, Real(b))))))
    return y


def objective():
    total = Real(0.0)
    for a, b in inputs:
        miss = plus(model(a, b), Real(-math.sin(2 * a) * b))
        total = plus(total, times(miss, miss))
    return times(total, Real(0.1))


PEAK, WARM, DECAY, MOST = 0.2, 3, 0.01, 1.0
for step in range(8):
    JOURNAL.clear()
    for r in movable:
        r.pull = 0.0
    loss = objective()
    replay(loss)
    size = math.sqrt(sum(r.pull ** 2 for r in movable))
    if size > MOST:
        for r in movable:
            r.pull *= MOST / size
    rate = PEAK * min(1.0, step / WARM)      # 0 at the very first step
    for r in matrices:
        r.now *= 1 - rate * DECAY
    for r in movable:
        r.now -= rate * r.pull
    print(f"step {step} rate {rate:.3f} loss {loss.now:.6f}")
