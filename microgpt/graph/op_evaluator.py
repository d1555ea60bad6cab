"""Ops that no table knows, computed again by the class that they are of.

A graph holds numbers only. What computes someone's tanh for other operands is that class's method,
and where it can be called depends on where its nodes live: in this process, or in a script's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Evaluated(NamedTuple):
    """What a class's own methods gave."""

    data: Sequence[float]  # each node's result, nan where there is none. Shape: `[node]`.
    local_grads: Sequence[float]
    """Of each node's operand slots, one node after the other. Shape: `[edge]`."""
    problems: Sequence[str]
    """Why a node has no result, `""` for those that have one. Shape: `[node]`."""


class OpEvaluator(Protocol):
    """Calls the methods that made the nodes of one graph, for other operands."""

    def evaluate(self, nodes: Sequence[int], operands: Sequence[float]) -> Evaluated:
        """Computes some nodes, each by itself: none sees another's result.

        Args:
            nodes: ids of nodes that have operands; one may come more than once.
            operands: data of each node's operand slots, one node after the other; an operand in
                two slots of a node has one number.

        Raises:
            InputError: the class is out of reach, because its script is over or runs on.
        """
