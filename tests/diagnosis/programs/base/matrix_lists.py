"""Lists of lists as matrices over a scalar that knows its op by name; momentum, decay, batches."""

import math
import random

random.seed(8)


class Num:
    def __init__(self, v, prev=(), op="leaf"):
        self.v = v
        self.prev = prev
        self.op = op
        self.d = 0.0

    def __add__(self, other):
        return Num(self.v + other.v, (self, other), "add")

    def __sub__(self, other):
        return Num(self.v - other.v, (self, other), "sub")

    def __mul__(self, other):
        return Num(self.v * other.v, (self, other), "mul")

    def tanh(self):
        return Num(math.tanh(self.v), (self,), "tanh")

    def exp(self):
        return Num(math.exp(self.v), (self,), "exp")

    def log(self):
        return Num(math.log(self.v), (self,), "log")

    def inverse(self):
        return Num(1 / self.v, (self,), "inverse")


def ordered(top):
    order, seen = [], set()

    def sort(num):
        if id(num) not in seen:
            seen.add(id(num))
            for p in num.prev:
                sort(p)
            order.append(num)

    sort(top)
    return order


def reverse_mode(top):
    order = ordered(top)
    for num in order:
        num.d = 0.0
    top.d = 1.0
    for num in reversed(order):
        if num.op == "add":
            num.prev[0].d += num.d
            num.prev[1].d += num.d
        elif num.op == "sub":
            num.prev[0].d += num.d
            num.prev[1].d -= num.d
        elif num.op == "mul":
            num.prev[0].d += num.prev[1].v * num.d
            num.prev[1].d += num.prev[0].v * num.d
        elif num.op == "tanh":
            num.prev[0].d += (1 - num.v**2) * num.d
        elif num.op == "exp":
            num.prev[0].d += num.v * num.d
        elif num.op == "log":
            num.prev[0].d += num.d / num.prev[0].v
        elif num.op == "inverse":
            num.prev[0].d -= num.v**2 * num.d


def constant(rows):
    return [[Num(x) for x in row] for row in rows]


def normal(n_rows, n_cols, scale=0.7):
    return [[Num(random.gauss(0, scale)) for _ in range(n_cols)] for _ in range(n_rows)]


def matmul(a, b):
    out = []
    for row in a:
        line = []
        for col in zip(*b):
            total = row[0] * col[0]
            for x, y in zip(row[1:], col[1:]):
                total = total + x * y
            line.append(total)
        out.append(line)
    return out


def plus_row(a, row):
    return [[x + y for x, y in zip(line, row[0])] for line in a]


def each(a, name):
    return [[getattr(x, name)() for x in line] for line in a]


def softmax_rows(a):
    out = []
    for line in a:
        exps = [x.exp() for x in line]
        total = exps[0]
        for e in exps[1:]:
            total = total + e
        inverse = total.inverse()
        out.append([e * inverse for e in exps])
    return out


W1, B1 = normal(3, 4), normal(1, 4, 0.1)
W2, B2 = normal(4, 4), normal(1, 4, 0.1)
W3, B3 = normal(4, 2), normal(1, 2, 0.1)
matrices = [W1, B1, W2, B2, W3, B3]
samples = [[random.gauss(0, 1) for _ in range(3)] for _ in range(6)]
classes = [int(x * y > z) for x, y, z in samples]


def network(rows):
    h1 = each(plus_row(matmul(rows, W1), B1), "tanh")
    h2 = each(plus_row(matmul(h1, W2), B2), "tanh")
    return softmax_rows(plus_row(matmul(h2, W3), B3))


def batch_loss(first):
    chosen = range(first, first + 3)
    probs = network(constant([samples[i] for i in chosen]))
    total = Num(0.0)
    for line, i in zip(probs, chosen):
        total = total - line[classes[i]].log()
    return total * Num(1 / 3)


speed = [[[0.0] * len(row) for row in matrix] for matrix in matrices]
for epoch in range(4):
    for first in (0, 3):
        loss = batch_loss(first)
        reverse_mode(loss)
        for matrix, speeds in zip(matrices, speed):
            for row, line in zip(matrix, speeds):
                for j, num in enumerate(row):
                    line[j] = 0.8 * line[j] - 0.15 * (num.d + 0.001 * num.v)
                    num.v += line[j]
        print(epoch, first, round(loss.v, 5))
