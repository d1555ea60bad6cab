"""Bold driver: a step that makes the loss larger is taken back and the rate is halved."""
import math
import random

random.seed(88)


class Num:
    def __init__(self, val, args=(), diff=()):
        self.val, self.args, self.diff = val, args, diff
        self.grad = 0.0

    def __add__(self, o):
        return Num(self.val + o.val, (self, o), (1.0, 1.0))

    def __sub__(self, o):
        return Num(self.val - o.val, (self, o), (1.0, -1.0))

    def __mul__(self, o):
        return Num(self.val * o.val, (self, o), (o.val, self.val))

    def sin(self):
        return Num(math.sin(self.val), (self,), (math.cos(self.val),))

    def backward(self):
        order, seen = [], set()

        def visit(n):
            if n not in seen:
                seen.add(n)
                for a in n.args:
                    visit(a)
                order.append(n)

        visit(self)
        self.grad = 1.0
        for n in reversed(order):
            for a, d in zip(n.args, n.diff):
                a.grad += d * n.grad


times = [k / 10 for k in range(30)]
seen = [1.2 * math.sin(2.1 * t + 0.5) + 0.3 for t in times]
size, speed, phase, level = params = [Num(0.8), Num(1.9), Num(0.2), Num(0.0)]


def loss_now():
    s = Num(0.0)
    for t, y in zip(times, seen):
        d = size * (speed * Num(t) + phase).sin() + level - Num(y)
        s = s + d * d
    return s * Num(1 / len(times))


rate = 0.05
loss = loss_now()
for step in range(40):
    for p in params:
        p.grad = 0.0
    loss.backward()
    before = [p.val for p in params]
    for p in params:
        p.val -= rate * p.grad
    trial = loss_now()
    if trial.val < loss.val:
        loss, rate = trial, rate * 1.1
    else:
        for p, v in zip(params, before):
            p.val = v
        loss, rate = loss_now(), rate / 2
    if step % 8 == 0:
        print(step, f"{loss.val:.5f}", f"rate {rate:.3f}")
