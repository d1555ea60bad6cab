"""A regression with two layers of relus and Adam; a dataclass with slots, closures in a field."""

import math
import random
from dataclasses import dataclass

rand = random.Random(21)


@dataclass(eq=False)
class Scalar:
    __slots__ = ("back", "grad", "srcs", "val")
    val: float
    grad: float
    srcs: tuple
    back: object

    @staticmethod
    def leaf(x):
        return Scalar(float(x), 0.0, (), None)

    def __add__(self, other):
        out = Scalar(self.val + other.val, 0.0, (self, other), None)

        def back():
            self.grad += out.grad
            other.grad += out.grad

        out.back = back
        return out

    def __sub__(self, other):
        out = Scalar(self.val - other.val, 0.0, (self, other), None)

        def back():
            self.grad += out.grad
            other.grad -= out.grad

        out.back = back
        return out

    def __mul__(self, other):
        out = Scalar(self.val * other.val, 0.0, (self, other), None)

        def back():
            self.grad += out.grad * other.val
            other.grad += out.grad * self.val

        out.back = back
        return out

    def relu(self):
        out = Scalar(self.val if self.val > 0 else 0.0, 0.0, (self,), None)

        def back():
            if self.val > 0:
                self.grad += out.grad

        out.back = back
        return out

    def square(self):
        out = Scalar(self.val**2, 0.0, (self,), None)

        def back():
            self.grad += 2 * self.val * out.grad

        out.back = back
        return out

    def sigmoid(self):
        y = 1 / (1 + math.exp(-self.val))
        out = Scalar(y, 0.0, (self,), None)

        def back():
            self.grad += y * (1 - y) * out.grad

        out.back = back
        return out

    def go(self):
        order, seen, todo = [], set(), [(self, False)]
        while todo:
            s, ready = todo.pop()
            if ready:
                order.append(s)
            elif s not in seen:
                seen.add(s)
                todo.append((s, True))
                todo.extend((each, False) for each in s.srcs)
        self.grad = 1.0
        for s in reversed(order):
            if s.back is not None:
                s.back()


class Dense:
    def __init__(self, n_in, n_out):
        spread = 1.5 / math.sqrt(n_in)
        self.kernel = [
            [Scalar.leaf(rand.uniform(-spread, spread)) for _ in range(n_in)] for _ in range(n_out)
        ]
        self.offset = [Scalar.leaf(0.1) for _ in range(n_out)]

    def __call__(self, inputs):
        outputs = []
        for row, o in zip(self.kernel, self.offset):
            for k, x in zip(row, inputs):
                o = o + k * x
            outputs.append(o)
        return outputs

    def weights(self):
        return [k for row in self.kernel for k in row] + self.offset


class Adam:
    def __init__(self, weights, lr=0.03, b1=0.9, b2=0.999):
        self.weights, self.lr, self.b1, self.b2 = weights, lr, b1, b2
        self.first = [0.0 for _ in weights]
        self.second = [0.0 for _ in weights]
        self.count = 0

    def zero(self):
        for w in self.weights:
            w.grad = 0.0

    def update(self):
        self.count += 1
        for n, w in enumerate(self.weights):
            self.first[n] = self.b1 * self.first[n] + (1 - self.b1) * w.grad
            self.second[n] = self.b2 * self.second[n] + (1 - self.b2) * w.grad * w.grad
            mean = self.first[n] / (1 - self.b1**self.count)
            spread = self.second[n] / (1 - self.b2**self.count)
            w.val -= self.lr * mean / (math.sqrt(spread) + 1e-8)


layers = [Dense(2, 4), Dense(4, 4), Dense(4, 1)]
weights = [w for each in layers for w in each.weights()]
adam = Adam(weights)
table = [((a / 2, b / 2), 1 / (1 + math.exp(a - b * b))) for a in (-1, 0, 1) for b in (-1, 1)]


def predict(inputs):
    x = [Scalar.leaf(v) for v in inputs]
    for each in layers[:-1]:
        x = [h.relu() for h in each(x)]
    return layers[-1](x)[0].sigmoid()


def error():
    total = Scalar.leaf(0)
    for inputs, wanted in table:
        total = total + (predict(inputs) - Scalar.leaf(wanted)).square()
    return total


for round_ in range(8):
    cost = error()
    adam.zero()
    cost.go()
    adam.update()
    print(f"round {round_}: {cost.val:.6f}")
