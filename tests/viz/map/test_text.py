"""The Map as lines: widths, numbers that can be read back, what is said without colour."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import Graph
from tests.viz.computations import graphs
from viz.map.lenses import look
from viz.map.moments import completions, moment_of
from viz.map.step_map import StepMap
from viz.map.text import NUMBER_WIDTH, TextMap, cell_number


def printed(text: TextMap) -> list[str]:
    return ["".join(span.text for span in line) for line in text.lines()]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_cell_number_is_short_and_near(number: float) -> None:
    text = cell_number(number)
    assert len(text) <= NUMBER_WIDTH + (2 if abs(number) >= 1e100 or 0 < abs(number) < 1e-99 else 1)
    if 1e-4 <= abs(number) < 1e4:
        assert math.isclose(float(text), number, rel_tol=0.06, abs_tol=6e-4)


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_no_line_is_wider_than_the_window(emma_map: StepMap, width: int) -> None:
    for line in printed(TextMap(look(emma_map), width))[:-2]:
        assert len(line.rstrip()) <= width


def test_every_number_of_a_cell_is_the_maps(emma_map: StepMap) -> None:
    text = TextMap(look(emma_map), 120)
    shown = 0
    for row in range(len(emma_map.rows)):
        for span in text.row(row):
            if span.kind == "cell" and span.cell >= 0 and text.scale.on_scale[span.cell]:
                _, _, number = span.text.strip().partition(" ")
                size = float(emma_map.grad_norm[span.cell])
                assert number.strip() == cell_number(size)
                shown += 1
    assert shown == 13 * 5 + 8  # rows but heads, softmax and loss; and the parameters


def test_columns_that_do_not_fit_are_scrolled_to(emma_map: StepMap) -> None:
    narrow = TextMap(look(emma_map), 45)
    assert len(narrow.columns) < 5
    last = TextMap(look(emma_map), 45, first_column=99)
    assert last.columns.stop == 5


def test_before_the_pass_only_the_root_has_a_gradient(emma_map: StepMap) -> None:
    graph = emma_map.graph
    moment = moment_of(emma_map, "backward", 0, graph.grads_at(0))
    text = TextMap(look(emma_map), 120, moment=moment)
    signs = {span.text.strip() for row in range(19) for span in text.row(row) if span.cell >= 0}
    assert {sign for sign in signs if not sign.startswith(("attn", "mlp", "wte", "lm_"))} == {"·"}


def test_a_reader_has_lanes_to_whom_it_reads(emma_map: StepMap) -> None:
    text = TextMap(look(emma_map), 120, reader=2)
    row = next(i for i, row in enumerate(emma_map.rows) if row.name == "attn/head0")
    told = [span.text.strip() for span in text.row(row)[1:6]]
    (head,) = (h for h in emma_map.weights if h.row == row and h.column == 2)
    for source, weight in zip(head.sources, head.weights, strict=True):
        assert f"{100 * weight:3.0f}%".strip() in told[source]
    assert told[2].startswith("◀")
    assert told[3:] == ["·", "·"]


@given(graph=graphs, width=st.integers(30, 150))
def test_any_graph_can_be_printed_at_any_moment(graph: Graph, width: int) -> None:
    step_map = StepMap.of(graph)
    seen = look(step_map)
    assert printed(TextMap(seen, width))
    for event in completions(step_map, "backward").tolist()[:3]:
        moment = moment_of(step_map, "backward", event, graph.grads_at(event))
        assert printed(TextMap(seen, width, moment=moment))
