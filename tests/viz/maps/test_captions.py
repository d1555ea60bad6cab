"""What the Map of a document is told: tokens, targets, losses, probabilities, what-ifs or not."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from microgpt import Graph
from microgpt.debugger import DebugSession
from microgpt.model.places import position_losses
from viz.maps.captions import document_captions
from viz.maps.step_map import StepMap

LABELS = ("BOS", "e", "m", "m", "a", "BOS")


def test_a_probability_is_what_its_loss_is_minus_the_logarithm_of(emma_graph: Graph) -> None:
    captions = document_captions(emma_graph, LABELS)
    assert [(each.token, each.target) for each in captions] == list(pairwise(LABELS))
    for each in captions:
        assert each.loss is not None
        assert each.probability is not None
        probability = float(emma_graph.data[each.probability])
        assert -math.log(probability) == emma_graph.data[each.loss]


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_a_loss_that_a_what_if_has_set_has_none(emma_graph: Graph, steps: int) -> None:
    """A loss, its logarithm or its probability: a number stands there, made of nothing."""
    node = position_losses(emma_graph)[2]
    for _ in range(steps):
        node = emma_graph.operands_of(node)[0].operand
    session = DebugSession(emma_graph)
    session.set_node(f"#{emma_graph.id_of(node)}", 0.5)
    captions = document_captions(session.graph, LABELS)
    probabilities = [each.probability for each in captions]
    assert [probability is None for probability in probabilities] == [
        position == 2 and steps < 2 for position in range(5)
    ]
    assert StepMap.of(session.graph, captions, 0).grid.cell_of.size == len(session.graph)
