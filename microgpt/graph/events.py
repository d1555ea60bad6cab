"""Edges of a graph, and the events of its passes, one at a time as people look at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Phase: TypeAlias = Literal["forward", "backward"]
"""The two passes over a graph."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One operand of one node.

    Attributes:
        consumer: id of the node that was computed.
        slot: which of its operands this is; `x * x` has two edges from x.
        operand: id of the operand.
        local: local gradient, d consumer / d operand along this slot.
        contribution: local x the consumer's final grad: what this edge adds to the operand's grad.
    """

    consumer: int
    slot: int
    operand: int
    local: float
    contribution: float


@dataclass(frozen=True, slots=True)
class Change:
    """One addition to a node's grad: `old + local x adjoint = new`, the floats of the real pass."""

    edge: Edge
    adjoint: float
    old: float
    new: float


@dataclass(frozen=True, slots=True)
class Event:
    """One advance of the backward pass.

    Attributes:
        index: 0 sets the root's grad to 1; from 1 on a node is visited.
        node: id of the node visited; of the root for event 0.
        adjoint: the visited node's grad, complete at its visit.
        changes: what its operands gained, in slot order.
    """

    index: int
    node: int
    adjoint: float
    changes: tuple[Change, ...]
