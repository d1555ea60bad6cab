"""The next letter from the two before it: embeddings, a hidden layer, warm-up, clipping."""

import math
import random

random.seed(64)


class Base:
    def __init__(self, data, inputs=()):
        self.data, self.inputs, self.grad_ = data, inputs, 0.0

    def __add__(self, other):
        return Base(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __sub__(self, other):
        return Base(self.data - other.data, ((self, 1.0), (other, -1.0)))

    def __mul__(self, other):
        return Base(self.data * other.data, ((self, other.data), (other, self.data)))

    def times(self, factor):
        return Base(self.data * factor, ((self, factor),))

    def exp(self):
        e = math.exp(self.data)
        return Base(e, ((self, e),))

    def log(self):
        return Base(math.log(self.data), ((self, 1.0 / self.data),))

    def softplus(self):
        e = math.exp(self.data)
        return Base(math.log(1.0 + e), ((self, e / (1.0 + e)),))

    def flow(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for each, _ in node.inputs:
                    visit(each)
                order.append(node)

        visit(self)
        self.grad_ = 1.0
        for node in reversed(order):
            for each, local in node.inputs:
                each.grad_ += local * node.grad_


class Parameter(Base):
    def __init__(self, data, name=""):
        super().__init__(data)
        self.name = name


def grid(name, n_rows, n_cols, spread):
    return [
        [Parameter(random.gauss(0, spread), f"{name}{i}{j}") for j in range(n_cols)]
        for i in range(n_rows)
    ]


ALPHABET = ".aelnr"
NAMES = ["anna", "lena", "ella"]
WIDTH, HIDDEN = 2, 4
letter_table = grid("letter", len(ALPHABET), WIDTH, 0.8)
inner = grid("inner", HIDDEN, 2 * WIDTH, 0.6)
inner_bias = [Parameter(0.1, f"bias{i}") for i in range(HIDDEN)]
outer = grid("outer", len(ALPHABET), HIDDEN, 0.6)
parameters = [p for rows in (letter_table, inner, outer) for row in rows for p in row] + inner_bias


def weighted(row, xs, start=None):
    total = start
    for w, x in zip(row, xs):
        total = w * x if total is None else total + w * x
    return total


def scores_of(older, old):
    xs = letter_table[older] + letter_table[old]
    hidden = [weighted(row, xs, b).softplus() for row, b in zip(inner, inner_bias)]
    return [weighted(row, hidden) for row in outer]


def negative_log_likelihood(name):
    codes = [0, 0] + [ALPHABET.index(c) for c in name] + [0]
    total = None
    for older, old, wanted in zip(codes, codes[1:], codes[2:]):
        scores = scores_of(older, old)
        partition = scores[0].exp()
        for score in scores[1:]:
            partition = partition + score.exp()
        term = partition.log() - scores[wanted]
        total = term if total is None else total + term
    return total.times(1.0 / (len(codes) - 2))


for iteration in range(6):
    loss = negative_log_likelihood(NAMES[iteration % 3])
    for p in parameters:
        p.grad_ = 0.0
    loss.flow()
    for p in parameters:
        p.grad_ = max(-0.3, min(0.3, p.grad_))
    rate = 0.5 * min(1.0, (iteration + 1) / 3)
    for p in parameters:
        p.data -= rate * p.grad_
    print(f"{iteration} rate {rate:.3f} loss {loss.data:.5f}")
