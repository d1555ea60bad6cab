"""Numbers in sentences: short, and as long as it takes to tell two of them apart."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from microgpt.diagnosis.kinds.kind import said, said_apart

FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@given(FLOATS, FLOATS)
def test_two_numbers_look_alike_only_if_they_are(one: float, other: float) -> None:
    texts = said_apart(one, other)
    assert (texts[0] == texts[1]) <= (said(one) == said(other))
    assert texts[0] != texts[1] or one == other


@given(FLOATS, st.integers(1, 3))
def test_neighbours_are_told_apart(one: float, steps: int) -> None:
    other = one
    for _ in range(steps):
        other = math.nextafter(other, math.inf)
    if math.isfinite(other):
        assert len(set(said_apart(one, other))) == 2


def test_no_more_digits_than_that_takes() -> None:
    assert said_apart(1.94281, 0.5) == ("1.943", "0.5")
    assert said_apart(1.94281, 1.94279) == ("1.94281", "1.94279")
    assert said_apart(2.0, 2.0) == ("2", "2")
