"""A pass by generations that drops each gradient when it has been handed on; leaves keep theirs."""

import weakref


class Op:
    def __call__(self, *given):
        self.given = given
        made = Variable(self.forward(*(v.data for v in given)))
        made.creator, made.generation = self, max(v.generation for v in given) + 1
        self.made = weakref.ref(made)
        return made


class Plus(Op):
    def forward(self, x, y):
        return x + y

    def backward(self, g):
        return g, g


class Times(Op):
    def forward(self, x, y):
        return x * y

    def backward(self, g):
        x, y = self.given
        return g * y.data, g * x.data


class Variable:
    def __init__(self, data):
        self.data = data
        self.grad = None
        self.creator = None
        self.generation = 0

    def __add__(self, other):
        return Plus()(self, other)

    def __mul__(self, other):
        return Times()(self, other)

    def backward(self, keep=False):
        if self.grad is None:
            self.grad = 1.0
        waiting, seen = [], set()

        def wait(op):
            if op is not None and op not in seen:
                seen.add(op)
                waiting.append(op)
                waiting.sort(key=lambda each: each.made().generation)

        wait(self.creator)
        while waiting:
            op = waiting.pop()
            for v, g in zip(op.given, op.backward(op.made().grad)):
                v.grad = g if v.grad is None else v.grad + g
                wait(v.creator)
            if not keep:
                op.made().grad = None


a, b, c = Variable(2.0), Variable(-3.0), Variable(0.5)
d = a * b + c
loss = d * d + a * d
loss.backward()
for name in ("a", "b", "c"):
    print(name, float(globals()[name].data).hex(), float(globals()[name].grad).hex())
