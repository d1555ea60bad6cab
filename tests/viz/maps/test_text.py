"""The Map as lines: widths, numbers that can be read back, what is said without colour."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import Graph
from tests.viz.computations import graphs
from viz.maps.lenses import look
from viz.maps.moments import completions, moment_of
from viz.maps.spans import NUMBER_WIDTH, bar, cell_number, narrow_number, short_labels
from viz.maps.step_map import StepMap
from viz.maps.text import TextMap
from viz.style import strength


def printed(text: TextMap) -> list[str]:
    return ["".join(span.text for span in line) for line in text.lines()]


@given(st.floats(-1.0, 0.0, exclude_max=True))
def test_a_small_negative_number_is_not_zero(number: float) -> None:
    assert float(cell_number(number)) < 0
    assert math.isclose(float(cell_number(number)), number, rel_tol=0.51, abs_tol=5e-324)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_cell_number_is_short_and_near(number: float) -> None:
    text = cell_number(number)
    assert len(text) <= NUMBER_WIDTH + (2 if abs(number) >= 1e100 or 0 < abs(number) < 1e-99 else 1)
    if 1e-4 <= abs(number) < 1e4:
        assert math.isclose(float(text), number, rel_tol=0.06, abs_tol=6e-4)


@given(st.floats(allow_nan=False))
def test_a_number_is_never_cut_to_another(number: float) -> None:
    text = narrow_number(number)
    assert len(text) <= NUMBER_WIDTH
    if text == cell_number(number):
        return
    if abs(number) < 1:
        assert abs(number) < 1e-9
        assert text == ("≈-0" if number < 0 else "≈0")
    else:
        assert float(text.replace("e", "1e")) == pytest.approx(number, rel=10)


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_no_line_is_wider_than_the_window(emma_map: StepMap, width: int) -> None:
    for line in printed(TextMap(look(emma_map), width)):
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
    on_scale = text.scale.on_scale
    signs = {
        span.text.strip()
        for row in range(19)
        for span in text.row(row)
        if span.cell >= 0 and on_scale[span.cell]
    }
    assert {sign for sign in signs if not sign.startswith(("attn", "mlp", "wte", "lm_"))} == {"·"}
    assert river_drawn(text) == []


def river_drawn(text: TextMap) -> list[tuple[int, int]]:
    """Row and column of each part of the river that is drawn."""
    return [
        (row, column)
        for row in text.river_rows
        for column, span in enumerate(text.river(row)[1:])
        if span.text.strip()
    ]


def test_the_backward_pass_finds_losses_and_probabilities_there(emma_map: StepMap) -> None:
    graph = emma_map.graph
    moment = moment_of(emma_map, "backward", 0, graph.grads_at(0))
    text = TextMap(look(emma_map), 120, moment=moment)
    told = {s.cell: s.text.split() for row in range(19) for s in text.row(row) if s.cell >= 0}
    for caption in emma_map.captions:
        probability = 100 * float(graph.data[caption.probability])
        assert told[int(emma_map.grid.cell_of[caption.probability])] == ["·", f"{probability:.1f}%"]
        loss = cell_number(float(graph.data[caption.loss]))
        assert told[int(emma_map.grid.cell_of[caption.loss])][-1] == loss


def test_the_river_rises_with_the_backward_pass(emma_map: StepMap) -> None:
    """A part of it is drawn from the event on after which all of its gradient has flowed."""
    graph, skips = emma_map.graph, [c for c in emma_map.river if c.is_skip]
    all_of_it = river_drawn(TextMap(look(emma_map), 120))
    assert sorted(all_of_it) == sorted((c.from_row, c.column) for c in skips)
    last = int(emma_map.last_event.max())
    for event in [*completions(emma_map, "backward").tolist()[::7], last]:
        moment = moment_of(emma_map, "backward", event, graph.grads_at(event))
        flowed = [
            (c.from_row, c.column)
            for c in skips
            if emma_map.last_event[emma_map.grid.at[c.to_row, c.column]] <= event
        ]
        text = TextMap(look(emma_map), 120, moment=moment)
        assert sorted(river_drawn(text)) == sorted(flowed)
    assert river_drawn(text) == all_of_it


def test_in_the_forward_pass_cells_show_values(emma_map: StepMap) -> None:
    graph = emma_map.graph
    event = len(graph.forward_order)
    moment = moment_of(emma_map, "forward", event, graph.grads_at(0))
    text = TextMap(look(emma_map, "value"), 120, moment=moment)
    assert text.legend()[1][1].text == "L2 norm of what leaves the cell"
    row = next(i for i, row in enumerate(emma_map.rows) if row.name == "mlp/fc1")
    for column, span in enumerate(text.row(row)[1:6]):
        cell = int(emma_map.grid.at[row, column])
        assert span.text.split()[1] == cell_number(float(emma_map.data_norm[cell]))


def test_a_reader_has_lanes_to_whom_it_reads(emma_map: StepMap) -> None:
    text = TextMap(look(emma_map), 120, reader=2)
    row = next(i for i, row in enumerate(emma_map.rows) if row.name == "attn/head0")
    told = [span.text.strip() for span in text.row(row)[1:6]]
    (head,) = (h for h in emma_map.weights if h.row == row and h.column == 2)
    for source, weight in zip(head.sources, head.weights, strict=True):
        assert f"{100 * weight:3.0f}%".strip() in told[source]
    assert told[2].startswith("◀")
    assert told[3:] == ["·", "·"]


def test_maps_beside_each_other_are_on_one_scale(emma_map: StepMap) -> None:
    grown = replace(emma_map.graph, grad=emma_map.graph.grad * 100, data=emma_map.graph.data * 2)
    looks = [look(emma_map), look(StepMap.of(grown, emma_map.captions, 2))]
    small, large = (TextMap(each, 120, beside=looks).scale for each in looks)
    assert small.largest == large.largest == TextMap(looks[1], 120).scale.largest
    assert small.largest_loss == large.largest_loss == 2 * TextMap(looks[0], 120).scale.largest_loss
    for cell in np.flatnonzero(small.on_scale & (emma_map.grad_norm > 0)).tolist():
        assert small.size(cell) == pytest.approx(max(0.0, large.size(cell) - 0.5))


@given(graph=graphs, width=st.integers(30, 150))
def test_any_graph_can_be_printed_at_any_moment(graph: Graph, width: int) -> None:
    step_map = StepMap.of(graph)
    seen = look(step_map)
    assert printed(TextMap(seen, width))
    for event in completions(step_map, "backward").tolist()[:3]:
        moment = moment_of(step_map, "backward", event, graph.grads_at(event))
        assert printed(TextMap(seen, width, moment=moment))


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("lens", ["grad", "value"])
def test_a_widened_column_shows_each_output_on_the_scale(
    emma_map: StepMap, width: int, lens: str
) -> None:
    seen = look(emma_map, lens)
    text = TextMap(seen, width, reader=2, widened=2)
    row = next(i for i, row in enumerate(emma_map.rows) if row.name == "attn/q")
    cell = int(emma_map.grid.at[row, 2])
    shown = [span for span in text.row(row) if span.cell == cell][1:]
    outputs = emma_map.outputs[emma_map.grid.cell_of[emma_map.outputs] == cell]
    numbers = np.abs((emma_map.graph.grad if lens == "grad" else emma_map.graph.data)[outputs])
    parts = np.array_split(numbers, len(shown))
    sizes = [strength(float(part.max()), text.scale.largest) for part in parts]
    assert [span.strength for span in shown] == sizes
    assert len(shown) == len(outputs) or width < 120
    assert all(len(line.rstrip()) <= width for line in printed(text))


@pytest.mark.parametrize("width", range(45, 120, 3))
def test_a_weight_in_a_lane_is_never_cut(emma_map: StepMap, width: int) -> None:
    text = TextMap(look(emma_map), width, reader=4)
    for head in emma_map.weights:
        if head.column != 4:
            continue
        row = text.row(head.row)
        for source, weight in zip(head.sources, head.weights, strict=True):
            spans = [s for s in row if s.cell == int(emma_map.grid.at[head.row, source])]
            for span in spans:
                digits = "".join(c for c in span.text if c.isdigit())
                assert digits in ("", f"{100 * weight:.0f}")


def test_all_that_is_beside_the_columns_has_a_heading(emma_map: StepMap) -> None:
    histories = [[0.1, 0.2, 0.3]] * len(emma_map.rows)
    text = TextMap(look(emma_map), 140, histories=histories)
    assert text.widths.history
    head = "".join(span.text for span in text.header()[0])
    row = "".join(span.text for span in text.row(0))
    assert head.index("steps") == row.index("▁▅█")
    assert "parameters" in head


def test_a_strip_of_many_sources_has_the_largest_of_neighbours(emma_map: StepMap) -> None:
    """All that is read is in it, however narrow the column."""
    text = TextMap(look(emma_map), 33, first_column=4)
    room = text.widths.column - 1
    assert room < 5
    for head in emma_map.weights:
        if head.column != 4:
            continue
        shown = "".join(s.text for s in text.row(head.row) if s.cell >= 0 and s.kind == "weight")
        parts = np.array_split(np.array(head.weights), room)
        assert shown.rstrip().endswith("".join(bar(float(part.max())) for part in parts))


NAMES = st.lists(st.text("abc1[]/ ", min_size=1, max_size=14), min_size=1, max_size=6, unique=True)


@given(NAMES, st.sampled_from(["", "layer1 linear ", "x"]), st.sampled_from(["", " linear[1]"]))
def test_labels_fit_and_differ_where_what_differs_fits(
    names: list[str], before: str, after: str
) -> None:
    whole = [f"{before}{name}{after}" for name in names]
    labels = short_labels(whole, 10)
    assert all(len(label) <= 10 for label in labels)
    assert all(a == b for a, b in zip(whole, labels, strict=True) if len(a) <= 10)
    if len({name[:4] for name in names}) == len(names):
        assert len(set(labels)) == len(labels)
