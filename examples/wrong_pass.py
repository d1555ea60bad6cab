"""A class of one's own whose backward pass writes a gradient where it should add to it.

Nothing here is called as in microgpt, and the pass is a function. The debugger sees what the class
does instead: what its nodes were made of, and what is written to them.

What to look for: the second share of `d` takes the place of the first one, at the line that
assigns; `why d` says what the gradient should be.

    python examples/wrong_pass.py
    microgpt debug examples/wrong_pass.py -c 'watch d' -c continue -c continue -c 'why d'
    microgpt-tui run examples/wrong_pass.py
"""


class Quantity:
    """A number that knows what it was computed from."""

    def __init__(self, amount, made_of=(), slopes=()):
        self.amount = amount
        self.made_of = made_of
        self.slopes = slopes
        self.sensitivity = 0.0

    def __add__(self, other):
        return Quantity(self.amount + other.amount, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Quantity(self.amount * other.amount, (self, other), (other.amount, self.amount))


def propagate(loss):
    """Gives each quantity its sensitivity, from results to operands."""
    order, seen = [], set()

    def visit(quantity):
        if quantity not in seen:
            seen.add(quantity)
            for operand in quantity.made_of:
                visit(operand)
            order.append(quantity)

    visit(loss)
    loss.sensitivity = 1.0
    for quantity in reversed(order):
        for operand, slope in zip(quantity.made_of, quantity.slopes, strict=True):
            operand.sensitivity = slope * quantity.sensitivity  # should be +=


a, b, c = Quantity(2.0), Quantity(-3.0), Quantity(0.5)
d = a * b + c
loss = d * d + a * d
propagate(loss)
print(f"loss {loss.amount}, by a {a.sensitivity}, by b {b.sensitivity}, by c {c.sensitivity}")
