"""The same small net from three starts; the best start wins. Parameters are set anew in place."""
import math, random

class P:
    def __init__(self, x, fr=()):
        self.x, self.g, self.fr = x, 0.0, fr
    def __add__(self, o): return P(self.x + o.x, ((self, 1.0), (o, 1.0)))
    def __mul__(self, o): return P(self.x * o.x, ((self, o.x), (o, self.x)))
    def tanh(self):
        t = math.tanh(self.x)
        return P(t, ((self, 1.0 - t * t),))

def run_back(p):
    topo, seen = [], set()
    def down(q):
        seen.add(q)
        for r, _ in q.fr:
            if r not in seen: down(r)
        topo.append(q)
    down(p)
    p.g = 1.0
    for q in topo[::-1]:
        for r, s in q.fr: r.g += q.g * s

w, b, o, c = [P(0.0) for _ in range(4)], [P(0.0) for _ in range(4)], [P(0.0) for _ in range(4)], P(0.0)
params = w + b + o + [c]
data = [(x / 5, math.exp(-(x / 5) ** 2)) for x in range(-10, 11)]

def loss_fn():
    total = P(0.0)
    for x, y in data:
        out = c
        for wi, bi, oi in zip(w, b, o): out = out + oi * (wi * P(x) + bi).tanh()
        d = out + P(-y)
        total = total + d * d
    return total * P(1 / len(data))

best = (float("inf"), None)
for seed in (1, 2, 3):
    random.seed(seed)
    for p in params: p.x = random.gauss(0, 0.8)
    for step in range(25):
        for p in params: p.g = 0.0
        loss = loss_fn()
        run_back(loss)
        for p in params: p.x -= 0.2 * p.g
    final = loss_fn().x
    print("start", seed, round(final, 5))
    if final < best[0]: best = (final, [p.x for p in params])
for p, x in zip(params, best[1]): p.x = x
print("best", round(loss_fn().x, 5))
