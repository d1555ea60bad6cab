"""Residual network with layer norm and GELU on a function of two variables.

Every op is a class of its own; modules find their parameters by looking through themselves.
"""
import math
import random


class Node:
    def __init__(self, out, *inputs):
        self.out = out
        self.inputs = inputs
        self.bar = 0.0

    def push(self):
        pass


class Param(Node):
    pass


class Plus(Node):
    def __init__(self, *terms):
        super().__init__(math.fsum(t.out for t in terms), *terms)

    def push(self):
        for term in self.inputs:
            term.bar += self.bar


class Times(Node):
    def __init__(self, a, b):
        super().__init__(a.out * b.out, a, b)

    def push(self):
        a, b = self.inputs
        a.bar += self.bar * b.out
        b.bar += self.bar * a.out


class Scaled(Node):
    def __init__(self, a, k):
        super().__init__(a.out * k, a)
        self.k = k

    def push(self):
        self.inputs[0].bar += self.bar * self.k


class RSqrt(Node):
    """1 / sqrt(a + eps)"""

    def __init__(self, a, eps=1e-5):
        super().__init__(1.0 / math.sqrt(a.out + eps), a)

    def push(self):
        self.inputs[0].bar += -0.5 * self.out ** 3 * self.bar


class Gelu(Node):
    C = math.sqrt(2 / math.pi)

    def __init__(self, a):
        x = a.out
        self.t = math.tanh(self.C * (x + 0.044715 * x ** 3))
        super().__init__(0.5 * x * (1 + self.t), a)

    def push(self):
        (a,) = self.inputs
        x, t = a.out, self.t
        slope = 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * self.C * (1 + 3 * 0.044715 * x * x)
        a.bar += slope * self.bar


def pull_back(root):
    line, known = [], set()

    def enter(node):
        known.add(id(node))
        for i in node.inputs:
            if id(i) not in known:
                enter(i)
        line.append(node)

    enter(root)
    root.bar = 1.0
    for node in reversed(line):
        node.push()


class Module:
    def params(self):
        found = []
        for thing in self.__dict__.values():
            found += collect(thing)
        return found


def collect(thing):
    if isinstance(thing, Param):
        return [thing]
    if isinstance(thing, Module):
        return thing.params()
    if isinstance(thing, list):
        return [p for part in thing for p in collect(part)]
    return []


class Dense(Module):
    def __init__(self, n, m, spread):
        self.w = [[Param(random.gauss(0, spread)) for _ in range(n)] for _ in range(m)]
        self.b = [Param(0.0) for _ in range(m)]

    def __call__(self, xs):
        return [Plus(b, *[Times(w, x) for w, x in zip(row, xs)]) for row, b in zip(self.w, self.b)]


class Norm(Module):
    def __init__(self, n):
        self.gain = [Param(1.0) for _ in range(n)]

    def __call__(self, xs):
        n = len(xs)
        minus_mean = Scaled(Plus(*xs), -1 / n)
        centred = [Plus(x, minus_mean) for x in xs]
        inv = RSqrt(Scaled(Plus(*[Times(c, c) for c in centred]), 1 / n))
        return [Times(g, Times(c, inv)) for g, c in zip(self.gain, centred)]


class Block(Module):
    def __init__(self, n, hidden):
        self.norm, self.up, self.down = Norm(n), Dense(n, hidden, 0.5), Dense(hidden, n, 0.2)

    def __call__(self, xs):
        ys = self.down([Gelu(h) for h in self.up(self.norm(xs))])
        return [Plus(x, y) for x, y in zip(xs, ys)]


class ResNet(Module):
    def __init__(self, width, depth):
        self.first = Dense(2, width, 0.8)
        self.blocks = [Block(width, 6) for _ in range(depth)]
        self.last = Dense(width, 1, 0.4)

    def __call__(self, xs):
        xs = self.first(xs)
        for block in self.blocks:
            xs = block(xs)
        return self.last(xs)[0]


random.seed(17)
points = [(random.uniform(-1, 1), random.uniform(-1, 1)) for _ in range(16)]
targets = [math.sin(3 * a) * b for a, b in points]
net = ResNet(5, 3)
params = net.params()
m1, m2 = [0.0] * len(params), [0.0] * len(params)
for t in range(1, 31):
    errors = []
    for (a, b), y in zip(points, targets):
        e = Plus(net([Node(a), Node(b)]), Node(-y))
        errors.append(Times(e, e))
    loss = Scaled(Plus(*errors), 1 / len(points))
    for p in params:
        p.bar = 0.0
    pull_back(loss)
    lr = 0.02 * 0.5 * (1 + math.cos(math.pi * t / 40))
    for i, p in enumerate(params):
        m1[i] += 0.1 * (p.bar - m1[i])
        m2[i] += 0.01 * (p.bar ** 2 - m2[i])
        p.out -= lr * (m1[i] / (1 - 0.9 ** t)) / (math.sqrt(m2[i] / (1 - 0.99 ** t)) + 1e-8)
    if t % 5 == 0:
        print(f"{t:3d}  {loss.out:.5f}")
