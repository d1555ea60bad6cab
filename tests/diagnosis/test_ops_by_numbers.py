"""Ops of unknown names: recognised by their numbers, and computed again for others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from microgpt import Graph, Value
from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.diagnosis.recognising import recognised
from microgpt.diagnosis.structure.recomputing import recomputed

Row = np.ndarray
WHOLE: dict[str, Callable[[Row], float]] = {
    "sum": lambda x: x.sum(),
    "mean": lambda x: x.mean(),
    "dot": lambda x: x[:3] @ x[3:],
    "softmax": lambda x: (np.exp(x) / np.exp(x).sum())[2],
    "logarithm of a softmax": lambda x: x[1] - np.log(np.exp(x).sum()),
}
tenths = st.integers(-30, 30).map(lambda n: n / 10)
numbers = st.lists(tenths, min_size=6, max_size=6, unique=True)


@pytest.mark.parametrize("op", WHOLE)
@given(st.lists(numbers, min_size=3, max_size=5))
def test_slopes_of_ops_over_rows(op: str, rows: list[list[float]]) -> None:
    table = np.array(rows)
    assume(op not in {"sum", "mean"} or (np.abs(table.sum(axis=1)) > 1e-6).any())
    found = recognised(table, np.array([WHOLE[op](row) for row in table]))
    assert found is not None
    step = 1e-6
    for row, slopes in zip(table, found[0], strict=True):
        for at in range(6):
            moved = np.eye(6)[at] * step
            central = (WHOLE[op](row + moved) - WHOLE[op](row - moved)) / (2 * step)
            assert slopes[at] == pytest.approx(central, abs=1e-7)


def test_equal_numbers_are_told_apart_by_the_order_of_whole_rows_alone() -> None:
    row = np.array([0.5, 0.5, 1.0])
    shares = np.exp(row) / np.exp(row).sum()
    found = recognised(np.stack([row] * 3), shares)
    assert found is not None
    assert np.allclose(found[0], np.diag(shares) - np.outer(shares, shares))
    assert recognised(np.stack([row] * 2), shares[:2]) is None


@given(st.lists(numbers, min_size=3, max_size=5), st.floats(0.1, 5))
def test_what_is_no_known_op_is_not_recognised(rows: list[list[float]], by: float) -> None:
    table = np.array(rows)
    data = np.array([np.sin(by * row[0]) * row[1] + row[2] ** 3 + 7.5 for row in table])
    assert recognised(table, data) is None


def loss(w: list[Value]) -> Value:
    """Sums, products, a quotient, a softmax, a relu and powers."""
    a, b, c = w
    hidden = (a * b + c).relu() + a * 0.5
    scores = [(hidden * k + b).exp() for k in (1, -1, 2)]
    chance = scores[0] / sum(scores[1:], scores[0])
    return -(chance.log()) + (a - c) ** 2 + hidden * hidden


@given(st.tuples(*[st.floats(0.2, 2)] * 3), st.tuples(*[st.floats(0.2, 2)] * 3))
def test_a_graph_is_computed_again_for_other_numbers(
    here: tuple[float, ...], there: tuple[float, ...]
) -> None:
    weights = [Value(number, name=name) for name, number in zip("abc", here, strict=True)]
    root = loss(weights)
    root.backward()
    graph = Graph.from_value(root)
    evidence = Evidence((PassEvidence.of_graph(graph),))
    other = dict(zip((graph.find(name) for name in "abc"), there, strict=True))
    expected = loss([Value(number) for number in there]).data
    assert recomputed(evidence.algebra(0), other) == pytest.approx(expected, rel=1e-9)
    assert recomputed(evidence.algebra(0), {}) == graph.data[graph.root]


def test_totals_that_are_all_zero_tell_no_sum_from_a_mean() -> None:
    table = np.array([[0.5, -0.25, -0.25], [1.0, -2.0, 1.0]])
    assert recognised(table, np.zeros(2)) is None
