"""A forger and a critic: one makes numbers, the other tells them from real ones, and both learn.

Who wrote it: Goran. The real numbers lie around 3. The forger stretches and shifts noise that
lies around 0; the critic is a small network that should say 1 for a real number and 0 for a
forged one.

What he sees: the critic's loss falls quickly to nearly nothing.

What puzzles him: he has read that the two are hard to balance, and that the critic may win too
early. So he slows the critic down, ten times, a hundred times. The forged numbers stay around 0
all the same.

How to try: read it first. Then

    python examples/find_the_bug/07_forger.py
    microgpt debug examples/find_the_bug/07_forger.py
    microgpt diagnose examples/find_the_bug/07_forger.py
"""

import math
import random


class Scalar:
    """A number that remembers how it was made."""

    def __init__(self, value, inputs=(), slopes=()):
        self.value = value
        self.grad = 0.0
        self.inputs = inputs
        self.slopes = slopes

    def __add__(self, other):
        other = other if isinstance(other, Scalar) else Scalar(other)
        return Scalar(self.value + other.value, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Scalar) else Scalar(other)
        return Scalar(self.value * other.value, (self, other), (other.value, self.value))

    def tanh(self):
        """The hyperbolic tangent."""
        t = math.tanh(self.value)
        return Scalar(t, (self,), (1.0 - t * t,))

    def softplus(self):
        """log(1 + exp(x)), without large exponentials."""
        x = self.value
        s = 1.0 / (1.0 + math.exp(-x)) if x > 0 else math.exp(x) / (1.0 + math.exp(x))
        return Scalar(max(x, 0.0) + math.log1p(math.exp(-abs(x))), (self,), (s,))

    def backward(self):
        """Sets the gradients of all that this was made of."""
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for node_input in node.inputs:
                    visit(node_input)
                order.append(node)

        visit(self)
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for node_input, slope in zip(node.inputs, node.slopes):
                node_input.grad += slope * node.grad


class Descent:
    """Moves its parameters against their gradients."""

    def __init__(self, parameters, rate):
        self.parameters = parameters
        self.rate = rate

    def step(self):
        """One update."""
        for p in self.parameters:
            p.value -= self.rate * p.grad


rng = random.Random(8)
stretch, shift = Scalar(1.0), Scalar(0.0)
units = [[Scalar(rng.gauss(0, 1)) for _ in range(3)] for _ in range(4)]


def forge(noise):
    """A forged number."""
    return stretch * noise + shift


def criticise(number):
    """How real it looks: above 0 for real."""
    score = Scalar(0.0)
    for weight, bias, out in units:
        score = score + out * (weight * number + bias).tanh()
    return score


critic = Descent([p for unit in units for p in unit], rate=0.1)
forger = Descent([stretch, shift], rate=0.2)
for step in range(32):
    real = [rng.gauss(3, 0.5) for _ in range(6)]
    forged = [Scalar(forge(rng.gauss(0, 0.5)).value) for _ in range(6)]

    loss = Scalar(0.0)
    for r, f in zip(real, forged):
        loss = loss + (criticise(Scalar(r)) * -1.0).softplus() + criticise(f).softplus()
    loss.backward()
    critic.step()

    miss = Scalar(0.0)
    for f in forged:
        miss = miss + (criticise(f) * -1.0).softplus()
    miss.backward()
    forger.step()
    if step % 8 == 7:
        mean = sum(f.value for f in forged) / len(forged)
        print(f"step {step + 1:2}: loss of the critic {loss.value:.4f}, forged around {mean:.2f}")
