"""A transformer of one layer and one head, on a text whose source is known.

Who wrote it: Farah, to find out how close to the best possible a small transformer comes. The
source of her text is simple: after each letter one of two others follows, each as often. So
nobody can foretell it with a mean loss below log 2, about 0.693, but for a stroke of luck in a
short text.

What she sees: the loss falls as in the textbooks.

What puzzles her: it falls on, below 0.693, and the text is fresh each time. When she lets the
trained model write, the letters come in no order that the source would have chosen.

How to try: read it first. Then

    python examples/find_the_bug/06_letters.py
    microgpt debug examples/find_the_bug/06_letters.py
    microgpt diagnose examples/find_the_bug/06_letters.py
"""

import math
import random


class Value:
    __slots__ = ("children", "data", "grad", "local_grads")

    def __init__(self, data, children=(), local_grads=()):
        self.data = data
        self.grad = 0.0
        self.children = children
        self.local_grads = local_grads

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def plus(self, number):
        return Value(self.data + number, (self,), (1.0,))

    def exp(self):
        e = math.exp(self.data)
        return Value(e, (self,), (e,))

    def log(self):
        return Value(math.log(self.data), (self,), (1.0 / self.data,))

    def inverse(self):
        return Value(1.0 / self.data, (self,), (-1.0 / self.data**2,))

    def backward(self):
        order, seen = [], set()

        def visit(v):
            if v not in seen:
                seen.add(v)
                for child in v.children:
                    visit(child)
                order.append(v)

        visit(self)
        self.grad = 1.0
        for v in reversed(order):
            for child, local in zip(v.children, v.local_grads):
                child.grad += local * v.grad


def dot(xs, ys):
    total = xs[0] * ys[0]
    for x, y in zip(xs[1:], ys[1:]):
        total = total + x * y
    return total


def softmax(scores):
    top = max(s.data for s in scores)
    exps = [s.plus(-top).exp() for s in scores]
    total = exps[0]
    for e in exps[1:]:
        total = total + e
    inverse = total.inverse()
    return [e * inverse for e in exps]


LETTERS, LENGTH, WIDTH = 3, 6, 4
MASK = [[0.0 if key - query < 2 else -1e4 for key in range(LENGTH)] for query in range(LENGTH)]
FOLLOWING = {0: (1, 2), 1: (0, 2), 2: (0, 1)}

rng = random.Random(2)
shapes = {"wte": LETTERS, "wpe": LENGTH, "wq": WIDTH, "wk": WIDTH, "wv": WIDTH, "head": LETTERS}
model = {
    name: [[Value(rng.gauss(0, 0.4)) for _ in range(WIDTH)] for _ in range(rows)]
    for name, rows in shapes.items()
}
params = [p for rows in model.values() for row in rows for p in row]


def losses_of(text):
    """The surprise at each letter but the first."""
    stream = [[t + p for t, p in zip(model["wte"][a], row)] for a, row in zip(text, model["wpe"])]
    q, k, v = ([[dot(row, x) for row in model[w]] for x in stream] for w in ("wq", "wk", "wv"))
    losses = []
    for i, x in enumerate(stream):
        scores = [dot(q[i], k[j]).plus(MASK[i][j]) for j in range(LENGTH)]
        weights = softmax([s * Value(WIDTH**-0.5) for s in scores])
        mixed = [a + dot(weights, column) for a, column in zip(x, zip(*v))]
        probs = softmax([dot(row, mixed) for row in model["head"]])
        losses.append(probs[text[i + 1]].log() * Value(-1.0))
    return losses


recent = []
for step in range(48):
    text = [rng.randrange(LETTERS)]
    while len(text) <= LENGTH:
        text.append(rng.choice(FOLLOWING[text[-1]]))
    losses = losses_of(text)
    loss = dot(losses, [Value(1 / LENGTH)] * LENGTH)
    loss.backward()
    recent.append(loss.data)
    for p in params:
        p.data, p.grad = p.data - 0.3 * p.grad, 0.0
    if step % 12 == 11:
        print(f"step {step + 1:2}: mean loss of the last 12 {sum(recent[-12:]) / 12:.4f}")
