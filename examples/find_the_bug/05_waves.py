"""A recurrent network that foretells the next value of a wave.

Who wrote it: Emil. The wave comes in pieces of four values, as from a sensor, and the network
learns from each piece. Its state goes on from one piece to the next, so that it knows where in
the wave it is.

What he sees: the loss falls, and the predictions become good.

What puzzles him: over night it was to read a whole day of the sensor. The first minutes went by
in a moment; in the morning it had not got through the second hour, and the machine had no memory
left.

How to try: read it first. Then

    python examples/find_the_bug/05_waves.py
    microgpt debug examples/find_the_bug/05_waves.py
    microgpt diagnose examples/find_the_bug/05_waves.py
"""

import math
import random


class Node:
    """A number, what it was made of, and the local gradients."""

    def __init__(self, val, parents=(), partials=()):
        self.val = val
        self.adj = 0.0
        self.parents = parents
        self.partials = partials

    def __add__(self, other):
        other = as_node(other)
        return Node(self.val + other.val, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = as_node(other)
        return Node(self.val * other.val, (self, other), (other.val, self.val))

    def __sub__(self, other):
        return self + as_node(other) * -1.0

    def tanh(self):
        """The hyperbolic tangent."""
        t = math.tanh(self.val)
        return Node(t, (self,), (1.0 - t * t,))


def as_node(x):
    """A plain number becomes a constant."""
    return x if isinstance(x, Node) else Node(float(x))


def backprop(root):
    """Gradients of the root by all nodes that it was made of, without recursion."""
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        node, complete = stack.pop()
        if complete:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((parent, False) for parent in node.parents)
    for node in order:
        node.adj = 0.0
    root.adj = 1.0
    for node in reversed(order):
        for parent, partial in zip(node.parents, node.partials):
            parent.adj += partial * node.adj


class Recurrent:
    """A state of a few numbers that reads one value at a time."""

    def __init__(self, size, rng):
        self.w_in = [Node(rng.gauss(0, 0.8)) for _ in range(size)]
        self.w_state = [[Node(rng.gauss(0, 0.5)) for _ in range(size)] for _ in range(size)]
        self.w_out = [Node(rng.gauss(0, 0.5)) for _ in range(size)]

    def parameters(self):
        """All of them in one list."""
        return [*self.w_in, *(w for row in self.w_state for w in row), *self.w_out]

    def read(self, state, x):
        """The next state, and what it foretells."""
        new = []
        for w, row in zip(self.w_in, self.w_state):
            total = w * x
            for weight, number in zip(row, state):
                total = total + weight * number
            new.append(total.tanh())
        guess = Node(0.0)
        for w, number in zip(self.w_out, new):
            guess = guess + w * number
        return new, guess


def wave(t):
    """What the sensor measures at time t."""
    return 0.6 * math.sin(0.7 * t) + 0.3 * math.sin(1.9 * t)


net = Recurrent(3, random.Random(1))
state = [Node(0.0) for _ in range(3)]
for step in range(16):
    piece = [wave(4 * step + k) for k in range(5)]
    loss = Node(0.0)
    for x, following in zip(piece, piece[1:]):
        state, guess = net.read(state, x)
        miss = guess - following
        loss = loss + miss * miss
    backprop(loss)
    for p in net.parameters():
        p.val -= 0.05 * p.adj
    if step % 4 == 3:
        print(f"after {4 * step + 4:2} values: loss {loss.val:.4f}")
