# Q-learning on a line of five cells; the target is a slowly following copy (Polyak).
import math, random
rng = random.Random(2020)

class V:
    def __init__(self, d, ops=()): self.d, self.g, self.ops = d, 0.0, ops
    def __add__(self, o): return V(self.d + o.d, ((self, 1.0), (o, 1.0)))
    def __mul__(self, o): return V(self.d * o.d, ((self, o.d), (o, self.d)))
    def relu(self): return V(self.d, ((self, 1.0),)) if self.d > 0 else V(0.0, ((self, 0.0),))
    def back(self):
        order, seen = [], set()
        def f(v):
            if v in seen: return
            seen.add(v)
            for o, _ in v.ops: f(o)
            order.append(v)
        f(self)
        self.g = 1.0
        for v in order[::-1]:
            for o, s in v.ops: o.g += s * v.g

class QNet:
    def __init__(self):
        self.w = [[V(rng.gauss(0, .6)) for _ in range(5)] for _ in range(8)]
        self.b = [V(rng.uniform(0, .2)) for _ in range(8)]
        self.o = [[V(rng.gauss(0, .3)) for _ in range(8)] for _ in range(2)]
    def __call__(self, s):
        h = [(row[s] + b).relu() for row, b in zip(self.w, self.b)]
        out = []
        for row in self.o:
            q = V(0.0)
            for w, x in zip(row, h): q = q + w * x
            out.append(q)
        return out
    def all(self): return [p for r in self.w + self.o for p in r] + self.b

net, slow = QNet(), QNet()
for a, b in zip(slow.all(), net.all()): a.d = b.d
memory = []
for s in range(5):
    for a in (0, 1):
        t = max(0, s - 1) if a == 0 else min(4, s + 1)
        memory.append((s, a, 1.0 if t == 4 else 0.0, t))
for step in range(150):
    loss = V(0.0)
    for s, a, r, t in rng.sample(memory, 4):
        aim = r + 0.8 * max(q.d for q in slow(t))
        d = net(s)[a] + V(-aim)
        loss = loss + d * d
    for p in net.all(): p.g = 0.0
    loss.back()
    for p in net.all(): p.d -= 0.03 * p.g
    for a, b in zip(slow.all(), net.all()): a.d = 0.9 * a.d + 0.1 * b.d
    if step % 30 == 0: print(step, round(loss.d, 4))
print(["<>"[net(s)[1].d > net(s)[0].d] for s in range(5)])
