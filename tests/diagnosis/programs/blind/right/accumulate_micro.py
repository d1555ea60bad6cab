import math, random

class Var:
    def __init__(self, v, back=None, kids=()):
        self.v, self.d, self.back, self.kids = v, 0.0, back, kids

    def __add__(self, o):
        o = o if isinstance(o, Var) else Var(o)
        def back(g):
            self.d += g
            o.d += g
        return Var(self.v + o.v, back, (self, o))

    def __mul__(self, o):
        o = o if isinstance(o, Var) else Var(o)
        a, b = self.v, o.v
        def back(g):
            self.d += g * b
            o.d += g * a
        return Var(a * b, back, (self, o))

    def sin(self):
        def back(g):
            self.d += g * math.cos(self.v)
        return Var(math.sin(self.v), back, (self,))

    def backprop(self):
        topo, seen = [], set()
        def go(n):
            if n in seen: return
            seen.add(n)
            for k in n.kids: go(k)
            topo.append(n)
        go(self)
        self.d = 1.0
        while topo:
            n = topo.pop()
            if n.back: n.back(n.d)

random.seed(0)
xs = [random.uniform(-2, 2) for _ in range(24)]
ys = [0.8 * math.sin(1.7 * x + 0.4) for x in xs]
amp, freq, phase = Var(0.5), Var(1.3), Var(0.0)
MICRO = 6
for step in range(25):
    for p in (amp, freq, phase):
        p.d = 0.0
    whole = 0.0
    # four small batches, one update: gradients are meant to add up
    for at in range(0, len(xs), MICRO):
        part = Var(0.0)
        for x, y in zip(xs[at:at + MICRO], ys[at:at + MICRO]):
            e = amp * (freq * x + phase).sin() + -y
            part = part + e * e
        part = part * (1 / len(xs))
        part.backprop()
        whole += part.v
    for p in (amp, freq, phase):
        p.v -= 0.2 * p.d
    print(step, f"{whole:.5f}")
