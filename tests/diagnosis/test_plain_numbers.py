"""Programs with numbers beside their nodes: constants, squares, and what has grown large."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.diagnosis.diagnosed import diagnosed

ENGINE = """
class Term:
    def __init__(self, value, partials=None):
        self.value, self.partials, self.gradient = value, partials or {}, 0.0

    def __add__(self, other):
        return Term(self.value + other.value, {self: 1.0, other: 1.0})

    def __mul__(self, other):
        if not isinstance(other, Term):
            return Term(self.value * other, {self: other})
        if other is self:
            return Term(self.value * self.value, {self: SQUARE * self.value})
        return Term(self.value * other.value, {self: other.value, other: self.value})

    def propagate(self):
        order, seen = [], set()

        def visit(term):
            if term not in seen:
                seen.add(term)
                for operand in term.partials:
                    visit(operand)
                order.append(term)

        visit(self)
        self.gradient = 1.0
        for term in reversed(order):
            for operand, partial in term.partials.items():
                operand.gradient += partial * term.gradient


slope, level, gain = Term(0.7), Term(FIRST), Term(GAIN)
for step in range(4):
    error = gain * (slope * 3.0 + level) + Term(-1.5)
    loss = error * error + gain * 0.25
    loss.propagate()
    for each in (slope, level):
        each.value -= 0.01 * each.gradient
    for each in (slope, level, gain):
        each.gradient = 0.0
"""


def verdict_of(folder: Path, square: float = 2.0, first: float = 0.2, gain: float = 1.0) -> str:
    path = folder / "terms.py"
    head = f"SQUARE, FIRST, GAIN = {square}, {first}, {gain}\n"
    path.write_text(head + ENGINE, encoding="utf-8")
    found = diagnosed(path)
    return " ".join([found.verdict, *(f"{f.kind}:{f.certainty}" for f in found.findings)])


def test_a_square_of_one_operand_is_no_product_with_a_number(tmp_path: Path) -> None:
    assert "wrong-local" not in verdict_of(tmp_path)
    assert "wrong-local:certain" in verdict_of(tmp_path, square=3.0)


@pytest.mark.parametrize(("gain", "certainty"), [(1.0, "note"), (1.1, "likely")])
def test_a_gain_that_is_forgotten_is_told(tmp_path: Path, gain: float, certainty: str) -> None:
    """One that begins at 1 may be a constant of the formula, and is told all the same."""
    assert f"not-updated:{certainty}" in verdict_of(tmp_path, gain=gain)


def test_numbers_that_have_grown_large_are_looked_at(tmp_path: Path) -> None:
    assert verdict_of(tmp_path, first=1e200).partition(" ")[0] in {
        "faulty",
        "suspect",
        "unverified",
    }
