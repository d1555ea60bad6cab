# char trigram model, autograd with op classes (forward / backward give tuples)
import heapq
import itertools
import math
import random

rng = random.Random(7)
counter = itertools.count()


class Scalar:
    __slots__ = ("val", "g", "op", "args", "no")

    def __init__(self, val, op=None, args=()):
        self.val = val
        self.g = 0.0
        self.op = op
        self.args = args
        self.no = next(counter)

    def __add__(self, o):
        return apply(Add, self, o)

    def __mul__(self, o):
        return apply(Mul, self, o)

    def __truediv__(self, o):
        return apply(Div, self, o)

    def exp(self):
        return apply(Exp, self)

    def log(self):
        return apply(Log, self)

    def tanh(self):
        return apply(Tanh, self)


class Add:
    def forward(a, b):
        return a + b

    def backward(g, y, a, b):
        return g, g


class Mul:
    def forward(a, b):
        return a * b

    def backward(g, y, a, b):
        return g * b, g * a


class Div:
    def forward(a, b):
        return a / b

    def backward(g, y, a, b):
        return g / b, -g * a / (b * b)


class Exp:
    def forward(a):
        return math.exp(a)

    def backward(g, y, a):
        return (g * y,)


class Log:
    def forward(a):
        return math.log(a)

    def backward(g, y, a):
        return (g / a,)


class Tanh:
    def forward(a):
        return math.tanh(a)

    def backward(g, y, a):
        return (g * (1 - y * y),)


def apply(op, *args):
    args = tuple(a if isinstance(a, Scalar) else Scalar(float(a)) for a in args)
    return Scalar(op.forward(*(a.val for a in args)), op, args)


def run_backward(root):
    root.g = 1.0
    todo = [(-root.no, root)]
    met = {root.no}
    while todo:
        _, node = heapq.heappop(todo)  # the youngest node first
        if node.op is None:
            continue
        shares = node.op.backward(node.g, node.val, *(a.val for a in node.args))
        for arg, share in zip(node.args, shares):
            arg.g += share
            if arg.no not in met:
                met.add(arg.no)
                heapq.heappush(todo, (-arg.no, arg))


class Adam:
    def __init__(self, params, lr=0.03, b1=0.9, b2=0.99):
        self.params = params
        self.lr, self.b1, self.b2 = lr, b1, b2
        self.m = [0.0 for _ in params]
        self.v = [0.0 for _ in params]
        self.t = 0

    def step(self):
        self.t += 1
        for i, p in enumerate(self.params):
            self.m[i] = self.b1 * self.m[i] + (1 - self.b1) * p.g
            self.v[i] = self.b2 * self.v[i] + (1 - self.b2) * p.g ** 2
            mh = self.m[i] / (1 - self.b1 ** self.t)
            vh = self.v[i] / (1 - self.b2 ** self.t)
            p.val -= self.lr * mh / (math.sqrt(vh) + 1e-8)
            p.g = 0.0


words = ["anna", "otto", "hannah", "tanja", "jana", "nathan", "toni", "ronja"]
chars = ["."] + sorted(set("".join(words)))
ix = {c: i for i, c in enumerate(chars)}
V, E, H = len(chars), 4, 10


def matrix(rows, cols, scale):
    return [[Scalar(rng.gauss(0, scale)) for _ in range(cols)] for _ in range(rows)]


emb = matrix(V, E, 1.0)
w1 = matrix(H, 2 * E, 0.4)
b1 = [Scalar(0.0) for _ in range(H)]
w2 = matrix(V, H, 0.3)
b2 = [Scalar(0.0) for _ in range(V)]


def linear(w, b, x):
    out = []
    for row, bias in zip(w, b):
        s = bias
        for wi, xi in zip(row, x):
            s = s + wi * xi
        out.append(s)
    return out


def softmax(zs):
    top = max(z.val for z in zs)
    es = [(z + Scalar(-top)).exp() for z in zs]
    total = es[0]
    for e in es[1:]:
        total = total + e
    return [e / total for e in es]


def predict(c1, c2):
    x = emb[c1] + emb[c2]
    hidden = [h.tanh() for h in linear(w1, b1, x)]
    return linear(w2, b2, hidden)


params = [p for m in (emb, w1, w2) for row in m for p in row] + b1 + b2
opt = Adam(params)
for step in range(24):
    word = words[step % len(words)]
    text = ".." + word + "."
    loss = Scalar(0.0)
    for a, b, c in zip(text, text[1:], text[2:]):
        probs = softmax(predict(ix[a], ix[b]))
        loss = loss + probs[ix[c]].log() * Scalar(-1.0 / (len(text) - 2))
    run_backward(loss)
    opt.step()
    print(f"{step:3d} {word:8s} {loss.val:.3f}")
