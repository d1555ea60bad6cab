"""The root's gradient of a pass that hands it on and writes it nowhere, as `grad(node, 1.0)` does.

The class has 0 there, and yet its operands get something: what the root's gradient was is that by
the root's local gradients. Where these tell no one number none is made up.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from microgpt.attach.unasked_slopes import moved_slopes
from microgpt.attach.visits import ObservedPass
from microgpt.graph.arrays import Floats
from microgpt.graph.graph import Graph
from microgpt.graph.op_evaluator import OpEvaluator

HANDED_ON = "its class keeps no gradient in the root: its pass hands on {seed:g}"
NOT_TOLD = "its class keeps no gradient in the root, and what its pass hands on is not known"
ROUNDING = 1e-12
"""Seeds that operands tell are one if they differ by less, in parts of their size."""
ROUGH = 1e-9
"""The same where a local gradient was found by moving operands, or something was there before."""
DIGITS = 9
"""So many such a seed has."""


def with_unkept_seed(
    graph: Graph, seen: ObservedPass, methods: OpEvaluator | None
) -> tuple[Graph, ObservedPass, bool]:
    """A graph whose root has the gradient that its pass has used, where it writes none.

    Args:
        graph: with the gradients before and after the pass; local gradients that are not known yet
            are nan.
        seen: the pass.
        methods: computes nodes again for other operands, where that is possible.

    Returns:
        with a pass that begins by writing it, and whether it is that: else both are as they were,
        but for a note where it is not known what was handed on.
    """
    root, grads = graph.root, (graph.grad, graph.grad_before)
    if any(float(each[root]) != 0.0 for each in grads) or root in seen.nodes:
        return graph, seen, False
    operands = graph.operands[_own_edges(graph)]
    is_changed = (graph.grad[operands] != graph.grad_before[operands]).any()
    if not is_changed and not seen.numbers[np.isin(seen.nodes, operands)].any():
        return graph, seen, False  # it hands on nothing
    seed = _seed(graph, seen, methods)
    told = HANDED_ON.format(seed=seed) if seed else NOT_TOLD
    noted = replace(graph, pass_note="; ".join(filter(None, (graph.pass_note, told))))
    if not seed:
        return noted, seen, False
    grad = graph.grad.copy()
    grad[root] = seed
    begun = _with_first_visit(graph, seen)
    begun = replace(
        begun,
        nodes=np.concatenate(([root], begun.nodes)),
        numbers=np.concatenate(([seed], begun.numbers)),
        events=np.concatenate(([0], begun.events)),
        lines=np.concatenate(([-1], begun.lines)),
    )
    return replace(noted, grad=grad), begun, True


def _with_first_visit(graph: Graph, seen: ObservedPass) -> ObservedPass:
    """A pass that begins by visiting the root, which a watch that begins at a write has missed."""
    early = seen.nodes[seen.events == 0]
    is_first = bool(len(seen.visits)) and seen.visits[0] == graph.root
    if is_first or not np.isin(early, graph.operands[_own_edges(graph)]).any():
        return seen
    return replace(
        seen,
        visits=np.concatenate(([graph.root], seen.visits)),
        nth=np.concatenate(([1], seen.nth)),
        events=seen.events + 1,
    )


def _seed(graph: Graph, seen: ObservedPass, methods: OpEvaluator | None) -> float:
    """The root's gradient as its operands tell it; 0 if they do not, or each another one.

    An operand that other nodes are made of, too, may get what all of these give at once. The newest
    has no consumer but the root.
    """
    own = _own_edges(graph)
    operands, locals_ = graph.operands[own], graph.local_grads[own]
    n_uses = np.bincount(graph.operands, minlength=len(graph))
    n_slots = np.bincount(operands, minlength=len(graph))
    is_rough = bool(np.isnan(locals_).any() or graph.grad_before[operands].any())
    if np.isnan(locals_).any() and methods is not None:
        moved = moved_slopes(graph, methods, np.arange(own.start, own.stop))
        locals_ = np.where(np.isnan(locals_), moved, locals_)
    within = ROUGH if is_rough else ROUNDING
    seeds = [
        _given_to(graph, seen, operand, locals_[operands == operand])
        for operand in dict.fromkeys(operands.tolist())
        if n_uses[operand] == n_slots[operand]
    ]
    seeds = [seed for seed in seeds if np.isfinite(seed) and seed != 0]
    if any(abs(seed - 1) <= within for seed in seeds):
        return 1.0  # where another operand gets another share, that is not the seed's fault
    if not seeds or any(abs(seed - seeds[0]) > within * abs(seeds[0]) for seed in seeds):
        return 0.0
    return float(f"{seeds[0]:.{DIGITS}g}") if is_rough else seeds[0]


def _given_to(graph: Graph, seen: ObservedPass, operand: int, locals_: Floats) -> float:
    """The seed as an operand tells it that the root alone is made of; nan if it does not.

    Args:
        graph: whose root has no gradient.
        seen: its pass.
        operand: one of the root's.
        locals_: the local gradients of its slots there.
    """
    written = seen.numbers[seen.nodes == operand]
    numbers = written[written != 0]  # it may be zeroed first
    before = float(graph.grad_before[operand]) if (written[:1] != 0).all() else 0.0
    if not len(numbers):
        numbers = graph.grad[[operand]]
    # Each slot by itself, or all at once.
    local = float(locals_[0] if len(numbers) > 1 else locals_.sum())
    return (float(numbers[0]) - before) / local if local else float("nan")


def _own_edges(graph: Graph) -> slice:
    return slice(int(graph.operand_start[graph.root]), int(graph.operand_start[graph.root + 1]))
