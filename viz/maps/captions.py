"""Captions for the Map of a document: tokens, targets, and the nodes of losses and probabilities.

The Map itself knows nothing of microgpt's model; this is the caller that does.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from microgpt.graph.graph import Graph
from microgpt.model.places import position_losses
from viz.maps.step_map import Caption


def document_captions(graph: Graph, labels: Sequence[str]) -> tuple[Caption, ...]:
    """A caption for each position.

    Args:
        labels: of the tokens, the last one only a target. Shape: `[position + 1]`.
    """
    losses = position_losses(graph)
    return tuple(
        Caption(token, target, losses.get(position), _probability(graph, losses.get(position)))
        for position, (token, target) in enumerate(pairwise(labels))
    )


def _probability(graph: Graph, loss: int | None) -> int | None:
    """The node whose logarithm a loss is minus of; None where a what-if has put a number there."""
    if loss is None:
        return None
    log = next((edge.operand for edge in graph.operands_of(loss)), None)
    if log is None or graph.op(log) != "log":
        return None
    return next((edge.operand for edge in graph.operands_of(log)), None)
