"""A graph cut into pieces: runs of nodes that were made at one place, of one column.

A scope is one piece where it is one row. Of scopes' names nothing is known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from microgpt.graph.arrays import Ints, Mask
from microgpt.graph.graph import Graph
from viz.maps.columns import Column, columns_of
from viz.maps.heads import heads_of
from viz.maps.matrices import NOWHERE, Matrices, holding_several, reads_of
from viz.maps.places import Places
from viz.maps.readings import NodeColumns, columns_by_reading

MOST_ROUNDS = 100
"""How often columns are handed on from piece to piece, at most."""
MOST_OF_IT = 0.5
"""Calls that hold less of a graph than this share are no columns if its readings say others."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """The nodes that are no parameters, in runs."""

    starts: Ints  # first node of each piece. Shape: `[piece]`
    stops: Ints  # one past its last. Shape: `[piece]`
    scope: Ints  # index of its scope. Shape: `[piece]`
    line: Ints  # place in `source_lines`, -1 for none. Shape: `[piece]`
    is_unit: Mask  # whether it is of all that is in its scope. Shape: `[piece]`
    column: Ints  # -1 for none. Shape: `[piece]`
    head: Ints  # number of the attention head that it is of, -1 for none. Shape: `[piece]`
    of_node: Ints  # piece of each node, -1 of parameters. Shape: `[node]`


@dataclass(frozen=True, eq=False)
class Plan:
    """What each scope is in the Map; lists go by scope."""

    matrices: Matrices
    columns: tuple[Column, ...]
    column: list[int]  # that a scope lies in, -1 for none
    call: list[int]  # which of the column's calls it lies in, -1 for none
    unit: list[int]  # the scope around that is one row, -1 of those that hold several
    reads: list[int]  # the matrices read there or inside, as bits
    places: Places
    column_of_node: Ints | None = None  # if no calls are columns. Shape: `[node]`

    @classmethod
    def of(cls, graph: Graph) -> Plan:
        """A scope holds several rows if its parts read different parameters; else it is one.

        So a matrix product is a row, whatever calls it is made of, and so is a norm or a head,
        which read none.
        """
        matrices = Matrices.of(graph)
        reads = reads_of(graph, matrices)
        columns = columns_of(graph, matrices, reads)
        if not _holds_most(columns, matrices):
            by_node = cls._by_reading(graph, matrices)
            if len(by_node.columns) > 1 or (len(columns) == 1 and by_node.places.are_known):
                return by_node
        return cls._by_calls(graph, matrices, reads, columns)

    @classmethod
    def _by_calls(
        cls, graph: Graph, matrices: Matrices, reads: list[int], columns: Sequence[Column]
    ) -> Plan:
        scopes = tuple(graph.scopes)
        holds_several = holding_several(graph, matrices, reads)
        column, call, unit = ([NOWHERE] * len(scopes) for _ in range(3))
        around: set[int] = {0}
        calls: dict[int, int] = {}
        for place, each in enumerate(columns):
            for number, scope in enumerate(each.calls):
                column[scope.index] = place
                call[scope.index] = calls[scope.index] = number
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
        places = Places.of(graph, calls)
        return cls(matrices, tuple(columns), column, call, unit, reads, places)

    @classmethod
    def _by_reading(cls, graph: Graph, matrices: Matrices) -> Plan:
        places = Places.of(graph, {})
        place_of = places.of_nodes(graph)
        found = columns_by_reading(graph, matrices, place_of)
        if found.count == 1 and places.are_known:
            named = matrices.with_single_names(graph)
            by_name = columns_by_reading(graph, named, place_of)
            if by_name.count > 1:
                matrices, found = named, by_name
        reads = reads_of(graph, matrices)
        return cls(
            matrices,
            tuple(Column(()) for _ in range(found.count)),
            [NOWHERE] * len(graph.scopes),
            [NOWHERE] * len(graph.scopes),
            _units(graph, matrices, found, holding_several(graph, matrices, reads)),
            reads,
            places,
            found.of_node,
        )


def _holds_most(columns: Sequence[Column], matrices: Matrices) -> bool:
    """Whether calls that are columns hold most of what there is."""
    inside = sum(len(call) for column in columns for call in column.calls)
    return len(columns) > 1 and inside > MOST_OF_IT * int((matrices.of_node < 0).sum())


def _units(
    graph: Graph, matrices: Matrices, columns: NodeColumns, holds_several: Sequence[bool]
) -> list[int]:
    """The largest scopes around each that are of one column and one row, -1 for none."""
    scopes = tuple(graph.scopes)
    nodes = np.flatnonzero(matrices.of_node < 0)
    least, most = np.full(len(scopes), columns.count), np.full(len(scopes), NOWHERE - 1)
    np.minimum.at(least, graph.scope_of[nodes], columns.of_node[nodes])
    np.maximum.at(most, graph.scope_of[nodes], columns.of_node[nodes])
    lows, highs = least.tolist(), most.tolist()
    for scope in reversed(scopes[1:]):
        lows[scope.parent] = min(lows[scope.parent], lows[scope.index])
        highs[scope.parent] = max(highs[scope.parent], highs[scope.index])
    unit, outermost = [NOWHERE] * len(scopes), _outermost(graph)
    for scope in scopes:
        if scope.parent >= 0 and unit[scope.parent] != NOWHERE:
            unit[scope.index] = unit[scope.parent]
        elif (
            scope.index not in outermost
            and lows[scope.index] == highs[scope.index]
            and not holds_several[scope.index]
        ):
            unit[scope.index] = scope.index
    return unit


def _outermost(graph: Graph) -> set[int]:
    """The scopes that hold most of the program: as one row they would be a Map of one cell."""
    at, found = graph.scopes[0], {0}
    while inside := graph.scopes.children(at):
        largest = max(inside, key=len)
        if len(largest) <= MOST_OF_IT * len(at):
            break
        at = largest
        found.add(at.index)
    return found


@dataclass(frozen=True, eq=False)
class _Runs:
    """Neighbours that are alike before it is known where pieces begin; parameters are in none.

    What is of one unit is one run, so that what follows is about a few thousand and not about each
    node.
    """

    starts: Ints  # first node of each. Shape: `[run]`
    stops: Ints  # one past its last. Shape: `[run]`
    n_nodes: int  # of the graph

    @classmethod
    def of(cls, graph: Graph, plan: Plan, *, node_by_node: bool) -> Self:
        """The runs of a graph.

        Args:
            node_by_node: also inside of units.
        """
        is_inner = plan.matrices.of_node < 0
        if node_by_node:
            inner = np.flatnonzero(is_inner)
            return cls(inner, inner + 1, len(graph))
        scope_of = graph.scope_of
        begins = np.ones(len(graph), np.bool_)
        np.not_equal(scope_of[1:], scope_of[:-1], out=begins[1:])
        begins[1:] |= is_inner[1:] != is_inner[:-1]
        starts = np.flatnonzero(begins)
        stops = np.append(starts[1:], len(graph))
        in_no_unit = is_inner[starts] & (np.array(plan.unit)[scope_of[starts]] < 0)
        for run in np.flatnonzero(in_no_unit).tolist():
            begins[starts[run] : stops[run]] = True
        starts = np.flatnonzero(begins)
        stops = np.append(starts[1:], len(graph))
        kept = is_inner[starts]
        return cls(starts[kept], stops[kept], len(graph))

    def groups(self, *kinds: Ints) -> Ints:
        """The run that each group of neighbours begins with that are alike in some more ways."""
        cuts = self.starts[1:] != self.stops[:-1]
        for kind in kinds:
            cuts |= np.diff(kind) != 0
        return np.concatenate(([0], np.flatnonzero(cuts) + 1))[: len(self.starts)]

    def spread(self, groups: Ints, numbers: Ints) -> Ints:
        """The number of each group for each of its runs. Shape: `[run]`."""
        return np.repeat(numbers, np.diff(np.append(groups, len(self.starts))))

    def numbered(self, groups: Ints) -> Ints:
        """The group of each node, -1 of parameters. Shape: `[node]`."""
        ends = np.stack((self.starts, self.stops), axis=1).ravel()
        lengths = np.diff(np.concatenate(([0], ends, [self.n_nodes])))
        numbers = np.full(len(lengths), NOWHERE)  # every other one is between runs
        numbers[1::2] = self.spread(groups, np.arange(len(groups)))
        return np.repeat(numbers, lengths)


def pieces_of(graph: Graph, plan: Plan) -> Pieces:
    """The pieces, each with its column."""
    # Heads that have scopes of their own, opened by hand, need not be looked for.
    seeks_heads = plan.places.are_known and len(plan.columns) > 1
    by_node = plan.column_of_node
    runs = _Runs.of(graph, plan, node_by_node=seeks_heads or by_node is not None)
    unit = np.array(plan.unit)[graph.scope_of[runs.starts]]
    column = _columns_by_calls(graph, plan, runs, unit) if by_node is None else by_node[runs.starts]
    head = np.full(len(unit), NOWHERE)
    if seeks_heads:
        head, unit = _heads(graph, plan, runs.starts, unit, column)
    scope = np.where(unit >= 0, unit, graph.scope_of[runs.starts])
    is_head = (unit < 0) & (head >= 0)
    line = np.where((unit >= 0) | is_head, NOWHERE, graph.line_of[runs.starts])
    first = runs.groups(np.where(is_head, NOWHERE, scope), line, column, head)
    last = np.append(first[1:], len(unit))[: len(first)] - 1
    return Pieces(
        runs.starts[first], runs.stops[last], scope[first], line[first], unit[first] >= 0,
        column[first], head[first], runs.numbered(first),
    )  # fmt: skip


def _columns_by_calls(graph: Graph, plan: Plan, runs: _Runs, unit: Ints) -> Ints:
    """The column of each run, by the call that it lies in."""
    scope = np.where(unit >= 0, unit, graph.scope_of[runs.starts])
    column = np.array(plan.column)[scope]
    if len(plan.columns) > 1:
        # What lies in no call goes where it is used, node by node; a call goes as a whole.
        line = np.where(unit >= 0, NOWHERE, graph.line_of[runs.starts])
        is_loose = (unit < 0) & (column < 0)
        first = runs.groups(scope, line, np.where(is_loose, runs.starts, NOWHERE))
        agreed = _agreed(graph, runs.numbered(first), column[first])
        column = runs.spread(first, agreed)
    return column


def _heads(graph: Graph, plan: Plan, inner: Ints, unit: Ints, column: Ints) -> tuple[Ints, Ints]:
    """The head that each node that is no parameter is of, and the scope around that is one row.

    A head that is all that a scope holds is that scope; scopes that hold several heads, or a part
    of one, are no rows.
    """
    column_of_node = np.full(len(graph), NOWHERE)
    column_of_node[inner] = column
    place_of = plan.places.of_nodes(graph)
    head = heads_of(graph, plan.matrices, place_of, column_of_node)[inner]
    has_head = head >= 0
    pairs = np.unique(np.stack((head[has_head], unit[has_head])), axis=1)
    n_units = np.bincount(pairs[0])  # that each head lies in, none counting as one
    n_heads = np.bincount(pairs[1][pairs[1] >= 0], minlength=len(plan.unit))
    is_whole = (n_units[pairs[0]] == 1) & (pairs[1] >= 0)
    is_whole &= n_heads[np.maximum(pairs[1], 0)] == 1
    head_of_unit = np.full(len(plan.unit) + 1, NOWHERE)  # the last one stands for no unit
    head_of_unit[pairs[1][is_whole]] = pairs[0][is_whole]
    is_split = np.append(n_heads > 0, False) & (head_of_unit < 0)
    head = np.where(head_of_unit[unit] >= 0, head_of_unit[unit], head)
    unit = np.where(is_split[unit], NOWHERE, unit)
    return head, unit


def _agreed(graph: Graph, piece_of: Ints, column: Ints) -> Ints:
    """Gives pieces without a column the one that their consumers agree on, else their operands'."""
    is_open = np.append(column < 0, False)[piece_of]  # the last one stands for parameters
    near = np.flatnonzero(is_open[graph.operands] | is_open[graph.edge_consumers])
    operand, consumer = piece_of[graph.operands[near]], piece_of[graph.edge_consumers[near]]
    between = (operand != consumer) & (operand >= 0)
    # A constant that is open itself says nothing of where it is used.
    is_leaf = np.diff(graph.operand_start)[graph.operands[near]] == 0
    says = between & ~(is_leaf & (column[operand] < 0))
    column = column.copy()
    to_operands = _distinct(operand[between], consumer[between])
    to_consumers = _distinct(consumer[says], operand[says])
    for here, there in (to_operands, to_consumers, to_operands):
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


def _distinct(here: Ints, there: Ints) -> tuple[Ints, Ints]:
    """Each pair once."""
    pairs = np.unique(np.stack((here, there)), axis=1)
    return pairs[0], pairs[1]
