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
from microgpt.graph.arrays import Ints, Mask
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
    line: Ints  # place in `source_lines`, -1 for none. Shape: `[piece]`
    is_unit: Mask  # whether it is of all that is in its scope. Shape: `[piece]`
    column: Ints  # -1 for none. Shape: `[piece]`
    of_node: Ints  # piece of each node, -1 of parameters. Shape: `[node]`


@dataclass(frozen=True, slots=True)
class Column:
    """What belongs to a column for sure: the calls that read its share of the parameters."""

    calls: tuple[ScopeRange, ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """What each scope is in the Map; lists go by scope."""

    columns: tuple[Column, ...]
    column: list[int]  # that a scope lies in, -1 for none
    call: list[int]  # which of the column's calls it lies in, -1 for none
    unit: list[int]  # the scope around that is one row, -1 of those that hold several
    reads: list[int]  # the matrices read there or inside, as bits

    @classmethod
    def of(cls, graph: Graph, matrices: Matrices) -> Plan:
        """A scope holds several rows if its parts read different parameters; else it is one.

        So a matrix product is a row, whatever calls it is made of, and so is a norm or a head,
        which read none.
        """
        scopes, reads = tuple(graph.scopes), reads_of(graph, matrices)
        columns = columns_of(graph, matrices, reads)
        holds_several = _holding_several(graph, reads)
        column, call, unit = ([NOWHERE] * len(scopes) for _ in range(3))
        around: set[int] = {0}
        for place, each in enumerate(columns):
            for number, scope in enumerate(each.calls):
                column[scope.index], call[scope.index] = place, number
                at = scope.parent
                while at > 0 and at not in around:
                    around.add(at)
                    at = scopes[at].parent
        for scope in scopes:
            parent = scope.parent
            if call[scope.index] == NOWHERE and parent >= 0 and call[parent] != NOWHERE:
                column[scope.index], call[scope.index] = column[parent], call[parent]
            if parent >= 0 and unit[parent] != NOWHERE:
                unit[scope.index] = unit[parent]
            elif scope.index not in around and not (
                call[scope.index] != NOWHERE and holds_several[scope.index]
            ):
                unit[scope.index] = scope.index
        return cls(tuple(columns), column, call, unit, reads)


def _holding_several(graph: Graph, reads: Sequence[int]) -> list[bool]:
    """Whether the parts of each scope read different parameters."""
    found = [False] * len(reads)
    for scope in reversed(tuple(graph.scopes)):
        parts = [reads[inner.index] for inner in graph.scopes.children(scope)]
        parts = [part for part in parts if part]
        found[scope.index] = any(part != reads[scope.index] for part in parts) or (
            len(parts) == 1 and any(found[inner.index] for inner in graph.scopes.children(scope))
        )
    return found


@dataclass(frozen=True, eq=False)
class Matrices:
    """A graph's parameters by matrix."""

    names: tuple[str, ...]
    of_node: Ints  # place in `names`, -1 of nodes that are no parameters. Shape: `[node]`

    @classmethod
    def of(cls, graph: Graph) -> Matrices:
        """Parameters are the leaves whose place is known, and the named ones an op `param` made."""
        leaves = [
            (node, binding.matrix)
            for node, binding in graph.bindings.items()
            if isinstance(binding, ParameterBinding)
        ]
        places = {name: place for place, name in enumerate(dict.fromkeys(m for _, m in leaves))}
        of_node = np.full(len(graph), NOWHERE)
        of_node[[node for node, _ in leaves]] = [places[matrix] for _, matrix in leaves]
        return cls(tuple(places), of_node)


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
        by_row = _grouped(calls, _rows_read(graph, matrices, at))
        by_matrix = _grouped(calls, reads)
        in_groups = sum(len(group) for group in by_row if len(group) > 1)
        groups = by_row if 2 * in_groups > len(calls) else by_matrix
        widths = {len(group) for group in groups} - {1}
        if widths:
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


def _rows_read(graph: Graph, matrices: Matrices, at: ScopeRange) -> list[int]:
    """A number for each scope directly inside one: the same if they read the same parameters."""
    sums = np.zeros(len(graph.scopes), np.int64)
    inside = graph.scopes.children(at)
    call_of = np.full(len(graph), NOWHERE)
    for place, call in enumerate(inside):
        call_of[call.start : call.stop] = place
    is_parameter = matrices.of_node >= 0
    number = np.cumsum(is_parameter) - 1  # of each parameter
    edges = np.flatnonzero(is_parameter[graph.operands])
    caller = call_of[graph.edge_consumers[edges]]
    edges, caller = edges[caller >= 0], caller[caller >= 0]
    n = int(is_parameter.sum())
    reads = np.zeros(len(inside) * n, np.bool_)
    reads[caller * n + number[graph.operands[edges]]] = True
    marks = np.random.default_rng(0).integers(1 << 40, size=n)  # sums of which tell sets apart
    sums[[call.index for call in inside]] = reads.reshape(len(inside), n) @ marks
    return sums.tolist()


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


def pieces_of(graph: Graph, matrices: Matrices, plan: Plan) -> Pieces:
    """The pieces, each with its column."""
    inner = np.flatnonzero(matrices.of_node < 0)
    unit = np.array(plan.unit)[graph.scope_of[inner]]
    scope = np.where(unit >= 0, unit, graph.scope_of[inner])
    line = np.where(unit >= 0, NOWHERE, graph.line_of[inner])
    column = np.array(plan.column)[scope]
    if len(plan.columns) > 1:
        # What lies in no call goes where it is used, node by node; a call goes as a whole.
        is_loose = (unit < 0) & (column < 0)
        first = _starts(inner, scope, line, np.where(is_loose, inner, NOWHERE))
        column = _spread(
            first, _agreed(graph, _numbered(graph, inner, first), column[first]), inner
        )
    first = _starts(inner, scope, line, column)
    last = np.append(first[1:], len(inner))[: len(first)] - 1
    return Pieces(
        inner[first], inner[last] + 1, scope[first], line[first], unit[first] >= 0, column[first],
        _numbered(graph, inner, first),
    )  # fmt: skip


def _starts(inner: Ints, *kinds: Ints) -> Ints:
    """Where a run of neighbours of one kind begins."""
    cuts = np.diff(inner) != 1
    for kind in kinds:
        cuts |= np.diff(kind) != 0
    return np.concatenate(([0], np.flatnonzero(cuts) + 1))[: len(inner)]


def _spread(first: Ints, numbers: Ints, inner: Ints) -> Ints:
    """The number of each run for each of its nodes."""
    return np.repeat(numbers, np.diff(np.append(first, len(inner))))


def _numbered(graph: Graph, inner: Ints, first: Ints) -> Ints:
    """The run of each node, -1 of parameters. Shape: `[node]`."""
    of_node = np.full(len(graph), NOWHERE)
    of_node[inner] = _spread(first, np.arange(len(first)), inner)
    return of_node


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
