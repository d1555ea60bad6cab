"""Where a node goes: how the loss, each position's loss and the logits move with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from microgpt.debugger.derivatives import Derivatives
from microgpt.debugger.why import PositionShare
from microgpt.model.places import position_label, position_logits, position_losses

LOGITS_TOLD = 8


@dataclass(frozen=True, slots=True)
class LogitMove:
    """How a logit moves with a node.

    Attributes:
        node: the logit.
        position: of its prediction.
        token: the token id it is for.
        derivative: d logit / d node.
    """

    node: int
    position: int
    token: int
    derivative: float


@dataclass(frozen=True, slots=True)
class Flow:
    """Where a node goes.

    Attributes:
        node: that moves.
        name: its name, or `#id`.
        root: name of the root.
        derivative: d root / d node.
        n_reached: how many nodes move with it.
        by_position: d loss of a position / d node, in order; none if the graph has no positions.
        logits: those that move most, first; none if the graph has none.
    """

    node: int
    name: str
    root: str
    derivative: float
    n_reached: int
    by_position: tuple[PositionShare, ...]
    logits: tuple[LogitMove, ...]


def flow(derivatives: Derivatives, node: int, logits_told: int = LOGITS_TOLD) -> Flow:
    """Follows a node to the logits and the loss."""
    graph = derivatives.graph
    moved = derivatives.of(node)
    by_position = tuple(
        PositionShare(position, position_label(graph, position), float(moved[loss]))
        for position, loss in position_losses(graph).items()
    )
    logits = []
    for position, nodes in position_logits(graph):
        logits += [
            LogitMove(at, position, token, float(moved[at]))
            for token, at in enumerate(nodes.tolist())
            if moved[at]
        ]
    logits.sort(key=lambda move: -abs(move.derivative))
    return Flow(
        node,
        graph.name(node),
        graph.name(graph.root),
        float(moved[graph.root]),
        int(np.count_nonzero(moved)),
        by_position,
        tuple(logits[:logits_told]),
    )
