"""Letters labelled as vowel, consonant or end: numpy functions with a context, plain descent."""

import numpy as np

source = np.random.default_rng(9)


class Context:
    def __init__(self, fn, parents):
        self.fn, self.parents, self.saved = fn, parents, ()

    def save(self, *arrays):
        self.saved = arrays


class Array:
    def __init__(self, data):
        self.data = np.asarray(data, dtype=float)
        self.grad = None
        self.ctx = None

    def __add__(self, other):
        return apply(Add, self, other)

    def __mul__(self, other):
        return apply(Mul, self, other)

    def __matmul__(self, other):
        return apply(Dot, self, other)

    def rows(self, index):
        return apply(Rows(index), self)

    def tanh(self):
        return apply(Tanh, self)

    def log_softmax(self):
        return apply(LogSoftmax, self)

    def sum(self):
        return apply(Sum, self)

    def backward(self):
        tape, seen = [], set()

        def build(a):
            if a not in seen:
                seen.add(a)
                if a.ctx is not None:
                    for parent in a.ctx.parents:
                        build(parent)
                    tape.append(a)

        build(self)
        self.grad = np.ones_like(self.data)
        for a in reversed(tape):
            shares = a.ctx.fn.backward(a.ctx, a.grad)
            for parent, share in zip(a.ctx.parents, shares):
                if parent.grad is None:
                    parent.grad = share.copy()
                else:
                    parent.grad += share


def apply(fn, *parents):
    ctx = Context(fn, parents)
    out = Array(fn.forward(ctx, *[p.data for p in parents]))
    out.ctx = ctx
    return out


class Add:
    @staticmethod
    def forward(ctx, x, y):
        ctx.save(x.shape, y.shape)
        return x + y

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved
        return g, (g.sum(axis=0) if x != y else g)


class Mul:
    @staticmethod
    def forward(ctx, x, y):
        ctx.save(x, y)
        return x * y

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved
        return y * g, x * g


class Dot:
    @staticmethod
    def forward(ctx, x, y):
        ctx.save(x, y)
        return x @ y

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved
        return g @ y.T, x.T @ g


class Rows:
    def __init__(self, index):
        self.index = index

    def forward(self, ctx, x):
        ctx.save(x.shape)
        return x[self.index]

    def backward(self, ctx, g):
        grad = np.zeros(ctx.saved[0])
        np.add.at(grad, self.index, g)
        return (grad,)


class Tanh:
    @staticmethod
    def forward(ctx, x):
        out = np.tanh(x)
        ctx.save(out)
        return out

    @staticmethod
    def backward(ctx, g):
        (out,) = ctx.saved
        return ((1 - out * out) * g,)


class LogSoftmax:
    @staticmethod
    def forward(ctx, x):
        top = x.max(axis=1, keepdims=True)
        out = x - top - np.log(np.exp(x - top).sum(axis=1, keepdims=True))
        ctx.save(out)
        return out

    @staticmethod
    def backward(ctx, g):
        (out,) = ctx.saved
        return (g - np.exp(out) * g.sum(axis=1, keepdims=True),)


class Sum:
    @staticmethod
    def forward(ctx, x):
        ctx.save(x.shape)
        return np.array([x.sum()])

    @staticmethod
    def backward(ctx, g):
        (shape,) = ctx.saved
        return (g * np.ones(shape),)


LETTERS = "abeint."
WORD = np.array([LETTERS.index(c) for c in "banit."])
KINDS = np.array([1, 0, 1, 0, 1, 2])
table = Array(source.normal(size=(len(LETTERS), 3)) * 0.7)
places = Array(source.normal(size=(len(WORD), 3)) * 0.3)
mix, lift = Array(source.normal(size=(3, 4)) * 0.7), Array(np.zeros(4))
out, shift = Array(source.normal(size=(4, 3)) * 0.7), Array(np.zeros(3))
learnt = [table, places, mix, lift, out, shift]
picked = np.zeros((len(WORD), 3))
picked[np.arange(len(WORD)), KINDS] = -1 / len(WORD)


def objective():
    letters = table.rows(WORD)
    size = (letters * letters).sum() * Array(0.002)
    hidden = ((letters + places) @ mix + lift).tanh()
    scores = hidden @ out + shift
    return size + (scores.log_softmax() * Array(picked)).sum()


for turn in range(6):
    loss = objective()
    for a in learnt:
        a.grad = None
    loss.backward()
    for a in learnt:
        if a.grad is not None:
            a.data = a.data - 0.8 * a.grad
    print("turn", turn, f"{float(loss.data[0]):.6f}")
