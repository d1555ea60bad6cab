"""Layers folded on a page, but for one."""

from __future__ import annotations

import numpy as np
import pytest

from microgpt import InputError, ModelConfig, ModelSnapshot, Training
from microgpt.text.corpus import Corpus
from tests.viz.computations import square_graph
from viz.maps.folding import with_open_layer
from viz.maps.lenses import look
from viz.maps.step_map import StepMap
from viz.maps.svg import map_svg


@pytest.fixture(scope="module")
def deep(names: Corpus) -> StepMap:
    """The Map of "abc" by three small layers."""
    run = Training(names, model=ModelConfig(n_layer=3, n_embd=4, n_head=2))
    return StepMap.of(ModelSnapshot.of(run).graph("abc"))


def test_one_layer_stays_open(deep: StepMap) -> None:
    layers = [row.layer for row in with_open_layer(deep, 1).rows]
    assert layers.count(0) == layers.count(2) == 1
    assert layers.count(1) == [row.layer for row in deep.rows].count(1) > 10
    assert [row.layer for row in with_open_layer(deep).rows].count(1) == 1


def test_a_folded_layer_is_summed_over_what_leaves_it(deep: StepMap) -> None:
    folded, graph = with_open_layer(deep), deep.graph
    for layer in range(3):
        (row,) = [place for place, shown in enumerate(folded.rows) if shown.layer == layer]
        for column in range(3):
            cell = folded.grid.at[row, column]
            inside = np.flatnonzero(folded.grid.cell_of == cell)
            leaving = {
                operand
                for operand, consumer in zip(
                    graph.operands.tolist(), graph.edge_consumers.tolist(), strict=True
                )
                if folded.grid.cell_of[operand] == cell != folded.grid.cell_of[consumer]
            }
            assert leaving <= set(inside.tolist())
            slow = np.sqrt(sum(graph.grad[node] ** 2 for node in sorted(leaving)))
            assert folded.grad_norm[cell] == pytest.approx(slow)


def test_a_folded_layer_is_no_head(deep: StepMap) -> None:
    folded = with_open_layer(deep, 2)
    assert {head.layer for head in folded.weights} == {2}
    assert {ribbon.layer for ribbon in folded.ribbons} == {2}
    of_layer = [r for r in deep.ribbons if r.layer == 2]
    assert [r.grad_norm for r in folded.ribbons] == [r.grad_norm for r in of_layer]
    assert with_open_layer(deep).weights == ()


def test_few_layers_stay_as_they_are(emma_map: StepMap) -> None:
    assert with_open_layer(emma_map) is emma_map
    assert with_open_layer(emma_map, 0) is emma_map


def test_there_is_no_such_layer(deep: StepMap) -> None:
    with pytest.raises(InputError, match="no layer 3; there is 0, 1, 2"):
        with_open_layer(deep, 3)
    with pytest.raises(InputError, match="has no layers"):
        with_open_layer(StepMap.of(square_graph()), 0)


def test_a_picture_names_folded_layers(deep: StepMap) -> None:
    svg = map_svg(look(with_open_layer(deep, 1)))
    for layer in range(3):
        assert f">layer {layer}<" in svg
