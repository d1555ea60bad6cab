"""Two rings told apart: functions with a context, modules of parameters, an optimizer."""

import math
import random

random.seed(15)


class Context:
    def save(self, *values):
        self.saved = values


class History:
    def __init__(self, last_fn=None, ctx=None, inputs=()):
        self.last_fn = last_fn
        self.ctx = ctx
        self.inputs = inputs


class Function:
    @classmethod
    def apply(cls, *vals):
        ctx = Context()
        return Scalar(cls.forward(ctx, *[v.data for v in vals]), History(cls, ctx, vals))


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


class Neg(Function):
    @staticmethod
    def forward(ctx, a):
        return -a

    @staticmethod
    def backward(ctx, d):
        return (-d,)


class Log(Function):
    @staticmethod
    def forward(ctx, a):
        ctx.save(a)
        return math.log(a + 1e-9)

    @staticmethod
    def backward(ctx, d):
        (a,) = ctx.saved
        return (d / (a + 1e-9),)


class Sigmoid(Function):
    @staticmethod
    def forward(ctx, a):
        out = 1.0 / (1.0 + math.exp(-a))
        ctx.save(out)
        return out

    @staticmethod
    def backward(ctx, d):
        (out,) = ctx.saved
        return (out * (1.0 - out) * d,)


class ReLU(Function):
    @staticmethod
    def forward(ctx, a):
        ctx.save(a)
        return a if a > 0 else 0.0

    @staticmethod
    def backward(ctx, d):
        (a,) = ctx.saved
        return (d if a > 0 else 0.0,)


class Scalar:
    def __init__(self, data, history=None):
        self.data = data
        self.derivative = None
        self.history = history or History()

    def __add__(self, other):
        return Add.apply(self, other)

    def __mul__(self, other):
        return Mul.apply(self, other)

    def __neg__(self):
        return Neg.apply(self)

    def __sub__(self, other):
        return Add.apply(self, Neg.apply(other))

    def log(self):
        return Log.apply(self)

    def sigmoid(self):
        return Sigmoid.apply(self)

    def relu(self):
        return ReLU.apply(self)

    def accumulate(self, d):
        if self.derivative is None:
            self.derivative = 0.0
        self.derivative += d


def topological_sort(scalar):
    order, seen = [], set()

    def visit(s):
        if id(s) in seen:
            return
        seen.add(id(s))
        for each in s.history.inputs:
            visit(each)
        order.insert(0, s)

    visit(scalar)
    return order


def backpropagate(scalar, deriv):
    scalar.accumulate(deriv)
    for s in topological_sort(scalar):
        if s.history.last_fn is None:
            continue
        grads = s.history.last_fn.backward(s.history.ctx, s.derivative)
        for each, d in zip(s.history.inputs, grads):
            each.accumulate(d)


class Linear:
    def __init__(self, n_in, n_out):
        self.weights = [[Scalar(random.uniform(-1, 1)) for _ in range(n_in)] for _ in range(n_out)]
        self.biases = [Scalar(random.uniform(-0.2, 0.3)) for _ in range(n_out)]

    def __call__(self, inputs):
        result = []
        for row, bias in zip(self.weights, self.biases):
            total = bias
            for weight, x in zip(row, inputs):
                total = total + weight * x
            result.append(total)
        return result

    def parameters(self):
        for row in self.weights:
            yield from row
        yield from self.biases


class Network:
    def __init__(self):
        self.layer1 = Linear(2, 5)
        self.layer2 = Linear(5, 3)
        self.layer3 = Linear(3, 1)

    def __call__(self, point):
        inputs = [Scalar(x) for x in point]
        middle = [h.relu() for h in self.layer1(inputs)]
        end = [h.relu() for h in self.layer2(middle)]
        return self.layer3(end)[0].sigmoid()

    def parameters(self):
        for layer in (self.layer1, self.layer2, self.layer3):
            yield from layer.parameters()


class SGD:
    def __init__(self, parameters, lr):
        self.parameters = list(parameters)
        self.lr = lr

    def zero_grad(self):
        for p in self.parameters:
            p.derivative = None

    def step(self):
        for p in self.parameters:
            if p.derivative is not None:
                p.data -= self.lr * p.derivative


angles = [0.5, 1.9, 3.3, 4.7]
data = [((r * math.cos(a), r * math.sin(a)), int(r > 1)) for a in angles for r in (0.4, 1.6)]
net = Network()
optim = SGD(net.parameters(), lr=0.5)


def binary_cross_entropy(model):
    total = Scalar(0.0)
    for point, label in data:
        p = model(point)
        total = total - (p.log() if label else (Scalar(1.0) - p).log())
    return total * Scalar(1 / len(data))


for epoch in range(6):
    optim.zero_grad()
    loss = binary_cross_entropy(net)
    backpropagate(loss, 1.0)
    optim.step()
    print("epoch", epoch, "loss", round(loss.data, 6))
