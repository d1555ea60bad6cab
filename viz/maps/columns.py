"""Columns of a program whose calls are columns: calls side by side that read the same parameters.

The k-th reading of a set of parameters belongs to column k.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

from microgpt.graph.graph import Graph
from microgpt.graph.scope_tree import ScopeRange
from viz.maps.matrices import Matrices, rows_read


@dataclass(frozen=True, slots=True)
class Column:
    """What belongs to a column for sure: the calls that read its share of the parameters."""

    calls: tuple[ScopeRange, ...]


def columns_of(graph: Graph, matrices: Matrices, reads: Sequence[int]) -> list[Column]:
    """The columns; one, of the calls that hold everything, if nothing is done alike side by side.

    Args:
        reads: the matrices that each scope reads with all that is inside, as bits of an integer.
    """
    at = graph.scopes[0]
    while True:
        calls = [call for call in graph.scopes.children(at) if reads[call.index]]
        # Units of a layer read rows of one matrix, each its own: by row they are no columns. Rows
        # of an embedding are another at each position: only by matrix are those columns.
        by_row = _grouped(calls, rows_read(graph, matrices, at))
        by_matrix = _grouped(calls, reads)
        in_groups = sum(len(group) for group in by_row if len(group) > 1)
        groups = by_row if 2 * in_groups > len(calls) else by_matrix
        widths = {len(group) for group in groups} - {1}
        if widths:
            # Layers that share their parameters multiply how often those are read.
            width = gcd(*widths)
            if width not in widths:
                nodes = {w: sum(len(c) for g in groups if len(g) == w for c in g) for w in widths}
                width = max(nodes, key=lambda w: nodes[w])
            return [
                Column(members)
                for members in zip(*(g for g in groups if len(g) == width), strict=True)
            ]
        if len(calls) != 1:
            return [Column((at,))]
        (at,) = calls


def _grouped(calls: Sequence[ScopeRange], key: Sequence[int]) -> list[list[ScopeRange]]:
    """Calls with the same key together, in order of the first of each group."""
    groups: dict[int, list[ScopeRange]] = {}
    for call in calls:
        groups.setdefault(key[call.index], []).append(call)
    return list(groups.values())
