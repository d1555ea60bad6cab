"""Patterns of scopes' paths: against `fnmatch`, and in a graph."""

from __future__ import annotations

import fnmatch
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import Graph, GraphError
from microgpt.graph.scope_patterns import is_within, part_matches

PARTS = st.text("ab*", max_size=8)


@given(PARTS, st.text("ab", max_size=8))
def test_a_star_is_any_characters_of_a_part(pattern: str, name: str) -> None:
    assert part_matches(pattern, name) is fnmatch.fnmatchcase(name, pattern)


def test_brackets_are_brackets() -> None:
    assert part_matches("linear[*]", "linear[12]")
    assert not part_matches("linear[1]", "linear1")


def test_no_pattern_is_slow() -> None:
    started = time.perf_counter()
    assert not part_matches("*a" * 200 + "b", "a" * 5000)
    assert time.perf_counter() - started < 1  # a regular expression would take years


@pytest.mark.parametrize(
    "pattern", ["pos*/layer0/attn/head2", "pos[0]", "*", "pos*", "pos*/*/*/head*/mix", "*o*/l*ss"]
)
def test_all_that_match_are_found(emma_graph: Graph, pattern: str) -> None:
    depth = pattern.count("/")
    expected = [
        found.path
        for found in emma_graph.scopes
        if found.path and found.path.count("/") == depth and is_within(found.path, pattern)
    ]
    if not expected:
        with pytest.raises(GraphError, match="no scope"):
            emma_graph.scopes.find_all(pattern)
        return
    found = emma_graph.scopes.find_all(f"/{pattern}/")
    assert [each.path for each in found] == expected
    assert all(a.stop <= b.start for a, b in pairwise(found))


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("x*", "inside the graph there is pos0, pos1, pos2, pos3, pos4, loss"),
        (
            "pos*/layer9",
            "inside pos0, pos1, pos2, pos3, pos4 there is embed, layer0, lm_head, softmax, loss",
        ),
        ("pos1/em*/x", "inside pos1/embed there is nothing"),
    ],
)
def test_what_would_be_valid_is_said(emma_graph: Graph, pattern: str, message: str) -> None:
    with pytest.raises(GraphError) as raised:
        emma_graph.scopes.find_all(pattern)
    assert str(raised.value) == f"no scope matches {pattern!r}: {message}"
