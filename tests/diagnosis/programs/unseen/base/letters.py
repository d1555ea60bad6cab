"""A one-head attention model over letters, trained with Adam; nodes store their local derivatives."""
import math
import random


class Cell:
    __slots__ = ("x", "dx", "ins", "loc")

    def __init__(self, x, ins=(), loc=()):
        self.x, self.dx, self.ins, self.loc = x, 0.0, ins, loc

    def __add__(self, b):
        b = wrap(b)
        return Cell(self.x + b.x, (self, b), (1.0, 1.0))

    def __mul__(self, b):
        b = wrap(b)
        return Cell(self.x * b.x, (self, b), (b.x, self.x))

    def __pow__(self, n):
        return Cell(self.x ** n, (self,), (n * self.x ** (n - 1),))

    def exp(self):
        e = math.exp(self.x)
        return Cell(e, (self,), (e,))

    def log(self):
        return Cell(math.log(self.x), (self,), (1.0 / self.x,))

    def relu(self):
        return Cell(max(0.0, self.x), (self,), (float(self.x > 0),))

    def __neg__(self): return self * -1.0
    def __sub__(self, b): return self + -wrap(b)
    def __truediv__(self, b): return self * wrap(b) ** -1
    __radd__ = __add__
    __rmul__ = __mul__


def wrap(v):
    return v if isinstance(v, Cell) else Cell(float(v))


def differentiate(root):
    topo, marked, stack = [], set(), [(root, False)]
    while stack:
        n, done = stack.pop()
        if done:
            topo.append(n)
        elif n not in marked:
            marked.add(n)
            stack.append((n, True))
            stack.extend((i, False) for i in n.ins)
    root.dx = 1.0
    for n in reversed(topo):
        for i, d in zip(n.ins, n.loc):
            i.dx += d * n.dx


random.seed(5)
words = ["banana", "bandana", "canal", "nada", "cabana", "ada"]
abc = ["."] + sorted(set("".join(words)))
E, CTX = 6, 8


def matrix(r, c):
    return [[Cell(random.gauss(0, 0.3)) for _ in range(c)] for _ in range(r)]


P = {"tok": matrix(len(abc), E), "pos": matrix(CTX + 1, E), "q": matrix(E, E), "k": matrix(E, E),
     "v": matrix(E, E), "o": matrix(E, E), "up": matrix(8, E), "down": matrix(E, 8), "head": matrix(len(abc), E)}
weights = [w for m in P.values() for row in m for w in row]


def apply(m, vec):
    return [sum((w * a for w, a in zip(row, vec)), Cell(0.0)) for row in m]


def soft(zs):
    top = max(z.x for z in zs)
    es = [(z - top).exp() for z in zs]
    tot = sum(es, Cell(0.0))
    return [e / tot for e in es]


def run(ids):
    hs = [[a + b for a, b in zip(P["tok"][t], P["pos"][p])] for p, t in enumerate(ids)]
    keys = [apply(P["k"], h) for h in hs]
    vals = [apply(P["v"], h) for h in hs]
    outs = []
    for p, h in enumerate(hs):
        q = apply(P["q"], h)
        scores = [sum((a * b for a, b in zip(q, keys[j])), Cell(0.0)) * E ** -0.5 for j in range(p + 1)]
        att = soft(scores)
        mix = [sum((att[j] * vals[j][d] for j in range(p + 1)), Cell(0.0)) for d in range(E)]
        h = [a + b for a, b in zip(h, apply(P["o"], mix))]
        hid = [u.relu() for u in apply(P["up"], h)]
        h = [a + b for a, b in zip(h, apply(P["down"], hid))]
        outs.append(apply(P["head"], h))
    return outs


def nll(word):
    ids = [0] + [abc.index(ch) for ch in word] + [0]
    outs = run(ids[:-1])
    parts = [-soft(o)[ids[i + 1]].log() for i, o in enumerate(outs)]
    return sum(parts, Cell(0.0)) / len(parts)


def objective(step):
    return (nll(words[step % 6]) + nll(words[(step + 1) % 6])) * 0.5


if __name__ == "__main__":
    lr, b1, b2, eps = 0.03, 0.9, 0.99, 1e-8
    m1 = [0.0] * len(weights)
    m2 = [0.0] * len(weights)
    for step in range(5):
        loss = objective(0)
        differentiate(loss)
        for i, w in enumerate(weights):
            m1[i] = b1 * m1[i] + (1 - b1) * w.dx
            m2[i] = b2 * m2[i] + (1 - b2) * w.dx ** 2
            mh = m1[i] / (1 - b1 ** (step + 1))
            vh = m2[i] / (1 - b2 ** (step + 1))
            w.x -= lr * mh / (math.sqrt(vh) + eps)
        for w in weights:
            w.dx = 0.0
        print(step, round(loss.x, 4))
