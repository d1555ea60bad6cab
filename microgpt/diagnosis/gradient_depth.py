"""How large the gradient is at each place where parameters are used, deepest first."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from microgpt.graph.arrays import Floats, Ints
from microgpt.graph.graph import Graph


@dataclass(frozen=True, slots=True)
class UsedPlace:
    """A matrix of parameters where one line uses it."""

    matrix: str
    line: int  # of its consumers, in `Graph.source_lines`; -1 for none
    depth: float  # the mean id of these: what is computed first is deepest
    grad: float  # root mean square of their gradients: not of the weights', which depend on inputs
    node: int  # the consumer with the largest
    parameters: Ints  # that it uses
    consumers: Ints  # of these


def places_of(
    graph: Graph, grad: Floats, parameters: NDArray[np.bool_], groups: Ints, names: list[str]
) -> list[UsedPlace]:
    """All places, the deepest first.

    Args:
        grad: of each node.
        parameters: which nodes are.
        groups: which matrix each node is of; anything for other nodes.
        names: of the matrices.
    """
    edges = np.flatnonzero(parameters[graph.operands])
    if not len(edges):
        return []
    consumers = graph.edge_consumers[edges]
    keys = (
        groups[graph.operands[edges]] * (len(graph.source_lines) + 1) + graph.line_of[consumers] + 1
    )
    found = []
    with np.errstate(all="ignore"):
        sizes = np.abs(grad[consumers])
        for key in np.unique(keys).tolist():
            own = keys == key
            at = consumers[own]
            group, line = divmod(key, len(graph.source_lines) + 1)
            found.append(
                UsedPlace(
                    names[group], line - 1, float(at.mean()),
                    float(np.sqrt(np.mean(np.square(sizes[own])))),
                    int(at[np.argmax(sizes[own])]), np.unique(graph.operands[edges[own]]),
                    np.unique(at),
                )
            )  # fmt: skip
    return sorted(found, key=lambda place: place.depth)


def layers_of(graph: Graph, rows: list[Ints]) -> bool:
    """Whether each row of parameters is used on what was computed with the one before.

    As those of one layer are not, whose units stand side by side.

    Args:
        rows: the parameters of each, in order.
    """
    first = []
    for row in rows:
        edges = np.concatenate([graph.edges_out_of(int(node)) for node in row])
        if not len(edges):
            return False
        first.append(int(graph.edge_consumers[edges].min()))
    return len(rows) > 2 and all(
        _is_made_of(graph, upper, lower) for lower, upper in pairwise(first)
    )


def _is_made_of(graph: Graph, upper: int, lower: int) -> bool:
    start, waiting, seen = graph.operand_start, [upper], {upper}
    while waiting:
        node = waiting.pop()
        for operand in graph.operands[start[node] : start[node + 1]].tolist():
            if operand == lower:
                return True
            if operand > lower and operand not in seen:
                seen.add(operand)
                waiting.append(operand)
    return False
