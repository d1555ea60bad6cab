"""`OpEvaluator`: who computes nodes of a graph again, one by one, for other operands.

A graph holds numbers only. What computes someone's tanh is a method of the class that it is of, and
where that can be called depends on where its nodes live: `attach.child.own_methods` does so there,
`attach.evaluators` from another process. `replay.op_rows` computes by the op table. This says only
what all of them answer: a script's process loads it, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Evaluated(NamedTuple):
    """What was computed."""

    data: Sequence[float]  # each node's result, nan where there is none. Shape: `[node]`.
    local_grads: Sequence[float]
    """Of each node's operand slots, one node after the other. Shape: `[edge]`."""
    problems: Sequence[str]
    """Why a node has no result, `""` for those that have one. Shape: `[node]`."""


class OpEvaluator(Protocol):
    """Computes nodes of one graph for other operands."""

    def evaluate(self, nodes: Sequence[int], operands: Sequence[float]) -> Evaluated:
        """Computes some nodes, each by itself: none sees another's result.

        Args:
            nodes: ids of nodes that have operands; one may come more than once.
            operands: data of each node's operand slots, one node after the other; an operand in
                two slots of a node has one number.

        Raises:
            InputError: the class is out of reach, because its script is over or runs on.
        """
