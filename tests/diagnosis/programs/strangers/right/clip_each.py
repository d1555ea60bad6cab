# Poisson-like counts with rare large ones; each slope is clipped to [-1, 1] before it is used.
import math, random
rng = random.Random(7)

class Nd:
    def __init__(self, v, src=()): self.v = v; self.d = 0.0; self.src = src

def add(a, b): return Nd(a.v + b.v, ((a, 1.0), (b, 1.0)))
def mul(a, b): return Nd(a.v * b.v, ((a, b.v), (b, a.v)))
def exp(a):
    e = math.exp(a.v)
    return Nd(e, ((a, e),))

def back(root):
    order, seen = [], set()
    def f(n):
        if id(n) in seen: return
        seen.add(id(n))
        for s, _ in n.src: f(s)
        order.append(n)
    f(root)
    root.d = 1.0
    for n in reversed(order):
        for s, k in n.src: s.d += k * n.d

rows = []
for _ in range(30):
    x = [rng.uniform(-1, 1) for _ in range(3)]
    mean = math.exp(1.0 + 1.5 * x[0] - x[1])
    rows.append((x, round(mean * (6 if rng.random() < .1 else 1))))
w = [Nd(0.0) for _ in range(3)]
b = Nd(0.0)
for step in range(60):
    loss = Nd(0.0)
    for x, k in rows:
        eta = b
        for wi, xi in zip(w, x): eta = add(eta, mul(wi, Nd(xi)))
        loss = add(loss, add(exp(eta), mul(eta, Nd(-float(k)))))
    loss = mul(loss, Nd(1 / len(rows)))
    for p in w + [b]: p.d = 0.0
    back(loss)
    for p in w + [b]: p.d = max(-1.0, min(1.0, p.d))
    for p in w + [b]: p.v -= 0.1 * p.d
    if step % 12 == 0: print(step, round(loss.v, 4), [round(p.v, 2) for p in w + [b]])
