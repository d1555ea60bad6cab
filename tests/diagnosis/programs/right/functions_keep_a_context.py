"""Functions with a context and a history, as in a course; a loss that is straight far out."""

import random

random.seed(62)


class Context:
    def save(self, *values):
        self.saved = values


class Number:
    def __init__(self, data, made_by=None, ctx=None, inputs=()):
        self.data, self.made_by, self.ctx, self.inputs = data, made_by, ctx, inputs
        self.derivative = 0.0

    def __add__(self, other):
        return Add.apply(self, other)

    def __mul__(self, other):
        return Mul.apply(self, other)

    def huber(self):
        return Huber.apply(self)


class Function:
    @classmethod
    def apply(cls, *inputs):
        ctx = Context()
        return Number(cls.forward(ctx, *[i.data for i in inputs]), cls, ctx, inputs)


class Add(Function):
    @staticmethod
    def forward(ctx, a, b):
        return a + b

    @staticmethod
    def backward(ctx, d):
        return d, d


class Mul(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save(a, b)
        return a * b

    @staticmethod
    def backward(ctx, d):
        a, b = ctx.saved
        return b * d, a * d


class Huber(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save(x)
        return 0.5 * x * x if abs(x) < 1.0 else abs(x) - 0.5

    @staticmethod
    def backward(ctx, d):
        (x,) = ctx.saved
        return (max(-1.0, min(1.0, x)) * d,)


def propagate(number):
    order, seen = [], set()

    def visit(n):
        if id(n) not in seen:
            seen.add(id(n))
            for each in n.inputs:
                visit(each)
            order.append(n)

    visit(number)
    number.derivative = 1.0
    for n in reversed(order):
        if n.made_by is not None:
            for each, d in zip(n.inputs, n.made_by.backward(n.ctx, n.derivative)):
                each.derivative += d


slope, height = Number(0.2), Number(0.0)
dots = [(x / 2, 1.5 * x / 2 - 0.3 + random.gauss(0, 0.1)) for x in range(5)] + [(1.0, 9.0)]
for epoch in range(6):
    loss = Number(0.0)
    for x, y in dots:
        loss = loss + (slope * Number(x) + height + Number(-y)).huber()
    slope.derivative = height.derivative = 0.0
    propagate(loss)
    for p in (slope, height):
        p.data -= 0.1 * p.derivative
    print(epoch, f"{loss.data:.6f}")
