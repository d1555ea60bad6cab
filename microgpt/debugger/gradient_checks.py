"""Gradient checks: which gradients are not what moving the number gives, and whose fault it is.

A wrong local gradient makes every gradient below it wrong. The op at fault is where that begins: an
operand's gradient is wrong, and its own is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from microgpt.errors import GraphError
from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph
from microgpt.graph.op_evaluator import OpEvaluator

if TYPE_CHECKING:
    from microgpt.replay.gradient_check import NodeCheck

WORST_TOLD = 10
WRONG = 1e-3
"""A relative error that no central difference of a right gradient has, but for rounding."""


@dataclass(frozen=True, slots=True)
class CheckedGradients:
    """Gradients compared with central differences.

    Attributes:
        worst: the largest relative errors, largest first; each says its step.
        n_checked: how many gradients were compared.
        n_unchecked: how many could not be: an op there has no finite result a step away.
        n_wrong: how many are off by more than rounding explains.
        trusted: the ops, and how many nodes of each, that nothing can compute again: their own
            local gradients are not checked, those before and after them are.
        at_fault: consumers of wrong gradients whose own gradients are right: one of their local
            gradients is wrong.
    """

    worst: tuple[NodeCheck, ...]
    n_checked: int
    n_unchecked: int
    n_wrong: int
    trusted: tuple[tuple[str, int], ...]
    at_fault: tuple[int, ...]


def check_gradients(
    graph: Graph,
    nodes: Ints | None,
    step: float | None = None,
    methods: OpEvaluator | None = None,
    told: int = WORST_TOLD,
) -> CheckedGradients:
    """Checks some gradients, or all.

    Args:
        nodes: ids; all if None.
        step: how far to move a node, in parts of its size; about 6e-6 if None.
        methods: computes nodes again by the methods of their own class.
        told: how many of the worst to tell.

    Raises:
        GraphError: the graph has no backward pass.
    """
    from microgpt.replay.gradient_check import RELATIVE_STEP, GradientCheck  # noqa: PLC0415  # numba

    if not graph.backpropagated:
        raise GraphError("this graph has no backward pass of its own: no gradients to check")
    step = RELATIVE_STEP if step is None else step
    check = GradientCheck.of(graph, nodes, step, methods)
    wrong = [node.node for node in check if _is_wrong(node)]
    at_fault = _at_fault(graph, wrong, set(check.nodes.tolist()))
    while wrong and not at_fault:  # what is at fault lies further up than what was asked for
        consumers = _consumers(graph, wrong[0])
        further = GradientCheck.of(graph, consumers, step, methods)
        wrong_further = [node.node for node in further if _is_wrong(node)]
        if not wrong_further:
            at_fault = consumers
        wrong = wrong_further
    return CheckedGradients(
        tuple(islice(check, told)),
        len(check),
        len(check.unchecked),
        sum(map(_is_wrong, check)),
        tuple(Counter(map(graph.op, check.trusted.tolist())).most_common()),
        tuple(at_fault),
    )


def _at_fault(graph: Graph, wrong: Sequence[int], checked: set[int]) -> list[int]:
    """The consumers of wrong gradients all of whose consumers were checked and are right."""
    is_wrong = set(wrong)
    found: dict[int, None] = {}
    for node in wrong:
        consumers = _consumers(graph, node)
        if checked.issuperset(consumers) and is_wrong.isdisjoint(consumers):
            found.update(dict.fromkeys(consumers))
    return list(found)


def _consumers(graph: Graph, node: int) -> list[int]:
    return list(dict.fromkeys(edge.consumer for edge in graph.consumers_of(node)))


def _is_wrong(node: NodeCheck) -> bool:
    return node.error > WRONG and abs(node.analytic - node.numeric) > 100 * node.rounding
