# Sentences of several lengths in one rectangle: padding is masked out of the attention and of the loss.
import math, random
random.seed(81)

class K:
    __slots__ = ("n", "d", "src")
    def __init__(self, n, src=()): self.n, self.d, self.src = n, 0.0, src

def dot(us, vs): return K(sum(u.n * v.n for u, v in zip(us, vs)), tuple([(u, v.n) for u, v in zip(us, vs)] + [(v, u.n) for u, v in zip(us, vs)]))
def add(*ks): return K(sum(k.n for k in ks), tuple((k, 1.0) for k in ks))
def times(k, c): return K(k.n * c, ((k, c),))
def nll(scores, t):
    top = max(s.n for s in scores)
    es = [math.exp(s.n - top) for s in scores]; z = sum(es)
    return K(math.log(z) + top - scores[t].n, tuple((s, e / z - (i == t)) for i, (s, e) in enumerate(zip(scores, es))))
def softmax(scores):
    top = max(s.n for s in scores)
    es = [math.exp(s.n - top) for s in scores]; z = sum(es); ps = [e / z for e in es]
    return [K(p, tuple((s, p * ((i == j) - q)) for j, (s, q) in enumerate(zip(scores, ps)))) for i, p in enumerate(ps)]

def back(root):
    order, seen = [], set()
    def f(k):
        if id(k) in seen: return
        seen.add(id(k))
        for s, _ in k.src: f(s)
        order.append(k)
    f(root); root.d = 1.0
    for k in reversed(order):
        for s, w in k.src: s.d += w * k.d

words = "i you we see hear the a cat dog bird loudly now".split()
PAD = len(words)
texts = ["i see the cat", "you hear a bird now", "we see a dog", "the dog hear the cat loudly", "i hear you"]
ids = [[words.index(w) for w in t.split()] for t in texts]
long = max(map(len, ids))
grid = [t + [PAD] * (long - len(t)) for t in ids]
D = 6
mat = lambda n, m: [[K(random.gauss(0, .4)) for _ in range(m)] for _ in range(n)]
emb, pos, q, k, v, out = mat(PAD, D), mat(long, D), mat(D, D), mat(D, D), mat(D, D), mat(PAD, D)
params = [p for m in (emb, pos, q, k, v, out) for r in m for p in r]
zero_row = [0.0] * D
for step in range(20):
    losses = []
    for row in grid:
        xs = [[add(e, p) for e, p in zip(emb[t], pos[i])] if t != PAD else [K(z) for z in zero_row] for i, t in enumerate(row)]
        qs, ks, vs = ([[dot(r, x) for r in m] for x in xs] for m in (q, k, v))
        for i in range(long - 1):
            if row[i + 1] == PAD: continue
            s = [add(times(dot(qs[i], kk), D ** -.5), K(0.0 if j <= i and row[j] != PAD else -1e9)) for j, kk in enumerate(ks)]
            att = softmax(s)
            y = [add(x, dot(att, col)) for x, col in zip(xs[i], zip(*vs))]
            losses.append(nll([dot(r, y) for r in out], row[i + 1]))
    loss = times(add(*losses), 1 / len(losses))
    back(loss)
    for p in params: p.n -= 0.6 * p.d; p.d = 0.0
    if step % 5 == 0: print(step, round(loss.n, 4))
