"""Functions `add(a, b)` and `mul(a, b)` that make nodes of a class with no operators."""

from dataclasses import dataclass, field


@dataclass(eq=False)
class Term:
    number: float
    uses: list = field(default_factory=list)
    slope: float = 0.0


def add(a, b):
    return Term(a.number + b.number, [(a, 1.0), (b, 1.0)])


def mul(a, b):
    return Term(a.number * b.number, [(a, b.number), (b, a.number)])


def differentiate(top):
    order = []

    def visit(term):
        if all(term is not each for each in order):
            for each, _ in term.uses:
                visit(each)
            order.append(term)

    visit(top)
    top.slope = 1.0
    for term in reversed(order):
        for each, local in term.uses:
            each.slope += local * term.slope


a, b, c = Term(2.0), Term(-3.0), Term(0.5)
d = add(mul(a, b), c)
loss = add(mul(d, d), mul(a, d))
differentiate(loss)
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].number).hex(), float(globals()[name].slope).hex())
