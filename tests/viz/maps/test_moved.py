"""What a what-if moves on a Map: exactly the numbers that are others than without it."""

from __future__ import annotations

import pytest

from microgpt.debugger import DebugSession
from microgpt.debugger.console import Console
from viz.maps.lenses import look
from viz.maps.moved import NOTHING_MOVED, Moved
from viz.maps.scale import Scale
from viz.maps.step_map import StepMap
from viz.maps.text import MOVED, TextMap


def edited(emma_map: StepMap, line: str) -> StepMap:
    """The Map of the same graph with a what-if in force."""
    session = DebugSession(emma_map.graph)
    Console(session).execute(line)
    return StepMap.of(session.graph, emma_map.captions)


EDITS = ("set layer0.attn_wq[0][0] = 3", "zero pos1/layer0/attn/head1", "zero pos2/layer0/mlp")


def test_a_map_has_not_moved_from_itself(emma_map: StepMap) -> None:
    assert Moved.between(look(emma_map), look(emma_map)) == NOTHING_MOVED


@pytest.mark.parametrize("line", EDITS)
@pytest.mark.parametrize("lens", ["grad", "value"])
def test_what_is_marked_is_what_shows_another_number(
    emma_map: StepMap, line: str, lens: str
) -> None:
    after = edited(emma_map, line)
    moved = Moved.between(look(emma_map, lens), look(after, lens))
    was, now = Scale(look(emma_map, lens)), Scale(look(after, lens))
    cells = range(after.n_cells)
    assert moved.cells == {cell for cell in cells if was.number(cell) != now.number(cell)}
    assert 0 < len(moved.cells) < len(cells)
    differ = {
        (cell, source)
        for cell, weights in now.weights.items()
        for source, weight in enumerate(weights)
        if was.weights[cell][source] != weight
    }
    assert moved.weights == differ


def test_a_head_that_only_brings_something_else_has_no_mark_on_its_weights(
    emma_map: StepMap,
) -> None:
    """What a zeroed head's weights are does not change; those behind the query weights do."""
    after = edited(emma_map, EDITS[1])
    moved = Moved.between(look(emma_map), look(after))
    assert moved.cells
    assert not moved.weights
    text = TextMap(look(after), 160, moved=moved)
    heads = {head.row for head in after.weights}
    for row, each in enumerate(after.rows):
        spans = [span for span in text.row(row) if span.kind in {"cell", "weight"}]
        for span in spans:
            is_moved = span.cell in moved.cells and row not in heads
            assert (MOVED in span.text) == is_moved, each.name


def test_a_lane_is_marked_if_its_own_weight_moved(emma_map: StepMap) -> None:
    after = edited(emma_map, EDITS[0])
    moved = Moved.between(look(emma_map), look(after))
    reader = 3
    text = TextMap(look(after), 160, reader=reader, moved=moved)
    marked = 0
    for row in {each.row for each in after.weights}:
        head = int(after.grid.at[row, reader])
        for span in text.row(row):
            if span.kind == "weight":
                source = int(after.grid.column_of[span.cell])
                assert (MOVED in span.text) == ((head, source) in moved.weights)
                marked += MOVED in span.text
    assert marked
