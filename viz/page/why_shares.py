"""Why each gradient has its value, for all nodes at once: by position of the loss, by head.

The same questions as the debugger's `why`, whose answers these are but for rounding. What a node's
consumers gave it is in the page anyway.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from microgpt.debugger.derivatives import Derivatives
from microgpt.graph.arrays import Floats, Ints
from microgpt.graph.graph import Graph
from microgpt.model.places import RESIDUAL, block_of, position_label, position_losses

PAST = "past all of them"
"""What comes to the loss and through no position's own."""


@dataclass(frozen=True, eq=False)
class Division:
    """All gradients of a graph divided in one way."""

    title: str
    names: tuple[str, ...]  # of the groups
    shares: Floats  # Shape: `[node][group]`


def divisions(graph: Graph) -> list[Division]:
    """The ways that fit a graph; none without a backward pass, or where nobody knows its parts.

    A pass that is not its sums cannot be divided so.
    """
    if not graph.backpropagated or graph.ledger is not None:
        return []
    derivatives = Derivatives(graph)
    ways = [
        ("by position of the loss", *_by_position(graph)),
        ("by first head or block on the way to the loss", *_by_block(graph)),
    ]
    return [
        Division(title, tuple(names), derivatives.divided(group_of, len(names)))
        for title, names, group_of in ways
        if len(names) > 1
    ]


def _by_position(graph: Graph) -> tuple[list[str], Ints]:
    losses = position_losses(graph)
    names = [f"pos{at} {position_label(graph, at)}".rstrip() for at in losses]
    group_of = np.full(len(graph), -1)
    group_of[list(losses.values())] = np.arange(len(losses))
    return _with_root(graph, names, group_of, PAST)


def _by_block(graph: Graph) -> tuple[list[str], Ints]:
    blocks = [block_of(scope.path) for scope in graph.scopes]
    names = [*dict.fromkeys(filter(None, blocks))]
    of_scope = np.array([names.index(block) if block else -1 for block in blocks])
    return _with_root(graph, names, of_scope[graph.scope_of], RESIDUAL)


def _with_root(
    graph: Graph, names: list[str], group_of: Ints, otherwise: str
) -> tuple[list[str], Ints]:
    """With a group for what comes to the root through no other."""
    if names and group_of[graph.root] < 0:
        group_of[graph.root] = len(names)
        names.append(otherwise)
    return names, group_of
