"""Two half moons, told apart by a small network.

Who wrote it: Ada, one evening after a lecture on automatic differentiation, from memory.

What she sees: the loss falls, and most points are on the right side in the end.

What puzzles her: a friend's program with the same network, the same first weights, the same
points and the same rate ends with a clearly lower loss, and gets two more points right.

How to try: read it first. Then

    python examples/find_the_bug/01_moons.py
    microgpt debug examples/find_the_bug/01_moons.py
    microgpt diagnose examples/find_the_bug/01_moons.py
"""

import math
import random


class Value:
    """A number with its gradient."""

    def __init__(self, data, _children=()):
        self.data = data
        self.grad = 0.0
        self._prev = _children
        self._backward = lambda: None

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other))

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other))

        def _backward():
            self.grad += other.data * out.grad
            other.grad = self.data * out.grad

        out._backward = _backward
        return out

    def tanh(self):
        """The hyperbolic tangent."""
        t = math.tanh(self.data)
        out = Value(t, (self,))

        def _backward():
            self.grad += (1 - t * t) * out.grad

        out._backward = _backward
        return out

    def backward(self):
        """Finds the gradients of all that this was made of."""
        order, seen = [], set()

        def build(v):
            if v not in seen:
                seen.add(v)
                for child in v._prev:
                    build(child)
                order.append(v)

        build(self)
        self.grad = 1.0
        for v in reversed(order):
            v._backward()


def layer(units, inputs):
    """Each unit: a weight for each input, and a bias."""
    return [sum((w * x for w, x in zip(ws, inputs)), b).tanh() for *ws, b in units]


rng = random.Random(4)
sizes = [2, 4, 4, 1]
network = [
    [[Value(rng.gauss(0, n**-0.5)) for _ in range(n)] + [Value(0.0)] for _ in range(m)]
    for n, m in zip(sizes, sizes[1:])
]
parameters = [p for units in network for unit in units for p in unit]

points = []
for k in range(7):
    turn = math.pi * k / 6
    noise = rng.gauss(0, 0.05)
    points.append(([math.cos(turn) + noise, math.sin(turn)], 1))
    points.append(([1 - math.cos(turn), 0.5 - math.sin(turn) + noise], -1))

for step in range(16):
    loss, right = Value(0.0), 0
    for xs, side in points:
        out = [Value(x) for x in xs]
        for units in network:
            out = layer(units, out)
        miss = out[0] + -side
        loss = loss + miss * miss * (1 / len(points))
        right += (out[0].data > 0) == (side > 0)
    for p in parameters:
        p.grad = 0.0
    loss.backward()
    for p in parameters:
        p.data -= 0.5 * p.grad
    if step % 4 == 3:
        print(f"step {step + 1:2}: loss {loss.data:.4f}, {right} of {len(points)} right")
