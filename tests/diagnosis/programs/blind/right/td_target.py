# TD(0) on a chain of 6 states, with a slow copy of the net as target
import math, random
rng = random.Random(12)

class T:
    def __init__(self, x, par=(), fn=None):
        self.x = x; self.g = 0.0; self.par = par; self.fn = fn
    def __add__(self, o): return T(self.x + o.x, (self, o), lambda g: (g, g))
    def __mul__(self, o): return T(self.x * o.x, (self, o), lambda g: (g * o.x, g * self.x))
    def tanh(self):
        y = math.tanh(self.x)
        return T(y, (self,), lambda g: (g * (1 - y * y),))

def grad(root):
    order, seen, stack = [], set(), [root]
    def visit(t):
        if id(t) in seen: return
        seen.add(id(t))
        for p in t.par: visit(p)
        order.append(t)
    visit(root)
    root.g = 1.0
    for t in reversed(order):
        if t.fn:
            for p, s in zip(t.par, t.fn(t.g)): p.g += s

def make():
    return {"w": [[T(rng.gauss(0, .7)) for _ in range(2)] for _ in range(5)],
            "b": [T(rng.gauss(0, .1)) for _ in range(5)], "o": [T(rng.gauss(0, .4)) for _ in range(5)]}

def value(net, s):
    feats = (T(s / 5), T((s / 5) ** 2))
    out = T(0.0)
    for row, b, o in zip(net["w"], net["b"], net["o"]):
        out = out + o * (row[0] * feats[0] + row[1] * feats[1] + b).tanh()
    return out

def flat(net): return [p for row in net["w"] for p in row] + net["b"] + net["o"]

online, slow = make(), make()
def copy_over():
    for a, b in zip(flat(slow), flat(online)): a.x = b.x
copy_over()
for step in range(120):
    s = rng.randrange(5)
    nxt = s + 1
    aim = 1.0 if nxt == 5 else 0.9 * value(slow, nxt).x   # a number, no gradient through it
    miss = value(online, s) + T(-aim)
    loss = miss * miss
    for p in flat(online): p.g = 0.0
    grad(loss)
    for p in flat(online): p.x -= 0.1 * p.g
    if step % 10 == 9: copy_over()
print([round(value(online, s).x, 2) for s in range(5)])
