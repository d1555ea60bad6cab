"""Edges of a graph, and the events of its passes, one at a time as people look at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Phase: TypeAlias = Literal["forward", "backward"]
"""The two passes over a graph."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One operand of one node."""

    consumer: int  # the node that was computed
    slot: int  # which of its operands this is; `x * x` has two edges from x
    operand: int
    local: float  # local gradient, d consumer / d operand along this slot
    contribution: float
    """Local x the consumer's final grad: what this edge adds to the operand's grad."""


@dataclass(frozen=True, slots=True)
class Change:
    """One write to a node's grad, the floats of the real pass.

    Where a pass is sums it is an addition, `old + local x adjoint = new`.
    """

    node: int  # whose grad
    edge: Edge | None  # along which the visited node gave it; None for a write along none
    adjoint: float  # the visited node's grad then
    old: float
    new: float
    contribution: float | None  # what was added; None where the number was not added to
    kind: str = "added"  # or "replaced", "scaled", "zeroed"
    line: tuple[str, int] | None = None  # that wrote it, where each write was seen


@dataclass(frozen=True, slots=True)
class Event:
    """One advance of the backward pass."""

    index: int  # 0 sets the root's grad to 1; from 1 on a node is visited
    node: int  # the one visited; for event 0 the root
    adjoint: float  # the visited node's grad at its visit
    changes: tuple[Change, ...]  # what its operands gained, in slot order or as it was written
    visit: int = 1  # which visit of the node this is, from 1; a wrong pass may have several
