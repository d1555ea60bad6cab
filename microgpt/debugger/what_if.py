"""What if: a stack of edits to a computation, each with what it does to losses and predictions.

Everything downstream of an edit is computed again, to the bits of a fresh run with that value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from microgpt.debugger.edits import Anchor, Edit, edited
from microgpt.debugger.nodes import outputs_of
from microgpt.debugger.origin import Origin
from microgpt.debugger.why import position_losses
from microgpt.errors import EngineUnavailableError, GraphError
from microgpt.graph import Graph, Ints


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


class Edits:
    """The edits in force on one graph, and the graphs they lead to.

    Attributes:
        original: the graph without any.
        origin: what it was computed from, if known.
    """

    def __init__(self, original: Graph, origin: Origin | None) -> None:
        self.original = original
        self.origin = origin
        self._stack: list[tuple[Edit, Graph]] = []

    @property
    def graph(self) -> Graph:
        """The graph with all edits made."""
        return self._stack[-1][1] if self._stack else self.original

    @property
    def edits(self) -> tuple[Edit, ...]:
        """Those in force, in order."""
        return tuple(edit for edit, _ in self._stack)

    def push(self, edit: Edit) -> None:
        """Makes an edit on top of the others.

        Raises:
            GraphError, InputError, DomainError: it cannot be made; those there are stay.
            EngineUnavailableError: what computes graphs again is not installed.
        """
        graph = edited(self.original, self.origin, (*self.edits, edit), _run_again)
        self._stack.append((edit, graph))

    def undo(self) -> Edit:
        """Takes the last edit back. Raises `GraphError` if there is none."""
        if not self._stack:
            raise GraphError("nothing to undo: nothing is changed")
        return self._stack.pop()[0]


def compare(edits: Edits, before: Graph, watched: Ints) -> WhatIf:
    """What the edits in force do, compared with the graph before.

    Args:
        before: the graph that stood there before the last verb.
        watched: ids of nodes that someone wants to know about.
    """
    after = edits.graph
    return WhatIf(
        tuple(edit.text for edit in edits.edits),
        float(edits.original.data[edits.original.root]),
        Move(float(before.data[before.root]), float(after.data[after.root])),
        _positions(before, after, edits.origin),
        tuple(_watched(before, after, watched)),
    )


def _run_again(graph: Graph, numbers: dict[int, float]) -> Graph:
    try:
        from microgpt.replay.program import Program  # noqa: PLC0415  # imports numba
    except ImportError as error:
        raise EngineUnavailableError(
            f"computing a graph again needs numba, which cannot be imported ({error})"
        ) from error
    return Program.of(graph).run(numbers).graph()


def _watched(before: Graph, after: Graph, nodes: Ints) -> Iterator[NodeMove]:
    """Those of some nodes whose data or grad moved; `nodes` are ids of the graph after."""
    for node in nodes.tolist():
        try:
            was = Anchor.of(after, node).find(before)
        except GraphError:  # a row of another token
            continue
        data = Move(float(before.data[was]), float(after.data[node]))
        grad = Move(float(before.grad[was]), float(after.grad[node]))
        if data.before != data.after or grad.before != grad.after:
            yield NodeMove(node, after.name(node), data, grad)


def _positions(before: Graph, after: Graph, origin: Origin | None) -> tuple[PositionMove, ...]:
    losses_before, losses_after = position_losses(before), position_losses(after)
    moves = []
    for position, node in losses_after.items():
        loss = Move(float(before.data[losses_before[position]]), float(after.data[node]))
        moves.append(
            PositionMove(
                position,
                after.scopes.find(f"pos{position}").label,
                loss,
                Move(math.exp(-loss.before), math.exp(-loss.after)),
                (_likeliest(before, position, origin), _likeliest(after, position, origin)),
            )
        )
    return tuple(moves)


def _likeliest(graph: Graph, position: int, origin: Origin | None) -> str:
    if origin is None:
        return ""
    logits = outputs_of(graph, graph.scopes.find(f"pos{position}/lm_head"))
    return origin.model.tokenizer.label(int(graph.data[logits].argmax()))
