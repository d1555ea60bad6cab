# The program checks its own gradients by differences before it trains.
import math, random

class A:
    def __init__(self, v, ins=(), dv=()):
        self.v = v; self.gr = 0.0; self.ins = ins; self.dv = dv

add = lambda a, b: A(a.v + b.v, (a, b), (1., 1.))
sub = lambda a, b: A(a.v - b.v, (a, b), (1., -1.))
mul = lambda a, b: A(a.v * b.v, (a, b), (b.v, a.v))
def softplus(a):
    v = max(a.v, 0.0) + math.log1p(math.exp(-abs(a.v)))
    return A(v, (a,), (1 / (1 + math.exp(-a.v)),))

def reverse(root):
    seen, out = set(), []
    todo = [(root, 0)]
    seen.add(id(root))
    while todo:
        n, i = todo.pop()
        if i < len(n.ins):
            todo.append((n, i + 1))
            c = n.ins[i]
            if id(c) not in seen:
                seen.add(id(c))
                todo.append((c, 0))
        else:
            out.append(n)
    root.gr = 1.0
    for n in out[::-1]:
        for c, d in zip(n.ins, n.dv):
            c.gr += d * n.gr

random.seed(44)
pts = [(random.uniform(-1, 1), random.uniform(-1, 1)) for _ in range(30)]
pts = [(a, b, 1 if a * a + b * b > .5 else 0) for a, b in pts]
W = [A(random.gauss(0, 1)) for _ in range(12)]
U = [A(random.gauss(0, .5)) for _ in range(4)]
C = A(0.0)
P = W + U + [C]

def loss_of():
    tot = A(0.0)
    for a, b, y in pts:
        s = C
        for j in range(4):
            pre = add(add(mul(W[3 * j], A(a)), mul(W[3 * j + 1], A(b))), W[3 * j + 2])
            s = add(s, mul(U[j], softplus(pre)))
        z = s if y == 0 else mul(s, A(-1.0))
        tot = add(tot, softplus(z))
    return mul(tot, A(1 / len(pts)))

reverse(loss_of())
worst = 0.0
for p in P:
    keep, h = p.v, 1e-5
    p.v = keep + h
    up = loss_of().v
    p.v = keep - h
    down = loss_of().v
    p.v = keep
    worst = max(worst, abs((up - down) / (2 * h) - p.gr))
print("largest difference", f"{worst:.1e}")
assert worst < 1e-6
for p in P: p.gr = 0.0
for k in range(40):
    L = loss_of()
    reverse(L)
    for p in P:
        p.v -= 0.7 * p.gr
        p.gr = 0.0
    if k % 8 == 0: print(k, round(L.v, 4))
