import math
import random

rnd = random.Random(101)


class Value:
    def __init__(self, data, children=(), backward=None):
        self.data, self.grad = data, 0.0
        self.children, self.backward_fn = children, backward

    @staticmethod
    def wrap(x):
        return x if isinstance(x, Value) else Value(float(x))

    def __add__(self, o):
        o = Value.wrap(o)
        return Value(self.data + o.data, (self, o), lambda g: (g, g))

    def __sub__(self, o):
        o = Value.wrap(o)
        return Value(self.data - o.data, (self, o), lambda g: (g, -g))

    def __mul__(self, o):
        o = Value.wrap(o)
        return Value(self.data * o.data, (self, o), lambda g: (g * o.data, g * self.data))

    def exp(self):
        e = math.exp(self.data)
        return Value(e, (self,), lambda g: (g * e,))

    def log(self):
        return Value(math.log(self.data), (self,), lambda g: (g / self.data,))

    def relu(self):
        return Value(max(self.data, 0.0), (self,), lambda g: (g if self.data > 0 else 0.0,))

    def backward(self):
        order, seen = [], set()

        def visit(v):
            if v not in seen:
                seen.add(v)
                for c in v.children:
                    visit(c)
                order.append(v)

        visit(self)
        self.grad = 1.0
        for v in reversed(order):
            if v.backward_fn:
                for c, share in zip(v.children, v.backward_fn(v.grad)):
                    c.grad += share


def log_softmax(scores):
    biggest = max(s.data for s in scores)  # a constant: it cancels
    moved = [s - biggest for s in scores]
    total = moved[0].exp()
    for m in moved[1:]:
        total = total + m.exp()
    return [m - total.log() for m in moved]


centres = [(2, 0), (-1, 2), (-1, -2)]
data = [(cx + rnd.gauss(0, 1), cy + rnd.gauss(0, 1), k) for k, (cx, cy) in enumerate(centres) for _ in range(8)]
w1 = [[Value(rnd.gauss(0, 0.8)) for _ in range(3)] for _ in range(7)]
w2 = [[Value(rnd.gauss(0, 0.4)) for _ in range(7)] for _ in range(3)]
params = [p for row in w1 + w2 for p in row]
eps = 0.1
for step in range(25):
    loss = Value(0.0)
    for x, y, k in data:
        h = [(a * x + b * y + c).relu() for a, b, c in w1]
        logp = log_softmax([sum((w * u for w, u in zip(row, h)), Value(0.0)) for row in w2])
        for j, lp in enumerate(logp):
            share = eps / 3 + (1 - eps if j == k else 0.0)
            loss = loss - lp * (share / len(data))
    for p in params:
        p.grad = 0.0
    loss.backward()
    for p in params:
        p.data -= 0.4 * p.grad
    if step % 5 == 0:
        print(step, f"{loss.data:.4f}")
