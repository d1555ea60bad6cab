"""Arithmetic over many groups at once."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from microgpt.graph.arrays import running_sums

NUMBERS = st.floats(width=64, allow_nan=True, allow_infinity=True)


@given(st.lists(st.tuples(NUMBERS, st.lists(NUMBERS, min_size=1, max_size=6)), max_size=6))
def test_running_sums_are_those_of_a_loop(groups: list[tuple[float, list[float]]]) -> None:
    numbers, before, looped = [], [], []
    for start, members in groups:
        total = start
        for number in members:
            total += number
            numbers.append(number)
            before.append(start)
            looped.append(total)
    is_first = [at == 0 for _, members in groups for at in range(len(members))]
    sums = running_sums(np.array(numbers, float), np.array(is_first, bool), np.array(before, float))
    np.testing.assert_array_equal(sums, np.array(looped, float))


def test_what_is_large_in_one_group_spoils_no_other() -> None:
    sums = running_sums(
        np.array([1e300, np.inf, 1e-300, 2e-300]),
        np.array([True, False, True, False]),
        np.zeros(4),
    )
    assert sums.tolist() == [1e300, np.inf, 1e-300, 1e-300 + 2e-300]
