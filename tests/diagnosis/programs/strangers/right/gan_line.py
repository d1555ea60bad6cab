# Generator and critic on one-dimensional data: five critic steps to one of the generator.
import math, random
rng = random.Random(3)

class N:
    __slots__ = ("v", "g", "up")
    def __init__(self, v, up=()): self.v, self.g, self.up = v, 0.0, up
    def __add__(self, o): return N(self.v + o.v, ((self, 1.0), (o, 1.0)))
    def __mul__(self, o): return N(self.v * o.v, ((self, o.v), (o, self.v)))
    def tanh(self):
        t = math.tanh(self.v)
        return N(t, ((self, 1 - t * t),))
    def softplus(self):
        return N(max(self.v, 0) + math.log1p(math.exp(-abs(self.v))), ((self, 1 / (1 + math.exp(-self.v))),))

def back(root):
    order, seen = [], set()
    def go(n):
        seen.add(n)
        for p, _ in n.up:
            if p not in seen: go(p)
        order.append(n)
    go(root)
    root.g = 1.0
    for n in reversed(order):
        for p, s in n.up: p.g += s * n.g

w = [N(rng.gauss(0, 1)) for _ in range(4)]
c = [N(rng.gauss(0, .5)) for _ in range(4)]
o = [N(rng.gauss(0, .5)) for _ in range(4)]
critic = w + c + o
scale, shift = N(1.0), N(0.0)
maker = [scale, shift]

def judge(x):
    s = N(0.0)
    for a, b, d in zip(w, c, o): s = s + d * (a * x + b).tanh()
    return s

def make(): return scale * N(rng.gauss(0, 1)) + shift

def zero():
    for p in critic + maker: p.g = 0.0

for step in range(60):
    for _ in range(5):
        zero()
        loss_c = N(0.0)
        for _ in range(6):
            real, fake = N(rng.gauss(2, .5)), N(make().v)
            loss_c = loss_c + (judge(real) * N(-1.0)).softplus() + judge(fake).softplus()
        back(loss_c)
        for p in critic: p.v -= 0.03 * p.g
    zero()
    loss_m = N(0.0)
    for _ in range(6): loss_m = loss_m + (judge(make()) * N(-1.0)).softplus()
    back(loss_m)
    for p in maker: p.v -= 0.02 * p.g
    if step % 12 == 0: print(step, round(loss_c.v / 12, 3), round(loss_m.v / 6, 3), "middle", round(shift.v, 3))
