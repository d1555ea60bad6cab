"""A graph cut into pieces: runs of nodes that were made at one place, and the columns they are of.

Calls side by side that read the same parameters are columns: positions of a text, samples of a
batch; the k-th reading of a set of parameters belongs to column k. Pieces outside of such calls
take the column that their consumers agree on, else their operands'. Of scopes' names nothing is
known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from microgpt.autograd.bindings import ParameterBinding
from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph
from microgpt.graph.scope_tree import ScopeRange

NOWHERE = -1
MOST_ROUNDS = 100
"""How often columns are handed on from piece to piece, at most."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """The nodes that are no parameters, in runs."""

    starts: Ints  # first node of each piece. Shape: `[piece]`
    stops: Ints  # one past its last. Shape: `[piece]`
    scope: Ints  # index of its scope. Shape: `[piece]`
    line: Ints  # place in `source_lines`; -1 where a scope is one piece. Shape: `[piece]`
    column: Ints  # -1 for none. Shape: `[piece]`
    of_node: Ints  # piece of each node, -1 of parameters. Shape: `[node]`


@dataclass(frozen=True, slots=True)
class Column:
    """What belongs to a column for sure: the calls that read its share of the parameters."""

    calls: tuple[ScopeRange, ...]


@dataclass(frozen=True, eq=False)
class Matrices:
    """A graph's parameters by matrix."""

    names: tuple[str, ...]
    of_node: Ints  # place in `names`, -1 of nodes that are no parameters. Shape: `[node]`

    @classmethod
    def of(cls, graph: Graph) -> Matrices:
        """Parameters are the leaves whose place is known, and the named ones an op `param` made."""
        places: dict[str, int] = {}
        of_node = np.full(len(graph), NOWHERE)
        nodes, at = [], []
        for node, binding in graph.bindings.items():
            if isinstance(binding, ParameterBinding):
                nodes.append(node)
                at.append(places.setdefault(binding.matrix, len(places)))
        of_node[nodes] = at
        return cls(tuple(places), of_node)


def columns_of(graph: Graph, reads: Sequence[int]) -> list[Column]:
    """The columns; one without calls if nothing is done alike side by side.

    Args:
        reads: the matrices that each scope reads with all that is inside, as bits of an integer.
    """
    at = graph.scopes[0]
    while True:
        alike: dict[int, list[ScopeRange]] = {}
        for call in graph.scopes.children(at):
            if reads[call.index]:
                alike.setdefault(reads[call.index], []).append(call)
        sizes = [len(calls) for calls in alike.values()]
        if max(sizes, default=0) > 1:
            nodes = {n: sum(len(c) for cs in alike.values() if len(cs) == n for c in cs)
                     for n in set(sizes) - {1}}  # fmt: skip
            width = max(nodes, key=lambda n: nodes[n])
            groups = [calls for calls in alike.values() if len(calls) == width]
            return [Column(calls) for calls in zip(*groups, strict=True)]
        if len(alike) != 1:
            return [Column((at,) if at.index else ())]
        ((at,),) = alike.values()


def reads_of(graph: Graph, matrices: Matrices) -> list[int]:
    """The matrices that each scope reads with all that is inside, as bits of an integer."""
    scopes, n = tuple(graph.scopes), len(matrices.names)
    reads = [0] * len(scopes)
    if n:
        matrix = matrices.of_node[graph.operands]
        edges = np.flatnonzero(matrix >= 0)
        pairs = graph.scope_of[graph.edge_consumers[edges]] * n + matrix[edges]
        for pair in np.flatnonzero(np.bincount(pairs)).tolist():
            reads[pair // n] |= 1 << (pair % n)
    for scope in reversed(scopes[1:]):  # parents come before their children
        reads[scope.parent] |= reads[scope.index]
    return reads


def pieces_of(graph: Graph, matrices: Matrices, columns: Sequence[Column]) -> Pieces:
    """The pieces, each with its column."""
    scopes = tuple(graph.scopes)
    has_inner = np.zeros(len(scopes), np.bool_)
    has_inner[[scope.parent for scope in scopes[1:]]] = True
    has_inner[0] = True
    inner = np.flatnonzero(matrices.of_node < 0)
    scope, line = graph.scope_of[inner], graph.line_of[inner].copy()
    line[~has_inner[scope]] = NOWHERE
    cuts = (np.diff(inner) != 1) | (np.diff(scope) != 0) | (np.diff(line) != 0)
    first = np.concatenate(([0], np.flatnonzero(cuts) + 1)) if len(inner) else np.empty(0, np.int64)
    last = np.concatenate((first[1:], [len(inner)])) - 1 if len(inner) else first
    of_node = np.full(len(graph), NOWHERE)
    of_node[inner] = np.repeat(np.arange(len(first)), last - first + 1)
    column = np.array(_columns_of_scopes(scopes, columns))[scope[first]]
    if len(columns) > 1:
        column = _agreed(graph, of_node, column)
    return Pieces(inner[first], inner[last] + 1, scope[first], line[first], column, of_node)


def _columns_of_scopes(scopes: Sequence[ScopeRange], columns: Sequence[Column]) -> list[int]:
    column_of = [NOWHERE] * len(scopes)
    for place, column in enumerate(columns):
        for call in column.calls:
            column_of[call.index] = place
    for scope in scopes[1:]:
        if column_of[scope.index] == NOWHERE:
            column_of[scope.index] = column_of[scope.parent]
    return column_of


def _agreed(graph: Graph, piece_of: Ints, column: Ints) -> Ints:
    """Gives pieces without a column the one that their consumers agree on, else their operands'."""
    operand, consumer = piece_of[graph.operands], piece_of[graph.edge_consumers]
    between = np.flatnonzero((operand != consumer) & (operand >= 0))
    between = between[(column[operand[between]] < 0) | (column[consumer[between]] < 0)]
    pairs = np.unique(np.stack((operand[between], consumer[between])), axis=1)
    column = column.copy()
    for here, there in ((pairs[0], pairs[1]), (pairs[1], pairs[0])):
        for _ in range(MOST_ROUNDS):
            open_ = column[here] < 0
            least = np.full(len(column), np.iinfo(np.int64).max)
            most = np.full(len(column), NOWHERE)
            np.minimum.at(least, here[open_], column[there[open_]])
            np.maximum.at(most, here[open_], column[there[open_]])
            found = np.flatnonzero((least == most) & (most >= 0))
            if not len(found):
                break
            column[found] = most[found]
    return column
