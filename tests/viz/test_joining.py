"""Joining neighbours in a row."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.joining import run_label, runs, shape


@given(st.lists(st.sampled_from("aaabbc"), max_size=80), st.integers(1, 20), st.integers(1, 30))
def test_laws(row: list[str], limit: int, size: int) -> None:
    joined = runs(row, lambda name: name, limit, size)
    assert [name for run in joined for name in run] == row
    assert len(joined) <= limit
    assert all(joined)


@given(st.lists(st.sampled_from("aaaaab"), max_size=80), st.integers(1, 30))
def test_only_like_neighbours_share_a_run_if_the_limit_allows(row: list[str], size: int) -> None:
    changes = sum(a != b for a, b in itertools.pairwise(row))
    joined = runs(row, lambda name: name, changes + 1, size)
    assert all(len(set(run)) == 1 for run in joined)


@pytest.mark.parametrize(
    ("first", "last", "label"),
    [
        ("pos0", "pos7", "pos0…7"),
        ("pos2/layer0/attn", "pos4/layer0/attn", "pos2…4/layer0/attn"),
        ("pos2/layer0", "pos4/layer1", "pos2/layer0…pos4/layer1"),
        ("mlp_fc2[3][0]", "mlp_fc2[3][7]", "mlp_fc2[3][0…7]"),
        ("wte[0] a", "wte[3] d", "wte[0] a…wte[3] d"),
        ("#12", "#15", "#12…15"),
        ("0", "1", "0…1"),
        ("same", "same", "same"),
    ],
)
def test_labels(first: str, last: str, label: str) -> None:
    assert run_label(first, last) == label


def test_shape_ignores_numbers_only() -> None:
    assert shape("head12") == shape("head3") != shape("heads3")
