"""Momentum without a second buffer: the old gradient is shrunk, not zeroed, and the new one comes on top."""
import math
import random

source = random.Random(10)


class Dual:
    def __init__(self, p, uses=(), fn=None):
        self.p, self.uses, self.fn, self.t = p, uses, fn, 0.0

    def __add__(self, o):
        o = o if isinstance(o, Dual) else Dual(o)
        return Dual(self.p + o.p, (self, o), lambda t: (t, t))

    def __sub__(self, o):
        o = o if isinstance(o, Dual) else Dual(o)
        return Dual(self.p - o.p, (self, o), lambda t: (t, -t))

    def __mul__(self, o):
        o = o if isinstance(o, Dual) else Dual(o)
        return Dual(self.p * o.p, (self, o), lambda t: (t * o.p, t * self.p))

    def max0(self):
        return Dual(max(self.p, 0.0), (self,), lambda t: (t if self.p > 0 else 0.0,))

    __radd__ = __add__
    __rmul__ = __mul__


def reverse(end):
    consumers, todo, met = {}, [end], {id(end)}
    while todo:                                   # how many still have to report to each?
        d = todo.pop()
        for u in d.uses:
            consumers[id(u)] = consumers.get(id(u), 0) + 1
            if id(u) not in met:
                met.add(id(u))
                todo.append(u)
    end.t = 1.0
    ready = [end]
    while ready:
        d = ready.pop()
        if d.fn is None:
            continue
        for u, share in zip(d.uses, d.fn(d.t)):
            u.t += share
            consumers[id(u)] -= 1
            if consumers[id(u)] == 0:
                ready.append(u)


units = 6
ws = [Dual(source.gauss(0, 1)) for _ in range(units)]
bs = [Dual(source.gauss(0, 1)) for _ in range(units)]
vs = [Dual(source.gauss(0, 0.5)) for _ in range(units)]
theta = ws + bs + vs
grid = [k / 5 - 1 for k in range(11)]

for step in range(8):
    loss = Dual(0.0)
    for x in grid:
        y = sum(v * (w * x + b).max0() for w, b, v in zip(ws, bs, vs))
        off = y - math.cos(3 * x)
        loss = loss + off * off
    loss = loss * (1 / len(grid))
    for d in theta:
        d.t *= 0.7                                # what is left of the earlier pushes
    reverse(loss)
    for d in theta:
        d.p -= 0.05 * d.t
    print("step", step, "loss %.6f" % loss.p)
