"""Norms by group against sums done one by one."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.maps.norms import Shares, norms_by

edges = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 30), st.floats(-1e3, 1e3)), min_size=1, max_size=60
)


@given(edges)
def test_shares_of_one_operand_are_added_up_first(
    given_edges: list[tuple[int, int, float]],
) -> None:
    groups = sorted({group for group, _, _ in given_edges})
    group = np.array([groups.index(group) for group, _, _ in given_edges])
    rank = np.array([rank for _, rank, _ in given_edges])
    numbers = np.array([number for _, _, number in given_edges])
    sums: dict[tuple[int, int], float] = defaultdict(float)
    for key, number in zip(zip(group.tolist(), rank.tolist(), strict=True), numbers, strict=True):
        sums[key] += number
    shares = Shares.of(group, rank, len(groups))
    for at, norm in enumerate(shares.norms_of_sums(numbers).tolist()):
        assert norm == pytest.approx(math.hypot(*(s for (g, _), s in sums.items() if g == at)))
    distinct = {key: float(key[1]) for key in sums}
    for at, norm in enumerate(shares.norms_of_each(rank.astype(np.float64)).tolist()):
        assert norm == pytest.approx(math.hypot(*(s for (g, _), s in distinct.items() if g == at)))


@given(edges)
def test_no_square_is_out_of_range(given_edges: list[tuple[int, int, float]]) -> None:
    group = np.array([group for group, _, _ in given_edges])
    numbers = np.array([number for _, _, number in given_edges])
    norms = norms_by(group, numbers, 5)
    for power in (1e200, 1e-200):
        assert norms_by(group, numbers * power, 5) == pytest.approx(norms * power, rel=1e-12)


def test_what_is_not_finite_stays_so() -> None:
    group = np.array([0, 0, 1, 1, 2])
    norms = norms_by(group, np.array([math.inf, 1.0, math.nan, 1.0, 3.0]), 3)
    assert norms[0] == math.inf
    assert math.isnan(norms[1])
    assert norms[2] == 3.0
