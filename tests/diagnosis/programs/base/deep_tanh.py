"""A deep stack of tanh layers learns to copy its inputs: closures in `_back`, root mean squares."""

import math
import random

generator = random.Random(100)


class V:
    def __init__(self, x, kids=()):
        self.x = x
        self.dx = 0.0
        self.kids = kids
        self._back = lambda: None

    def __add__(self, o):
        r = V(self.x + o.x, (self, o))

        def back():
            self.dx += r.dx
            o.dx += r.dx

        r._back = back
        return r

    def __sub__(self, o):
        r = V(self.x - o.x, (self, o))

        def back():
            self.dx += r.dx
            o.dx -= r.dx

        r._back = back
        return r

    def __mul__(self, o):
        r = V(self.x * o.x, (self, o))

        def back():
            self.dx += o.x * r.dx
            o.dx += self.x * r.dx

        r._back = back
        return r

    def tanh(self):
        r = V(math.tanh(self.x), (self,))

        def back():
            self.dx += (1 - r.x**2) * r.dx

        r._back = back
        return r

    def abs(self):
        r = V(abs(self.x), (self,))

        def back():
            self.dx += math.copysign(1.0, self.x) * r.dx

        r._back = back
        return r

    def run_backwards(self):
        done, order = set(), []

        def walk(v):
            if v in done:
                return
            done.add(v)
            v.dx = 0.0
            for k in v.kids:
                walk(k)
            order.append(v)

        walk(self)
        self.dx = 1.0
        while order:
            order.pop()._back()


class Layer:
    def __init__(self, size, spread):
        self.weights = [[V(generator.gauss(0, spread)) for _ in range(size)] for _ in range(size)]
        self.shifts = [V(generator.uniform(-0.1, 0.1)) for _ in range(size)]

    def forward(self, xs):
        ys = []
        for row, shift in zip(self.weights, self.shifts):
            y = shift
            for w, x in zip(row, xs):
                y = y + w * x
            ys.append(y.tanh())
        return ys

    def numbers(self):
        return [w for row in self.weights for w in row] + self.shifts


SIZE, DEPTH = 2, 5
stack = [Layer(SIZE, 1.0) for _ in range(DEPTH)]
numbers = [v for layer in stack for v in layer.numbers()]
data = [(0.5, -0.4), (-0.3, 0.6), (0.2, 0.7), (-0.6, -0.1)]


def copied(point):
    xs = [V(p) for p in point]
    for layer in stack:
        xs = layer.forward(xs)
    return xs


def distance():
    total = V(0.0)
    for point in data:
        for got, wanted in zip(copied(point), point):
            total = total + (got - V(wanted)).abs()
    return total * V(1 / len(data))


mean_squares = [0.0] * len(numbers)
for turn in range(6):
    loss = distance()
    loss.run_backwards()
    for i, v in enumerate(numbers):
        mean_squares[i] = 0.9 * mean_squares[i] + 0.1 * v.dx * v.dx
        v.x -= 0.02 * v.dx / (math.sqrt(mean_squares[i]) + 1e-6)
    print("turn", turn, f"{loss.x:.6f}")
