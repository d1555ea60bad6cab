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
    """One addition to a node's grad: `old + local x adjoint = new`, the floats of the real pass."""

    edge: Edge
    adjoint: float
    old: float
    new: float


@dataclass(frozen=True, slots=True)
class Event:
    """One advance of the backward pass."""

    index: int  # 0 sets the root's grad to 1; from 1 on a node is visited
    node: int  # the one visited; for event 0 the root
    adjoint: float  # the visited node's grad, complete at its visit
    changes: tuple[Change, ...]  # what its operands gained, in slot order
