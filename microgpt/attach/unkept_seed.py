"""The root's gradient of a pass that hands it on and writes it nowhere, as `grad(node, 1.0)` does.

The class has 0 there, and yet its operands get what a root's gradient of 1 gives.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from microgpt.attach.foreign_pass import edges_of
from microgpt.attach.visits import ObservedPass
from microgpt.graph.graph import Graph

HANDED_ON = "its class keeps no gradient in the root: its pass hands on {seed:g}"
ROUNDING = 1e-12


def with_unkept_seed(graph: Graph, seen: ObservedPass) -> tuple[Graph, ObservedPass, bool]:
    """A graph whose root has the gradient that its pass has used, where it writes none.

    Args:
        graph: with the gradients before and after the pass.
        seen: the pass.

    Returns:
        with a pass that begins by writing it, and whether it is that: else both are as they were.
    """
    root, grads = graph.root, (graph.grad, graph.grad_before)
    if any(float(each[root]) != 0.0 for each in grads) or root in seen.nodes:
        return graph, seen, False
    begun = _with_first_visit(graph, seen)
    seed = _seed(graph, begun)
    if not seed:
        return graph, seen, False
    grad = graph.grad.copy()
    grad[root] = seed
    notes = filter(None, (graph.pass_note, HANDED_ON.format(seed=seed)))
    begun = replace(
        begun,
        nodes=np.concatenate(([root], begun.nodes)),
        numbers=np.concatenate(([seed], begun.numbers)),
        events=np.concatenate(([0], begun.events)),
        lines=np.concatenate(([-1], begun.lines)),
    )
    return replace(graph, grad=grad, pass_note="; ".join(notes)), begun, True


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


def _seed(graph: Graph, seen: ObservedPass) -> float:
    """What the root's operands got for their local gradients of 1; 0 if nothing or not the same."""
    own = _own_edges(graph)
    operands, locals_ = graph.operands[own], graph.local_grads[own]
    if not np.isin(operands, seen.nodes).any():
        return 0.0
    edges = edges_of(graph, seen.visits, seen.nodes, seen.events)
    nodes, first = np.unique(seen.nodes, return_index=True)
    ratios = []
    for node, write in zip(nodes.tolist(), first.tolist(), strict=True):
        edge = int(edges[write])
        if (
            own.start <= edge < own.stop
            and graph.grad_before[node] == 0
            and locals_[edge - own.start]
        ):
            ratios.append(float(seen.numbers[write] / locals_[edge - own.start]))
    ratios = [ratio for ratio in ratios if not np.isnan(ratio)]
    if not ratios:  # a node adds up what all its consumers give at once, or slopes are not known
        return 1.0 if (graph.grad[operands] != graph.grad_before[operands]).any() else 0.0
    are_same = np.abs(np.array(ratios) - ratios[0]) <= ROUNDING * abs(ratios[0])
    return ratios[0] if are_same.all() else 0.0


def _own_edges(graph: Graph) -> slice:
    return slice(int(graph.operand_start[graph.root]), int(graph.operand_start[graph.root + 1]))
