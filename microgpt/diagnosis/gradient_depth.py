"""How large the gradient is at each place where parameters are used, deepest first."""

from __future__ import annotations

from dataclasses import dataclass

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
