"""Slopes of ops that only their own class can compute, and what a slope beside a bend is worth."""

from __future__ import annotations

import numpy as np

from microgpt.errors import InputError
from microgpt.graph.arrays import Floats, Ints
from microgpt.graph.graph import Graph
from microgpt.graph.op_evaluator import OpEvaluator

SUSPICIOUS = 1e-3
"""A relative error that may come of a bend: then the slopes on both sides are looked at, too."""
SMALLEST_SCALE = 1e-8
"""Gradients smaller than this count as this large, so that 0 can be compared with 0."""


def own_slopes(
    graph: Graph, nodes: Ints, step: float, evaluator: OpEvaluator
) -> tuple[Floats, Ints]:
    """Local gradients of a graph, those of some nodes as their methods' central differences.

    Args:
        nodes: the nodes.
        step: how far to move an operand, in parts of its size, or of 1 if it is smaller than 1.
        evaluator: calls the methods.

    Returns:
        A number for every edge; and the nodes whose slopes could be measured.
    """
    slopes, measured = graph.local_grads.copy(), []
    for node in nodes.tolist():
        edges = graph.edges_into(np.array([node]))
        try:
            own = _slopes_of(graph, node, edges, step, evaluator)
        except InputError:  # the class is out of reach
            break
        if own is not None:
            slopes[edges] = own
            measured.append(node)
    return slopes, np.array(measured, np.int64)


def _slopes_of(
    graph: Graph, node: int, edges: Ints, step: float, evaluator: OpEvaluator
) -> Floats | None:
    """A node's slopes along its slots, None if its method does not give again what it gave.

    An operand in several slots moves in all of them, and the first one gets the slope. Beside a
    bend the recorded local gradient stays if it is the slope on one side.
    """
    operands = graph.operands[edges]
    at = graph.data[operands]
    firsts = np.unique(operands, return_index=True)[1].tolist()
    away = step * np.maximum(1.0, np.abs(at))
    rows = [at]
    for slot in firsts:
        same = operands == operands[slot]
        rows += [np.where(same, at - away, at), np.where(same, at + away, at)]
    data, _, problems = evaluator.evaluate([node] * len(rows), np.concatenate(rows).tolist())
    if any(problems) or data[0] != graph.data[node]:
        return None
    slopes = graph.local_grads[edges]
    for slot, below, above in zip(firsts, data[1::2], data[2::2], strict=True):
        same = operands == operands[slot]
        to_below, to_above = at[slot] - (at - away)[slot], (at + away)[slot] - at[slot]
        sides = ((data[0] - below) / to_below, (above - data[0]) / to_above)
        if not is_one_side(float(slopes[same].sum()), sides):
            slopes[same] = 0.0
            slopes[slot] = (above - below) / (to_below + to_above)
    return slopes if np.isfinite(slopes).all() else None


def is_one_side(gradient: float, sides: tuple[float, float]) -> bool:
    """Whether the slopes on two sides differ and a gradient is one of them."""
    below, above = sides
    close = SUSPICIOUS * max(abs(below), abs(above), SMALLEST_SCALE)
    nearest = min(abs(gradient - below), abs(gradient - above))
    return abs(below - above) > close >= nearest
