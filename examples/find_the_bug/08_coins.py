"""Which coins are false? A logistic regression on weight, width and sound, trained by Adam.

Who wrote it: Hana, with the paper on Adam beside her, line by line.

What she sees: the loss falls, and the false coins are told from the good ones.

What puzzles her: the first step moves each parameter by the rate, here 0.05, she reads. Hers does
so for the first one, and for each further one less. With the parameters in another order the run
is another.

How to try: read it first. Then

    python examples/find_the_bug/08_coins.py
    microgpt debug examples/find_the_bug/08_coins.py
    microgpt diagnose examples/find_the_bug/08_coins.py
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field


@dataclass(eq=False)
class Number:
    """A number, and the pairs of what it was made of and the slope by it."""

    data: float
    edges: tuple[tuple[Number, float], ...] = ()
    grad: float = field(default=0.0, repr=False)

    def __add__(self, other: Number) -> Number:
        return Number(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other: Number) -> Number:
        return Number(self.data * other.data, ((self, other.data), (other, self.data)))

    def __neg__(self) -> Number:
        return Number(-self.data, ((self, -1.0),))

    def sigmoid(self) -> Number:
        """1 / (1 + exp(-x))."""
        s = 1.0 / (1.0 + math.exp(-self.data))
        return Number(s, ((self, s * (1.0 - s)),))

    def log(self) -> Number:
        """The natural logarithm."""
        return Number(math.log(self.data), ((self, 1.0 / self.data),))

    def propagate(self) -> None:
        """Adds the gradients of all that this was made of."""
        order: list[Number] = []
        seen: set[int] = set()

        def visit(number: Number) -> None:
            if id(number) not in seen:
                seen.add(id(number))
                for source, _ in number.edges:
                    visit(source)
                order.append(number)

        visit(self)
        self.grad = 1.0
        for number in reversed(order):
            for source, slope in number.edges:
                source.grad += slope * number.grad


class Adam:
    """Steps that are about as large as the rate, whatever the size of the gradient."""

    def __init__(self, parameters: list[Number], rate: float) -> None:
        self.parameters = parameters
        self.rate, self.beta1, self.beta2, self.tiny = rate, 0.9, 0.999, 1e-8
        self.means = [0.0] * len(parameters)
        self.squares = [0.0] * len(parameters)
        self.steps = 0

    def step(self) -> None:
        """One update; clears the gradients."""
        for i, p in enumerate(self.parameters):
            self.steps += 1
            self.means[i] = self.beta1 * self.means[i] + (1 - self.beta1) * p.grad
            self.squares[i] = self.beta2 * self.squares[i] + (1 - self.beta2) * p.grad**2
            mean = self.means[i] / (1 - self.beta1**self.steps)
            square = self.squares[i] / (1 - self.beta2**self.steps)
            p.data -= self.rate * mean / (square**0.5 + self.tiny)
            p.grad = 0.0


rng = random.Random(6)
coins = []
for k in range(12):
    false = k % 3 == 0
    centre = (-0.8, 0.3, -0.5) if false else (0.4, -0.1, 0.3)
    coins.append(([rng.gauss(c, 0.5) for c in centre], false))

weights = [Number(rng.gauss(0, 0.3)) for _ in range(3)]
bias = Number(rng.gauss(0, 0.3))
adam = Adam([*weights, bias], rate=0.05)
for step in range(30):
    loss = Number(0.0)
    for measured, false in coins:
        score = bias
        for w, x in zip(weights, measured):
            score = score + w * Number(x)
        answer = score.sigmoid() if false else (-score).sigmoid()
        loss = loss + answer.log() * Number(-1 / len(coins))
    loss.propagate()
    before = [p.data for p in adam.parameters]
    adam.step()
    if step in {0, 1, 9, 19, 29}:
        moved = " ".join(f"{abs(p.data - b):.3f}" for p, b in zip(adam.parameters, before))
        print(f"step {step + 1:2}: loss {loss.data:.4f}, moved by {moved}")
