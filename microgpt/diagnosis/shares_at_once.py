"""Shares that a node gets all at once, which tell their sum and not the slopes one by one.

So does an operand that stands in several slots of one node, as in `times(d, d)`; and so does a pass
in which each node adds up what all its consumers give it, and writes that.
"""

from __future__ import annotations

import numpy as np

from microgpt.graph.arrays import Floats, Mask
from microgpt.graph.graph import Graph
from microgpt.graph.ledger import Ledger

CLOSE = 1e-9
"""Sums are the same within this part of the sizes of what is added."""


def right_together(graph: Graph, given: Floats, true: Floats, exact: float) -> Mask:
    """The edges of such operands whose slopes add up to what they should. Shape: `[edge]`.

    Args:
        graph: whose edges.
        given: their slopes in the program.
        true: as they should be.
        exact: within this part of their size numbers of the program are the same.
    """
    keys = graph.edge_consumers * len(graph) + graph.operands
    _, pair, n_slots = np.unique(keys, return_inverse=True, return_counts=True)
    did, should, sizes = (
        np.bincount(pair, weights=each, minlength=len(n_slots))
        for each in (given, true, np.abs(given) + np.abs(true))
    )
    with np.errstate(invalid="ignore"):
        right = (n_slots > 1) & (np.abs(did - should) <= max(CLOSE, exact) * sizes)
    found: Mask = right[pair]
    return found


def given_at_once(graph: Graph, ledger: Ledger, exact: float) -> Mask:
    """The edges into nodes that a pass wrote once, with what all edges give. Shape: `[edge]`.

    Args:
        graph: whose edges.
        ledger: the pass.
        exact: within this part of their size numbers of the program are the same.
    """
    n = len(graph)
    n_writes = np.bincount(ledger.node[ledger.event > 0], minlength=n)
    n_uses = np.bincount(graph.operands, minlength=n)
    with np.errstate(all="ignore"):
        shares = graph.local_grads * graph.grad[graph.edge_consumers]
        total, sizes = (
            np.bincount(graph.operands, weights=each, minlength=n)
            for each in (shares, np.abs(shares))
        )
        same = np.abs(graph.grad - graph.grad_before - total) <= max(CLOSE, exact) * sizes
    found: Mask = ((n_writes == 1) & (n_uses > 1) & same)[graph.operands]
    return found
