"""The lift of a drone by the speed of its rotor, as a chain of small corrections.

Who wrote it: Jun. Deep recursion had bitten her, so her pass counts instead: a node is done as
soon as all that use it have been heard, and only then it speaks to those that it uses.

What she sees: the loss falls, and the predictions are not bad.

What puzzles her: a chain without the squared terms learns exactly as it should, to the last digit
of the gradient. With them it learns, but worse than a program by a friend that goes through the
same nodes in the order in which they were made.

How to try: read it first. Then

    python examples/find_the_bug/10_drone.py
    microgpt debug examples/find_the_bug/10_drone.py
    microgpt diagnose examples/find_the_bug/10_drone.py
"""

import random


class Term:
    """A number in a computation; `uses` are the terms that it was computed from."""

    def __init__(self, number, uses=(), rates=()):
        self.number = number
        self.uses = uses
        self.rates = rates
        self.share = 0.0

    def __add__(self, other):
        return Term(self.number + other.number, (self, other), (1.0, 1.0))

    def __sub__(self, other):
        return Term(self.number - other.number, (self, other), (1.0, -1.0))

    def __mul__(self, other):
        return Term(self.number * other.number, (self, other), (other.number, self.number))

    def bend(self):
        """The number where it is positive, else a tenth of it."""
        rate = 1.0 if self.number > 0 else 0.1
        return Term(rate * self.number, (self,), (rate,))


def spread(result):
    """Gives each term its share: by how much the result moves with it."""
    waiting, found = {result: 0}, [result]  # how many have yet to be heard before a term is done
    for term in found:
        for used in set(term.uses):
            if used not in waiting:
                waiting[used] = 0
                found.append(used)
            waiting[used] += 1
    for term in found:
        term.share = 0.0
    result.share = 1.0
    done = [result]
    while done:
        term = done.pop()
        for used, rate in zip(term.uses, term.rates):
            used.share += rate * term.share
            waiting[used] -= 1
            if waiting[used] == 0:
                done.append(used)


class Correction:
    """Adds to its input a bent line of it and a little of its square."""

    def __init__(self, rng):
        self.slope = Term(rng.uniform(-0.5, 0.5))
        self.start = Term(rng.uniform(-0.3, 0.3))
        self.curve = Term(rng.uniform(-0.2, 0.2))

    def __call__(self, x):
        return (self.slope * x + self.start).bend() + x + x * x * self.curve

    def parameters(self):
        """All three."""
        return [self.slope, self.start, self.curve]


rng = random.Random(4)
chain = [Correction(rng) for _ in range(3)]
parameters = [p for correction in chain for p in correction.parameters()]
speeds = [0.1 * k for k in range(11)]
lifts = [0.2 + 1.8 * v * v + rng.gauss(0, 0.02) for v in speeds]

for step in range(40):
    loss = Term(0.0)
    for speed, lift in zip(speeds, lifts):
        x = Term(speed)
        for correction in chain:
            x = correction(x)
        miss = x - Term(lift)
        loss = loss + miss * miss
    spread(loss)
    for p in parameters:
        p.number -= 0.02 * p.share
    if step % 8 == 7:
        print(f"step {step + 1:2}: loss {loss.number:.4f}")
