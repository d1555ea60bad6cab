"""Ops are classes with `forward` and `backward`, applied with a context; gradients are tensors."""

import numpy as np


class Context:
    def __init__(self, fn, parents):
        self.fn, self.parents, self.saved = fn, parents, ()

    def save_for_backward(self, *arrays):
        self.saved = arrays


class Tensor:
    def __init__(self, data):
        self.data = np.asarray(data, dtype=float)
        self.grad = None
        self._ctx = None

    def __add__(self, other):
        return apply(Add, self, other)

    def __mul__(self, other):
        return apply(Mul, self, other)

    def matmul(self, other):
        return apply(Dot, self, other)

    def log_softmax(self):
        return apply(LogSoftmax, self)

    def sum(self):
        return apply(Sum, self)

    def backward(self):
        tape, seen = [], set()

        def build(t):
            if t not in seen:
                seen.add(t)
                if t._ctx is not None:
                    for p in t._ctx.parents:
                        build(p)
                    tape.append(t)

        build(self)
        self.grad = Tensor(np.ones_like(self.data))
        for t in reversed(tape):
            grads = t._ctx.fn.backward(t._ctx, t.grad.data)
            if len(t._ctx.parents) == 1:
                grads = [grads]
            for parent, g in zip(t._ctx.parents, grads):
                if g is not None:
                    assert g.shape == parent.data.shape
                    parent.grad = Tensor(g) if parent.grad is None else Tensor(parent.grad.data + g)


def apply(fn, *parents):
    ctx = Context(fn, parents)
    out = Tensor(fn.forward(ctx, *[p.data for p in parents]))
    out._ctx = ctx
    return out


class Add:
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x.shape, y.shape)
        return x + y

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved
        return g, (g.sum(0) if y != x else g)


class Mul:
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved
        return y * g, x * g


class Dot:
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x.dot(y)

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved
        return g.dot(y.T), x.T.dot(g)


class LogSoftmax:
    @staticmethod
    def forward(ctx, x):
        top = x.max(axis=1, keepdims=True)
        out = x - top - np.log(np.exp(x - top).sum(axis=1, keepdims=True))
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, g):
        (out,) = ctx.saved
        return g - np.exp(out) * g.sum(axis=1, keepdims=True)


class Sum:
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.array([x.sum()])

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved
        return g * np.ones_like(x)


rng = np.random.default_rng(2)
x = Tensor(rng.normal(size=(3, 4)))
w, b = Tensor(rng.normal(size=(4, 5))), Tensor(rng.normal(size=5))
target = np.zeros((3, 5))
target[np.arange(3), [1, 0, 4]] = -1 / 3
for step in range(2):
    w.grad = b.grad = x.grad = None
    logits = x.matmul(w) + b
    loss = (logits.log_softmax() * Tensor(target)).sum()
    loss.backward()
    for name in ("x", "w", "b", "logits", "loss"):
        t = globals()[name]
        for at in np.ndindex(t.data.shape):
            index = "".join(f"[{i}]" for i in at)
            print(name + index, float(t.data[at]).hex(), float(t.grad.data[at]).hex())
    for p in (w, b):
        p.data -= 0.1 * p.grad.data
