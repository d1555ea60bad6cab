# Mixture density network: p(y | x) is a mixture of two bells whose middle, width and share depend on x.
import math, random

random.seed(808)


class X:
    def __init__(self, d, src=(), fn=()):
        self.d = d
        self.g = 0.
        self.src = src
        self.fn = fn        # local slopes, as functions of nothing: they are asked in the pass

    def __add__(self, o):
        o = o if isinstance(o, X) else X(o)
        return X(self.d + o.d, (self, o), (lambda: 1., lambda: 1.))

    __radd__ = __add__

    def __mul__(self, o):
        o = o if isinstance(o, X) else X(o)
        return X(self.d * o.d, (self, o), (lambda: o.d, lambda: self.d))

    __rmul__ = __mul__

    def __neg__(self):
        return self * -1.

    def __sub__(self, o):
        return self + (-o)

    def __rsub__(self, o):
        return (-self) + o

    def __pow__(self, k):
        return X(self.d ** k, (self,), (lambda: k * self.d ** (k - 1),))

    def __truediv__(self, o):
        return self * o ** -1

    def __rtruediv__(self, o):
        return o * self ** -1

    def exp(self):
        e = math.exp(self.d)
        return X(e, (self,), (lambda: e,))

    def log(self):
        return X(math.log(self.d), (self,), (lambda: 1 / self.d,))

    def tanh(self):
        t = math.tanh(self.d)
        return X(t, (self,), (lambda: 1 - t * t,))

    def walk(self, seen):
        seen.add(self)
        for s in self.src:
            if s not in seen:
                yield from s.walk(seen)
        yield self

    def back(self):
        nodes = list(self.walk(set()))
        self.g = 1.
        for n in nodes[::-1]:
            for s, f in zip(n.src, n.fn):
                s.g += f() * n.g


def softplus(z):
    return (1 + z.exp()).log()


def softmax(zs):
    hi = max(z.d for z in zs)
    es = [(z - hi).exp() for z in zs]
    return [e / sum(es) for e in es]


HID = 6
w_in = [X(random.gauss(0, 1.5)) for _ in range(HID)]
b_in = [X(random.gauss(0, .5)) for _ in range(HID)]
heads = {k: [[X(random.gauss(0, .5)) for _ in range(HID + 1)] for _ in range(2)] for k in ("share", "middle", "width")}
heads["middle"][0][-1].d, heads["middle"][1][-1].d = 1., -1.
params = w_in + b_in + [p for rows in heads.values() for row in rows for p in row]


def mixture(x):
    h = [(w * x + b).tanh() for w, b in zip(w_in, b_in)] + [X(1.)]
    raw = {k: [sum(w * u for w, u in zip(row, h)) for row in rows] for k, rows in heads.items()}
    return softmax(raw["share"]), raw["middle"], [softplus(z) + .05 for z in raw["width"]]


def density(x, y):
    p = 0
    for share, middle, width in zip(*mixture(x)):
        z = (y - middle) / width
        p = p + share * (-.5 * z ** 2).exp() / (width * math.sqrt(2 * math.pi))
    return p


data = []
for _ in range(16):
    x = random.uniform(-1, 1)
    data.append((x, random.choice((-1, 1)) * (1 + .5 * x) + random.gauss(0, .1)))

m, s = [0.] * len(params), [0.] * len(params)
for step in range(1, 26):
    batch = data if step % 2 else data[::-1]
    loss = -sum(density(x, y).log() for x, y in batch) * (1 / len(batch))
    for p in params:
        p.g = 0.
    loss.back()
    for i, p in enumerate(params):
        m[i] = .9 * m[i] + .1 * p.g
        s[i] = .99 * s[i] + .01 * p.g * p.g
        p.d -= .05 * (m[i] / (1 - .9 ** step)) / ((s[i] / (1 - .99 ** step)) ** .5 + 1e-8)
    if step % 4 == 1:
        print(f"{step:2d}: {loss.d:.4f}")
