"""A causal language model on notes: whole sequences at once, two layers, a mask, momentum."""

import math
import random

rng = random.Random(77)
steps = []


class Cell:
    """A number; what is to be done on the way back goes to the end of `steps`."""

    def __init__(self, v):
        self.v = v
        self.bar = 0.0

    def __add__(self, other):
        out = Cell(self.v + other.v)

        def step():
            self.bar += out.bar
            other.bar += out.bar

        steps.append(step)
        return out

    def __mul__(self, other):
        out = Cell(self.v * other.v)

        def step():
            self.bar += other.v * out.bar
            other.bar += self.v * out.bar

        steps.append(step)
        return out

    def scale(self, factor):
        out = Cell(self.v * factor)

        def step():
            self.bar += factor * out.bar

        steps.append(step)
        return out

    def exp(self):
        out = Cell(math.exp(self.v))

        def step():
            self.bar += out.v * out.bar

        steps.append(step)
        return out

    def ln(self):
        out = Cell(math.log(self.v))

        def step():
            self.bar += out.bar / self.v

        steps.append(step)
        return out

    def reciprocal(self):
        out = Cell(1.0 / self.v)

        def step():
            self.bar -= out.v * out.v * out.bar

        steps.append(step)
        return out

    def rsqrt(self):
        out = Cell(self.v**-0.5)

        def step():
            self.bar += -0.5 * out.v**3 * out.bar

        steps.append(step)
        return out

    def silu(self):
        s = 1.0 / (1.0 + math.exp(-self.v))
        out = Cell(self.v * s)

        def step():
            self.bar += (s + out.v * (1.0 - s)) * out.bar

        steps.append(step)
        return out


def backprop(loss):
    loss.bar = 1.0
    while steps:
        steps.pop()()


def total(cells):
    cells = list(cells)
    result = cells[0]
    for cell in cells[1:]:
        result = result + cell
    return result


def dot(xs, ys):
    return total(x * y for x, y in zip(xs, ys))


def apply(matrix, vectors):
    return [[dot(row, x) for row in matrix] for x in vectors]


def normed(x):
    mean = total(x).scale(1.0 / len(x))
    centered = [each + mean.scale(-1.0) for each in x]
    inverse = (dot(centered, centered).scale(1.0 / len(x)) + Cell(1e-5)).rsqrt()
    return [each * inverse for each in centered]


def softmax(row):
    top = max(each.v for each in row)
    exps = [(each + Cell(-top)).exp() for each in row]
    share = total(exps).reciprocal()
    return [e * share for e in exps]


NOTES, WIDTH, LENGTH, LAYERS = 4, 3, 4, 2


def table(n_rows, n_cols, spread=0.5):
    return [[Cell(rng.gauss(0.0, spread)) for _ in range(n_cols)] for _ in range(n_rows)]


note_table, place_table = table(NOTES, WIDTH), table(LENGTH, WIDTH)
blocks = [
    {name: table(WIDTH, WIDTH) for name in ("query", "key", "value", "mix", "up", "down")}
    for _ in range(LAYERS)
]
out_table = table(NOTES, WIDTH)
trained = [cell for block in blocks for matrix in block.values() for row in matrix for cell in row]
for matrix in (note_table, place_table, out_table):
    trained += [cell for row in matrix for cell in row]
minus_infinity = Cell(-math.inf)


def attend(block, stream):
    x = [normed(row) for row in stream]
    queries, keys = apply(block["query"], x), apply(block["key"], x)
    values = apply(block["value"], x)
    mixed = []
    for at, query in enumerate(queries):
        scores = [dot(query, key).scale(WIDTH**-0.5) for key in keys]
        masked = [s if j <= at else s + minus_infinity for j, s in enumerate(scores)]
        shares = softmax(masked)
        mixed.append([dot(shares, column) for column in zip(*values)])
    return apply(block["mix"], mixed)


def think(block, stream):
    x = [normed(row) for row in stream]
    wide = [[each.silu() for each in row] for row in apply(block["up"], x)]
    return apply(block["down"], wide)


def listen(song):
    stream = [
        [n + p for n, p in zip(note_table[note], place_table[at])] for at, note in enumerate(song)
    ]
    for block in blocks:
        change = attend(block, stream)
        stream = [[s + c for s, c in zip(row, new)] for row, new in zip(stream, change)]
        change = think(block, stream)
        stream = [[s + c for s, c in zip(row, new)] for row, new in zip(stream, change)]
    return apply(out_table, stream)


def surprise(song):
    steps.clear()
    inputs, nexts = song[:-1], song[1:]
    terms = []
    for scores, note in zip(listen(inputs), nexts):
        shares = softmax(scores)
        terms.append(shares[note].ln().scale(-1.0))
    return total(terms).scale(1.0 / len(terms))


songs = [(0, 1, 2, 3, 0), (2, 3, 0, 1, 2)]
momentum = [0.0 for _ in trained]
for turn in range(5):
    loss = surprise(songs[turn % 2])
    for cell in trained:
        cell.bar = 0.0
    backprop(loss)
    for k, cell in enumerate(trained):
        momentum[k] = 0.5 * momentum[k] + cell.bar
        cell.v -= 0.05 * momentum[k]
    print(f"turn {turn}: {loss.v:.5f}")
