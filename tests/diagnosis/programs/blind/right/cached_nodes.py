# Hidden layers of a word are computed once per step and used for all its pairs.
import math, random
rg = random.Random(64)

class Q:
    live = 0
    def __init__(self, v, src=(), d=()):
        Q.live += 1
        self.v, self.grad, self.src, self.d = v, 0.0, src, d
    def __add__(self, o): return Q(self.v + o.v, (self, o), (1.0, 1.0))
    def __mul__(self, o): return Q(self.v * o.v, (self, o), (o.v, self.v))
    def tanh(self):
        t = math.tanh(self.v)
        return Q(t, (self,), (1 - t * t,))

def softplus(a):
    return Q(math.log1p(math.exp(-abs(a.v))) + max(a.v, 0), (a,), (1 / (1 + math.exp(-a.v)),))

def back(root):
    order, seen = [], set()
    def v(n):
        if n in seen: return
        seen.add(n)
        for s in n.src: v(s)
        order.append(n)
    v(root)
    root.grad = 1.0
    for n in reversed(order):
        for s, d in zip(n.src, n.d): s.grad += d * n.grad

features = {"cat": (1, 0, .9), "dog": (1, .1, .8), "car": (0, 1, .1), "bus": (.1, 1, .2), "cow": (.9, 0, .5)}
pairs = [("cat", "dog", 1), ("car", "bus", 1), ("cat", "car", 0), ("dog", "bus", 0), ("cow", "cat", 1), ("cow", "bus", 0)]
W = [[Q(rg.gauss(0, .7)) for _ in range(3)] for _ in range(3)]
off = Q(0.0)
params = [p for r in W for p in r] + [off]
cache = {}

def vec(word):
    if word not in cache:
        x = [Q(f) for f in features[word]]
        cache[word] = [(r[0] * x[0] + r[1] * x[1] + r[2] * x[2]).tanh() for r in W]
    return cache[word]

for step in range(30):
    cache.clear()
    loss = Q(0.0)
    for a, b, same in pairs:
        s = off
        for p, q in zip(vec(a), vec(b)): s = s + p * q
        loss = loss + softplus(s * Q(-1.0 if same else 1.0))
    back(loss)
    for p in params: p.v -= 0.3 * p.grad
    for p in params: p.grad = 0.0
    if step % 6 == 0: print(step, round(loss.v, 4))
