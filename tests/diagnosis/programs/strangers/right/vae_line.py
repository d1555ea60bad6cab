# Variational autoencoder of one number; the noise is drawn outside and is a constant of the graph.
import math, random
rs = random.Random(27)

class T:
    def __init__(self, v, par=(), rule=None): self.v, self.g, self.par, self.rule = v, 0.0, par, rule
    def __add__(a, b):
        b = b if isinstance(b, T) else T(b)
        return T(a.v + b.v, (a, b), lambda g: (g, g))
    def __sub__(a, b):
        b = b if isinstance(b, T) else T(b)
        return T(a.v - b.v, (a, b), lambda g: (g, -g))
    def __mul__(a, b):
        b = b if isinstance(b, T) else T(b)
        return T(a.v * b.v, (a, b), lambda g: (g * b.v, g * a.v))
    def exp(a):
        e = math.exp(a.v)
        return T(e, (a,), lambda g: (g * e,))

def backprop(root):
    order, seen = [], set()
    def go(t):
        if t in seen: return
        seen.add(t)
        for p in t.par: go(p)
        order.append(t)
    go(root); root.g = 1.0
    for t in reversed(order):
        if t.rule:
            for p, s in zip(t.par, t.rule(t.g)): p.g += s

enc_m, enc_c, enc_s, enc_d = enc = [T(0.3), T(0.1), T(0.1), T(-0.5)]
dec_w, dec_b = dec = [T(0.5), T(0.2)]
xs = [rs.gauss(3, 2) / 2 for _ in range(30)]
for step in range(60):
    batch = rs.sample(xs, 10)
    loss = T(0.0)
    for x in batch:
        mean = enc_m * x + enc_c
        logvar = enc_s * x + enc_d
        z = mean + (logvar * 0.5).exp() * rs.gauss(0, 1)
        miss = dec_w * z + dec_b - x
        kl = (mean * mean + logvar.exp() - logvar - 1) * 0.5
        loss = loss + miss * miss * 2 + kl
    loss = loss * 0.1
    for p in enc + dec: p.g = 0.0
    backprop(loss)
    for p in enc + dec: p.v -= 0.03 * p.g
    if step % 12 == 0: print(step, round(loss.v, 4))
