"""A cell in words: its numbers are the Map's, and a pass tells nothing that is still to come."""

from __future__ import annotations

import pytest

from viz.maps.lenses import look
from viz.maps.moments import Progress, completions, moment_of
from viz.maps.spans import cell_number
from viz.maps.step_map import StepMap
from viz.maps.words import reading_in_words, words


def test_a_cell_tells_the_parameters_that_its_row_reads(emma_map: StepMap) -> None:
    rows = {row.name: place for place, row in enumerate(emma_map.rows)}
    told = words(look(emma_map), int(emma_map.grid.at[rows["embed"], 2]))
    assert "parameters  wte, wpe" in told.lines
    told = words(look(emma_map), int(emma_map.grid.at[rows["attn/norm"], 2]))
    assert not any(line.startswith("parameters") for line in told.lines)


@pytest.mark.parametrize("place", range(0, 90, 15))
def test_in_the_backward_pass_a_gradient_is_told_as_far_as_it_has_come(
    emma_map: StepMap, place: int
) -> None:
    graph, seen = emma_map.graph, look(emma_map)
    event = int(completions(emma_map, "backward")[place])
    moment = moment_of(emma_map, "backward", event, graph.grads_at(event))
    for cell in range(emma_map.n_cells):
        told = words(seen, cell, moment)
        is_complete = moment.progress[cell] == Progress.COMPLETE
        number = float(emma_map.grad_norm[cell] if is_complete else moment.numbers[cell])
        assert told.lines[0] == f"grad  {number!r}{'' if is_complete else ' so far'}"
        assert f"value norm     {cell_number(float(emma_map.data_norm[cell]))}" in told.lines
        assert is_complete or not (told.flows_in or told.flows_out)


@pytest.mark.parametrize("place", range(0, 90, 15))
def test_in_the_forward_pass_there_are_no_gradients_and_no_weights_before_they_are_computed(
    emma_map: StepMap, place: int
) -> None:
    graph, seen = emma_map.graph, look(emma_map, "value")
    event = int(completions(emma_map, "forward")[place])
    moment = moment_of(emma_map, "forward", event, graph.grads_at(0))
    for cell in range(emma_map.n_cells):
        told = words(seen, cell, moment)
        is_complete = moment.progress[cell] == Progress.COMPLETE
        number = float(emma_map.data_norm[cell] if is_complete else moment.numbers[cell])
        assert told.lines[0] == f"value  {number!r}{'' if is_complete else ' so far'}"
        assert not any("gradient" in line for line in told.lines)
        assert not told.flows_in
        assert not told.flows_out
        assert is_complete or not told.reads
    for column in range(5):
        heads = [head for head in emma_map.weights if head.column == column]
        done = [
            head
            for head in heads
            if moment.progress[emma_map.grid.at[head.row, column]] == Progress.COMPLETE
        ]
        assert len(reading_in_words(emma_map, column, moment)) == len(done)
