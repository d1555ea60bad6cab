"""Three kinds of flowers told apart: local gradients as pairs, a free backprop, momentum."""

import math
import random

random.seed(3)


class Var:
    def __init__(self, value, local_gradients=()):
        self.value = value
        self.local_gradients = local_gradients
        self.gradient = 0.0

    def __add__(self, other):
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __sub__(self, other):
        return Var(self.value - other.value, [(self, 1.0), (other, -1.0)])

    def __mul__(self, other):
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def __truediv__(self, other):
        return Var(
            self.value / other.value,
            [(self, 1.0 / other.value), (other, -self.value / other.value**2)],
        )


def exp(a):
    e = math.exp(a.value)
    return Var(e, [(a, e)])


def log(a):
    return Var(math.log(a.value), [(a, 1.0 / a.value)])


def leaky(a):
    return Var(a.value, [(a, 1.0)]) if a.value > 0 else Var(0.1 * a.value, [(a, 0.1)])


def add_up(terms):
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def backprop(result):
    done = set()
    stack = []

    def place(var):
        if id(var) in done:
            return
        done.add(id(var))
        for below, _ in var.local_gradients:
            place(below)
        stack.append(var)

    place(result)
    result.gradient = 1.0
    while stack:
        var = stack.pop()
        for below, local in var.local_gradients:
            below.gradient += local * var.gradient


CENTERS = [(1.0, 0.2), (-0.8, 0.9), (0.1, -1.1)]
flowers = []
for kind in (0, 1, 2, 0, 1, 2):
    x, y = CENTERS[kind]
    flowers.append(((x + random.gauss(0, 0.3), y + random.gauss(0, 0.3)), kind))

w1 = [[Var(random.uniform(-0.8, 0.8)) for _ in range(2)] for _ in range(4)]
b1 = [Var(0.05) for _ in range(4)]
w2 = [[Var(random.uniform(-0.8, 0.8)) for _ in range(4)] for _ in range(3)]
b2 = [Var(0.0) for _ in range(3)]
params = [p for row in w1 for p in row] + b1 + [p for row in w2 for p in row] + b2


def layer(weights, biases, inputs):
    return [add_up([w * x for w, x in zip(row, inputs)]) + b for row, b in zip(weights, biases)]


def probabilities(features):
    hidden = [leaky(h) for h in layer(w1, b1, [Var(f) for f in features])]
    scores = layer(w2, b2, hidden)
    exps = [exp(s) for s in scores]
    norm = add_up(exps)
    return [e / norm for e in exps]


def cross_entropy(batch):
    terms = []
    for features, kind in batch:
        p = probabilities(features)
        terms.append(Var(0.0) - log(p[kind]))
    return add_up(terms) * Var(1.0 / len(batch))


velocity = [0.0] * len(params)
for step in range(8):
    loss = cross_entropy(flowers)
    for p in params:
        p.gradient = 0.0
    backprop(loss)
    for i, p in enumerate(params):
        velocity[i] = 0.5 * velocity[i] + p.gradient
        p.value -= 0.2 * velocity[i]
    print("loss", f"{loss.value:.5f}")
