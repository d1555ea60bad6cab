"""What edits to a computation do to its loss, to every prediction, and to what is watched."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from microgpt.debugger.edit_stack import EditStack, Version
from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph
from microgpt.model.places import logits_at, position_label, position_losses
from microgpt.train.graph_origin import Origin


@dataclass(frozen=True, slots=True)
class Move:
    """A number before and after."""

    before: float
    after: float


@dataclass(frozen=True, slots=True)
class PositionMove:
    """What becomes of one position's prediction.

    Attributes:
        position: of the prediction.
        label: after the edit, `e → m`.
        loss: -log p(next token). Units: nats.
        probability: of the next token.
        likeliest: the token with the largest logit, before and after; `""` if unknown.
    """

    position: int
    label: str
    loss: Move
    probability: Move
    likeliest: tuple[str, str]


@dataclass(frozen=True, slots=True)
class NodeMove:
    """What becomes of a watched node."""

    node: int
    name: str
    data: Move
    grad: Move


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What edits do.

    Attributes:
        edits: all those in force now, in order, as they are told.
        original: the root's value without any.
        loss: the root's value before the last verb and after it.
        positions: each position's prediction, before and after; none if the graph has none.
        watched: the nodes of watchpoints that moved.
    """

    edits: tuple[str, ...]
    original: float
    loss: Move
    positions: tuple[PositionMove, ...]
    watched: tuple[NodeMove, ...]


def compare(edits: EditStack, before: Version, watched: Ints) -> WhatIf:
    """What the edits in force do, compared with the graph before.

    Args:
        before: what stood there before the last verb.
        watched: ids in the current graph of nodes that someone wants to know about.
    """
    original, after = edits.original.graph, edits.current.graph
    return WhatIf(
        edits.texts,
        float(original.data[original.root]),
        Move(float(before.graph.data[before.graph.root]), float(after.data[after.root])),
        _positions(before.graph, after, edits.origin),
        tuple(_watched(before, edits.current, watched)),
    )


def _watched(before: Version, after: Version, nodes: Ints) -> Iterator[NodeMove]:
    """Those of some nodes of the graph after whose data or grad moved."""
    for node in nodes.tolist():
        was = after.id_in(before, node)
        if was is None:
            continue
        data = Move(float(before.graph.data[was]), float(after.graph.data[node]))
        grad = Move(float(before.graph.grad[was]), float(after.graph.grad[node]))
        if data.before != data.after or grad.before != grad.after:
            yield NodeMove(node, after.graph.name(node), data, grad)


def _positions(before: Graph, after: Graph, origin: Origin | None) -> tuple[PositionMove, ...]:
    losses_before, losses_after = position_losses(before), position_losses(after)
    moves = []
    for position, node in losses_after.items():
        loss = Move(float(before.data[losses_before[position]]), float(after.data[node]))
        moves.append(
            PositionMove(
                position,
                position_label(after, position),
                loss,
                Move(math.exp(-loss.before), math.exp(-loss.after)),
                (_likeliest(before, position, origin), _likeliest(after, position, origin)),
            )
        )
    return tuple(moves)


def _likeliest(graph: Graph, position: int, origin: Origin | None) -> str:
    if origin is None:
        return ""
    logits = logits_at(graph, position)
    return origin.model.tokenizer.label(int(graph.data[logits].argmax()))
