"""`gradcheck`: which gradients are not what moving the number gives, and whose fault it is.

A wrong local gradient makes every gradient below it wrong. The op at fault is where that begins: an
operand's gradient is wrong, and its own is right.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from microgpt.debugger.node_references import find_nodes
from microgpt.debugger.session_core import SessionCore
from microgpt.debugger.verbs.verb import CHECK, Answer, Json, Verb
from microgpt.debugger.wording import MOST_TOLD, called_in, counted, made_at, number
from microgpt.errors import GraphError, InputError
from microgpt.graph.graph import Graph

if TYPE_CHECKING:
    from microgpt.replay.gradient_check import NodeCheck

WORST_TOLD = 10
WRONG = 1e-3
"""A relative error that no central difference of a right gradient has, but for rounding."""


@dataclass(frozen=True, slots=True)
class CheckedGradients(Answer):
    """Gradients compared with central differences."""

    graph: Graph = field(repr=False)
    worst: tuple[NodeCheck, ...]  # the largest relative errors, largest first
    n_checked: int  # how many gradients were compared
    n_unchecked: int  # how many could not be: an op there has no finite result a step away
    n_wrong: int  # how many are off by more than rounding explains
    trusted: tuple[tuple[str, int], ...]
    """The ops, and how many nodes of each, that nothing can compute again: their own local
    gradients are not checked, those before and after them are."""
    at_fault: tuple[int, ...]
    """Consumers of wrong gradients whose own gradients are right: one of their local gradients is
    wrong."""

    def lines(self) -> list[str]:
        """How many are wrong, the worst, and what is at fault."""
        head = f"{counted(self.n_checked, 'gradient')} checked, {self.n_wrong} wrong"
        if self.n_unchecked:
            head += f"; {self.n_unchecked} could not be checked"
        told = [head]
        if self.trusted:
            ops = ", ".join(f"{op} ({n})" for op, n in self.trusted)
            told.append(
                f"  not checked: local gradients of {ops}: ops that cannot be computed again; "
                "those before and after them are checked"
            )
        told += [
            f"  error {c.error:<9.3g} analytic {number(c.analytic)}, numeric {number(c.numeric)}, "
            f"step {c.step:.3g}: {called_in(self.graph, c.node)}"
            for c in self.worst
        ]
        for node in self.at_fault[:MOST_TOLD]:
            name = called_in(self.graph, node)
            what = "a local gradient of"
            if self.graph.ledger is not None:
                what = "what the pass writes or leaves out where it visits"
            told.append(f"  at fault, it seems: {what} {name}")
            told += made_at(self.graph.line(node))
        return told

    def as_json(self) -> Json:
        """The same numbers, to the last bit."""
        return {
            "worst": [
                {"node": c.node, "analytic": c.analytic, "numeric": c.numeric,
                 "relative_error": c.error, "step": c.step}
                for c in self.worst
            ],
            "checked": self.n_checked,
            "unchecked": self.n_unchecked,
            "wrong": self.n_wrong,
            "trusted": [{"op": op, "nodes": n} for op, n in self.trusted],
            "at_fault": list(self.at_fault),
        }  # fmt: skip


def check_gradients(
    session: SessionCore, reference: str | None = None, step: float | None = None
) -> CheckedGradients:
    """Compares gradients with central differences.

    Args:
        reference: a node, a matrix, a row of one, or a scope; everything if not given.
        step: how far to move each node, in parts of its size; about 6e-6 if not given.

    Raises:
        GraphError: there is no such thing, or no backward pass.
    """
    # Imports numba, which takes longer than all else at the start.
    from microgpt.replay.gradient_check import RELATIVE_STEP, GradientCheck  # noqa: PLC0415

    graph, methods = session.graph, session.methods
    nodes = None if reference is None else find_nodes(graph, reference)
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
        graph,
        tuple(islice(check, WORST_TOLD)),
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


def _gradcheck(session: SessionCore, argument: str) -> CheckedGradients:
    reference, word, size = f" {argument} ".partition(" step ")
    reference = reference.strip()
    step = None
    if word:
        try:
            step = float(size)
        except ValueError:
            step = math.nan
        if not 0 < step < 1:
            raise InputError(f"{size.strip()!r} is no step: a number between 0 and 1, as 1e-5")
    return check_gradients(session, None if reference in {"", "all"} else reference, step)


ROWS = (
    Verb("gradcheck", ("G",), CHECK, "[NODE|MATRIX|SCOPE|all] [step SIZE]",
         "compare gradients with central differences, worst first",
         "gradcheck layer0.attn_wq[3]", "nodes", _gradcheck, needs_whole=True),
)  # fmt: skip
