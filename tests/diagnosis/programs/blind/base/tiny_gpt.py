"""A two-layer transformer on short words. Each node keeps pairs (operand, slope)."""
import math
import random

random.seed(1337)


class V:
    __slots__ = ("x", "dx", "src")

    def __init__(self, x, src=()):
        self.x = x
        self.dx = 0.0
        self.src = src


def add(*vs):
    return V(sum(v.x for v in vs), tuple((v, 1.0) for v in vs))


def mul(a, b):
    return V(a.x * b.x, ((a, b.x), (b, a.x)))


def dot(us, vs):
    pairs = []
    for u, v in zip(us, vs):
        pairs.append((u, v.x))
        pairs.append((v, u.x))
    return V(sum(u.x * v.x for u, v in zip(us, vs)), tuple(pairs))


def times(a, k):
    return V(a.x * k, ((a, k),))


def power(a, n):
    return V(a.x ** n, ((a, n * a.x ** (n - 1)),))


def exp(a):
    e = math.exp(a.x)
    return V(e, ((a, e),))


def log(a):
    return V(math.log(a.x), ((a, 1 / a.x),))


def relu(a):
    return V(a.x, ((a, 1.0),)) if a.x > 0 else V(0.0, ((a, 0.0),))


def backward(root):
    order, done = [], set()

    def walk(v):
        if id(v) in done:
            return
        done.add(id(v))
        for s, _ in v.src:
            walk(s)
        order.append(v)

    walk(root)
    root.dx = 1.0
    for v in reversed(order):
        for s, slope in v.src:
            s.dx += slope * v.dx


def softmax(zs):
    m = max(z.x for z in zs)
    es = [exp(add(z, V(-m))) for z in zs]
    inv = power(add(*es), -1)
    return [mul(e, inv) for e in es]


def norm(xs):
    ms = times(dot(xs, xs), 1 / len(xs))
    s = power(add(ms, V(1e-5)), -0.5)
    return [mul(x, s) for x in xs]


words = ["banana", "bandana", "cabana", "nab", "cab", "dab", "canada"]
letters = sorted(set("".join(words)))
BOS = len(letters)
vocab = BOS + 1
dim, heads, layers, room = 8, 2, 2, 8
hd = dim // heads


def mat(n, m, s=0.25):
    return [[V(random.gauss(0, s)) for _ in range(m)] for _ in range(n)]


par = {"wte": mat(vocab, dim), "wpe": mat(room, dim), "head": mat(vocab, dim)}
for l in range(layers):
    for name in "qkvo":
        par[f"{name}{l}"] = mat(dim, dim)
    par[f"up{l}"] = mat(2 * dim, dim)
    par[f"down{l}"] = mat(dim, 2 * dim)
weights = [w for m in par.values() for row in m for w in row]


def matvec(m, xs):
    return [dot(row, xs) for row in m]


def forward(toks):
    xs = [[add(a, b) for a, b in zip(par["wte"][tok], par["wpe"][pos])] for pos, tok in enumerate(toks)]
    for l in range(layers):
        hs = [norm(x) for x in xs]
        qs, ks, vs = ([matvec(par[f"{name}{l}"], h) for h in hs] for name in "qkv")
        after = []
        for t, x in enumerate(xs):
            mixed = []
            for c in range(0, dim, hd):
                q = qs[t][c:c + hd]
                att = softmax([times(dot(q, k[c:c + hd]), hd ** -0.5) for k in ks[:t + 1]])
                for j in range(c, c + hd):
                    mixed.append(dot(att, [vs[s][j] for s in range(t + 1)]))
            x = [add(a, b) for a, b in zip(x, matvec(par[f"o{l}"], mixed))]
            h = [relu(u) for u in matvec(par[f"up{l}"], norm(x))]
            x = [add(a, b) for a, b in zip(x, matvec(par[f"down{l}"], h))]
            after.append(x)
        xs = after
    return [matvec(par["head"], norm(x)) for x in xs]


mom = [0.0] * len(weights)
for step in range(21):
    word = words[step % len(words)]
    toks = [BOS] + [letters.index(c) for c in word] + [BOS]
    n = len(toks) - 1
    losses = []
    for pos, scores in enumerate(forward(toks[:-1])):
        probs = softmax(scores)
        losses.append(times(log(probs[toks[pos + 1]]), -1.0))
    loss = times(add(*losses), 1 / n)
    backward(loss)
    lr = 0.15 * (1 - step / 25)
    for i, w in enumerate(weights):
        mom[i] = 0.7 * mom[i] + w.dx
        w.x -= lr * mom[i]
        w.dx = 0.0
    print(f"step {step + 1:2d} | {word:8s} | loss {loss.x:.4f}")
