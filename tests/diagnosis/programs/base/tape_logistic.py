"""Logistic regression with weight decay; a tape of tuples that the numbers know nothing of."""

import math
import random

rng = random.Random(5)


class Tape:
    def __init__(self):
        self.records = []

    def clear(self):
        self.records = []

    def gradient(self, loss):
        loss.adjoint = 1.0
        for out, ins, partials in reversed(self.records):
            for each, partial in zip(ins, partials):
                each.adjoint += partial * out.adjoint


tape = Tape()


class Number:
    def __init__(self, primal):
        self.primal = primal
        self.adjoint = 0.0

    def __add__(self, other):
        out = Number(self.primal + other.primal)
        tape.records.append((out, (self, other), (1.0, 1.0)))
        return out

    def __sub__(self, other):
        out = Number(self.primal - other.primal)
        tape.records.append((out, (self, other), (1.0, -1.0)))
        return out

    def __mul__(self, other):
        out = Number(self.primal * other.primal)
        tape.records.append((out, (self, other), (other.primal, self.primal)))
        return out

    def sigmoid(self):
        s = 1.0 / (1.0 + math.exp(-self.primal))
        out = Number(s)
        tape.records.append((out, (self,), (s * (1.0 - s),)))
        return out

    def log(self):
        out = Number(math.log(self.primal))
        tape.records.append((out, (self,), (1.0 / self.primal,)))
        return out


points = [(rng.gauss(0, 1), rng.gauss(0, 1), rng.gauss(0, 1)) for _ in range(8)]
labels = [1.0 if 2 * x - y + 0.5 * z > 0.2 else 0.0 for x, y, z in points]
weights = [Number(rng.uniform(-0.5, 0.5)) for _ in range(3)]
bias = Number(0.1)
trained = [*weights, bias]


def score(point):
    total = bias
    for w, x in zip(weights, point):
        total = total + w * Number(x)
    return total


def objective():
    nll = Number(0.0)
    for point, label in zip(points, labels):
        p = score(point).sigmoid()
        if label == 1.0:
            nll = nll - p.log()
        else:
            nll = nll - (Number(1.0) - p).log()
    return nll * Number(1.0 / len(points))


rate, decay = 0.5, 0.01
for epoch in range(7):
    tape.clear()
    loss = objective()
    for p in trained:
        p.adjoint = 0.0
    tape.gradient(loss)
    for p in trained:
        p.primal -= rate * (p.adjoint + decay * p.primal)
    print(epoch, f"{loss.primal:.5f}")
