"""Checks its own gradients by moving each weight and putting it back, then trains and keeps averaged weights."""
import random
from dataclasses import dataclass, field

random.seed(12)


@dataclass(eq=False)
class Knob:
    pos: float
    parts: list = field(default_factory=list)      # [(knob, local)]
    force: float = 0.0

    def __add__(self, k):
        k = k if isinstance(k, Knob) else Knob(k)
        return Knob(self.pos + k.pos, [(self, 1.0), (k, 1.0)])

    def __mul__(self, k):
        k = k if isinstance(k, Knob) else Knob(k)
        return Knob(self.pos * k.pos, [(self, k.pos), (k, self.pos)])

    def elu(self):
        if self.pos > 0:
            return Knob(self.pos, [(self, 1.0)])
        e = 2.718281828459045 ** self.pos
        return Knob(e - 1.0, [(self, e)])

    __radd__, __rmul__ = __add__, __mul__


def transmit(root):
    line, on = [], set()

    def queue_up(k):
        if k in on:
            return
        on.add(k)
        for p, _ in k.parts:
            queue_up(p)
        line.append(k)
    queue_up(root)
    for k in line:
        k.force = 0.0
    root.force = 1.0
    for k in reversed(line):
        for p, local in k.parts:
            p.force += k.force * local


inside = [[Knob(random.gauss(0, 0.8)) for _ in range(3)] for _ in range(4)]    # two weights and a bias
outside = [Knob(random.gauss(0, 0.8)) for _ in range(5)]
knobs = [k for row in inside for k in row] + outside
cases = [(a / 2, b / 2) for a in (-1, 0, 2) for b in (-2, 1, 2)]


def cost():
    total = Knob(0.0)
    for a, b in cases:
        hs = [(u * a + v * b + w).elu() for u, v, w in inside]
        miss = sum((o * h for o, h in zip(outside, hs)), outside[-1]) + -(a * a - b)
        total = total + miss * miss
    return total * (1 / len(cases))


def grad_check(eps=1e-5):
    transmit(cost())
    worst = 0.0
    for k in knobs:
        here, kept = k.pos, k.force
        k.pos = here + eps
        high = cost().pos
        k.pos = here - eps
        low = cost().pos
        k.pos = here
        worst = max(worst, abs((high - low) / (2 * eps) - kept))
    return worst


assert grad_check() < 1e-6
average = [Knob(k.pos) for k in knobs]
for step in range(7):
    loss = cost()
    transmit(loss)
    for k in knobs:
        k.pos -= 0.05 * k.force
    for a, k in zip(average, knobs):
        a.pos = 0.8 * a.pos + 0.2 * k.pos
    live = [k.pos for k in knobs]
    for k, a in zip(knobs, average):
        k.pos = a.pos
    averaged = cost().pos                  # how good are the averages?
    for k, was in zip(knobs, live):
        k.pos = was
    print(f"step {step} averaged {averaged:.5f} loss {loss.pos:.6f}")
