"""A history with a function object and a context, and a free function that walks it."""


class Context:
    def save(self, *values):
        self.saved = values


class History:
    def __init__(self, last_fn=None, ctx=None, inputs=()):
        self.last_fn = last_fn
        self.ctx = ctx
        self.inputs = inputs


class ScalarFunction:
    @classmethod
    def apply(cls, *vals):
        ctx = Context()
        result = cls.forward(ctx, *[v.data for v in vals])
        return Scalar(result, History(cls, ctx, vals))


class Add(ScalarFunction):
    @staticmethod
    def forward(ctx, a, b):
        return a + b

    @staticmethod
    def backward(ctx, d):
        return d, d


class Mul(ScalarFunction):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save(a, b)
        return a * b

    @staticmethod
    def backward(ctx, d):
        a, b = ctx.saved
        return b * d, a * d


class Scalar:
    def __init__(self, data, history=None):
        self.data = data
        self.derivative = None
        self.history = history or History()

    def __add__(self, other):
        return Add.apply(self, other)

    def __mul__(self, other):
        return Mul.apply(self, other)

    def accumulate(self, d):
        if self.derivative is None:
            self.derivative = 0.0
        self.derivative += d


def topological_sort(scalar):
    order, seen = [], set()

    def visit(v):
        if id(v) in seen:
            return
        seen.add(id(v))
        for each in v.history.inputs:
            visit(each)
        order.insert(0, v)

    visit(scalar)
    return order


def backpropagate(scalar, deriv):
    scalar.accumulate(deriv)
    for v in topological_sort(scalar):
        if v.history.last_fn is None:
            continue
        grads = v.history.last_fn.backward(v.history.ctx, v.derivative)
        for each, d in zip(v.history.inputs, grads):
            each.accumulate(d)


a, b, c = Scalar(2.0), Scalar(-3.0), Scalar(0.5)
d = a * b + c
loss = d * d + a * d
backpropagate(loss, 1.0)
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].data).hex(), float(globals()[name].derivative).hex())
