# Autoencoder with tied weights: the decoder is the transpose of the encoder.
import math, random
random.seed(1)

class V:
    def __init__(self, x, ch=()):
        self.x, self.dx, self.ch = x, 0.0, ch
    def __add__(self, o): return V(self.x + o.x, ((self, 1.0), (o, 1.0)))
    def __mul__(self, o): return V(self.x * o.x, ((self, o.x), (o, self.x)))
    def tanh(self):
        t = math.tanh(self.x)
        return V(t, ((self, 1 - t * t),))

def backward(root):
    topo, seen = [], set()
    def f(v):
        if v in seen: return
        seen.add(v)
        for c, _ in v.ch: f(c)
        topo.append(v)
    f(root)
    root.dx = 1.0
    for v in reversed(topo):
        for c, s in v.ch: c.dx += s * v.dx

W = [[V(random.gauss(0, 0.5)) for _ in range(5)] for _ in range(2)]
b_code, b_back = [V(0.0) for _ in range(2)], [V(0.0) for _ in range(5)]
theta = [p for r in W for p in r] + b_code + b_back
data = []
for _ in range(14):
    u, w = random.uniform(-1, 1), random.uniform(-1, 1)
    data.append([u, w, u - w, 0.5 * u + w, -u])
for epoch in range(40):
    loss = V(0.0)
    for row in data:
        code = []
        for r, b in zip(W, b_code):
            s = b
            for w, x in zip(r, row): s = s + w * V(x)
            code.append(s.tanh())
        for j, x in enumerate(row):
            s = b_back[j]
            for i in range(2): s = s + W[i][j] * code[i]
            d = s + V(-x)
            loss = loss + d * d
    loss = loss * V(1 / (5 * len(data)))
    for p in theta: p.dx = 0.0
    backward(loss)
    for p in theta: p.x -= 0.8 * p.dx
    if epoch % 8 == 0: print(epoch, round(loss.x, 4))
