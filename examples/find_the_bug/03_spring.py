"""A damped spring: its height, its decay and its pitch are found from a few measured swings.

Who wrote it: Carla, for a laboratory course. She keeps a tape: each operation appends the rule
that undoes it, and the pass reads the tape from its end. She found that making objects takes most
of the time, and saved where she could.

What she sees: the loss falls from the first step on, and then it hardly moves any more.

What puzzles her: the curve is far off at the late points. Fitted by hand, with the same numbers
to begin with, the decay and the pitch come out much better. A test with a single measured point
is perfect.

How to try: read it first. Then

    python examples/find_the_bug/03_spring.py
    microgpt debug examples/find_the_bug/03_spring.py
    microgpt diagnose examples/find_the_bug/03_spring.py
"""

import math


class Tape:
    """The rules of all operations so far."""

    def __init__(self):
        self.rules = []

    def backward(self, result):
        """Runs all rules, last one first."""
        result.slope = 1.0
        for rule in reversed(self.rules):
            rule()
        self.rules.clear()


tape = Tape()


class Var:
    """A number on the tape."""

    def __init__(self, number, sources=()):
        self.number = number
        self.slope = 0.0
        self.sources = sources

    def __add__(self, other):
        out = Var(self.number + other.number, (self, other))

        def rule():
            self.slope += out.slope
            other.slope += out.slope

        tape.rules.append(rule)
        return out

    def __mul__(self, other):
        out = Var(self.number * other.number, (self, other))

        def rule():
            self.slope += out.slope * other.number
            other.slope += out.slope * self.number

        tape.rules.append(rule)
        return out

    def exp(self):
        """The exponential function."""
        out = Var(math.exp(self.number), (self,))

        def rule():
            self.slope += out.slope * out.number

        tape.rules.append(rule)
        return out

    def cos(self):
        """The cosine."""
        out = Var(math.cos(self.number), (self,))

        def rule():
            self.slope -= out.slope * math.sin(self.number)

        tape.rules.append(rule)
        return out


times = [0.1 * k for k in range(1, 13)]
measured = [
    1.9 * math.exp(-0.6 * t) * math.cos(3.1 * t) + 0.02 * (-1) ** k for k, t in enumerate(times)
]

height, decay, pitch = parameters = [Var(1.0), Var(-0.1), Var(2.5)]
time, target = Var(0.0), Var(0.0)  # filled with each point in turn
for step in range(40):
    loss = Var(0.0)
    for t, y in zip(times, measured):
        time.number, target.number = t, -y
        swing = height * (decay * time).exp() * (pitch * time).cos()
        miss = swing + target
        loss = loss + miss * miss
    for p in parameters:
        p.slope = 0.0
    tape.backward(loss)
    for p in parameters:
        p.number -= 0.03 * p.slope
    if step % 8 == 7:
        found = ", ".join(f"{p.number:.2f}" for p in parameters)
        print(f"step {step + 1:2}: loss {loss.number:.4f}; height, decay and pitch {found}")
