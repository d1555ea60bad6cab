# A straight line and a small net, trained side by side on the same points, to compare.
import math, random

class N:
    def __init__(s, v, a=()): s.v, s.g, s.a = v, 0.0, a
    def __add__(s, o): return N(s.v + o.v, ((s, 1), (o, 1)))
    def __sub__(s, o): return N(s.v - o.v, ((s, 1), (o, -1)))
    def __mul__(s, o): return N(s.v * o.v, ((s, o.v), (o, s.v)))
    def tanh(s):
        t = math.tanh(s.v)
        return N(t, ((s, 1 - t * t),))

def backward(n):
    topo, seen = [], set()
    def f(m):
        if m in seen: return
        seen.add(m)
        for c, _ in m.a: f(c)
        topo.append(m)
    f(n); n.g = 1.0
    for m in reversed(topo):
        for c, k in m.a: c.g += k * m.g

class Line:
    def __init__(self): self.w, self.b = N(0.1), N(0.0)
    def __call__(self, x): return self.w * N(x) + self.b
    def params(self): return [self.w, self.b]

class Net:
    def __init__(self, k):
        self.w = [N(random.gauss(0, 1.2)) for _ in range(k)]
        self.b = [N(random.gauss(0, .3)) for _ in range(k)]
        self.o = [N(random.gauss(0, .5)) for _ in range(k)]
    def __call__(self, x):
        y = N(0.0)
        for w, b, o in zip(self.w, self.b, self.o): y = y + o * (w * N(x) + b).tanh()
        return y
    def params(self): return self.w + self.b + self.o

random.seed(5)
pts = [(i / 6, math.sin(i / 4)) for i in range(-9, 16)]
models = {"line": Line(), "net": Net(5)}
history = {k: [] for k in models}
for step in range(40):
    for name, model in models.items():
        loss = N(0.0)
        for x, y in pts:
            d = model(x) - N(y)
            loss = loss + d * d
        loss = loss * N(1 / len(pts))
        backward(loss)
        for p in model.params():
            p.v -= 0.15 * p.g
            p.g = 0.0
        history[name].append(loss.v)
for name in models: print(name, [round(v, 3) for v in history[name][::8]])
