"""The running sums of a backward pass: what each gradient is after each addition to it."""

from __future__ import annotations

import numpy as np

from microgpt.graph.arrays import Floats, stably_sorted
from microgpt.graph.graph import Graph


def sums_after_edges(graph: Graph) -> Floats:
    """What an edge's operand has as gradient once the edge has added to it; nan if it never does.

    The same floats, added in the same order, as in the real pass. Shape: `[edge]`.
    """
    sums = np.full(graph.n_edges, np.nan)
    if not graph.backpropagated:
        return sums
    edges = graph.edges_added(0, graph.n_events - 1)
    edges = edges[stably_sorted(graph.operands[edges])]
    operands = graph.operands[edges]
    first = graph.grad_before.copy()
    first[graph.root] = 1.0
    counts = np.bincount(operands, minlength=len(graph))
    starts = np.cumsum(counts) - counts
    with np.errstate(all="ignore"):  # inf and nan are data here, not accidents
        for count in np.unique(counts[counts > 0]).tolist():
            nodes = np.flatnonzero(counts == count)
            places = starts[nodes, None] + np.arange(count)
            added = graph.contributions[edges[places]]
            terms = np.concatenate((first[nodes, None], added), axis=1)
            # accumulate adds from left to right, as the pass does.
            sums[edges[places]] = np.add.accumulate(terms, axis=1)[:, 1:]
    return sums
