"""The rows of a Map: what all columns do at one place of the computation.

Pieces of two columns are of one row if the same calls lead to them and the same line made them, in
the same turn of the loops that read other parameters each time. Heads at one place are rows each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from microgpt.autograd.scopes import BY_HAND
from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph
from viz.maps.matrices import NOWHERE
from viz.maps.pieces import Pieces, Plan
from viz.maps.places import Position
from viz.maps.row_names import RowPlace, names_by_place, names_by_scope
from viz.maps.turns import Made, Turn, turns_of


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows, in the order of the forward pass."""

    of_piece: Ints  # Shape: `[piece]`
    names: tuple[str, ...]  # path within a column and a layer, `attn/q`, or a line of code
    layers: tuple[int | None, ...]  # counted from 0; None outside of layers
    heads: frozenset[int] | None  # those that are attention heads; None if that was not looked for


class _Key(NamedTuple):
    """What pieces of different columns have in common if they are of one row."""

    turn: Turn
    place: int  # of the calls that lead there
    line: int  # in `source_lines`, -1 for a call as a whole
    head: int  # which of the heads at this place, -1 for none
    repeat: int  # how often the column was here before, where places are not known


def rows_of(graph: Graph, plan: Plan, pieces: Pieces) -> Rows:
    """The rows of a graph's pieces."""
    reads = _reads(plan, pieces)
    keys = _with_single_layer(graph, plan, _Keys(graph, plan, pieces, reads).all())
    order = _in_order(keys, pieces.column.tolist())
    reads_of: dict[_Key, int] = {}
    for key, bits in zip(keys, reads, strict=True):
        reads_of[key] = reads_of.get(key, 0) | bits
    groups = _joined(order, reads_of) if plan.places.are_known else [[key] for key in order]
    rows = {key: row for row, group in enumerate(groups) for key in group}
    of_piece = np.array([rows[key] for key in keys], np.int64)
    is_scope = np.zeros(len(groups), np.bool_)
    is_scope[of_piece[pieces.is_unit]] = True
    places = [
        RowPlace(
            reads_of[group[0]],
            group[0].turn.layer,
            plan.places.names[group[0].place],
            plan.places.calls[group[0].place],
            tuple(graph.source_lines[key.line][1] for key in group if key.line >= 0),
            group[0].head >= 0 and not whole,
            group[0].repeat,
        )
        for group, whole in zip(groups, is_scope.tolist(), strict=True)
    ]
    if not plan.places.are_known:
        return Rows(of_piece, *names_by_scope(graph, plan, places), None)
    heads = frozenset(row for row, group in enumerate(groups) if group[0].head >= 0)
    names = names_by_place(plan, places)
    return Rows(of_piece, names, tuple(place.layer for place in places), heads)


def _with_single_layer(graph: Graph, plan: Plan, keys: list[_Key]) -> list[_Key]:
    """One layer is no loop: it is the one scope of a column, opened by hand, that holds rows."""
    places = plan.places
    if not places.are_known or any(key.turn.layer is not None for key in keys):
        return keys
    found = {
        places.of_scope[scope.index]
        for scope in graph.scopes
        if scope.place is not None
        and scope.place.offset == BY_HAND
        and plan.call[scope.index] != NOWHERE
        and plan.unit[scope.index] == NOWHERE
        and places.outer[places.of_scope[scope.index]] != NOWHERE
    }
    outermost = [
        place
        for place in found
        if not any(place != other and places.is_inside(place, other) for other in found)
    ]
    if len(outermost) != 1:
        return keys
    return [
        key._replace(turn=key.turn._replace(layer=0))
        if places.is_inside(key.place, outermost[0])
        else key
        for key in keys
    ]


def _joined(order: Sequence[_Key], reads: Mapping[_Key, int]) -> list[list[_Key]]:
    """Neighbouring lines of one call that read the same parameters as one row.

    Flat code multiplies by a matrix in several lines: the first term, and a loop over the others.
    """
    groups: list[list[_Key]] = []
    for key in order:
        before = groups[-1][-1] if groups else None
        if (
            before is not None
            and before.line >= 0
            and key == before._replace(line=key.line)
            and key.line >= 0
            and reads[key] == reads[before] != 0
        ):
            groups[-1].append(key)
        else:
            groups.append([key])
    return groups


def _reads(plan: Plan, pieces: Pieces) -> list[int]:
    """The matrices that each piece reads, as bits."""
    matrices, n = plan.matrices, len(plan.matrices.names)
    reads = [0] * len(pieces.starts)
    if n:
        pairs = pieces.of_node[matrices.readers] * n + matrices.read
        for pair in np.flatnonzero(np.bincount(pairs)).tolist():
            reads[pair // n] |= 1 << (pair % n)
    return reads


class _Keys:
    """The row of each piece."""

    def __init__(self, graph: Graph, plan: Plan, pieces: Pieces, reads: Sequence[int]) -> None:
        self._graph, self._plan, self._pieces = graph, plan, pieces
        self._reads = reads
        self._place = plan.places.of_scope
        self._columns = pieces.column.tolist()
        self._heads = pieces.head.tolist()
        self._scopes = pieces.scope.tolist()
        self._lines = pieces.line.tolist()

    def all(self) -> list[_Key]:
        """Of each piece, in order."""
        scopes = self._scopes_of_heads()
        places = [
            self._place[scopes.get(head, scope)]
            for scope, head in zip(self._scopes, self._heads, strict=True)
        ]
        turns = self._turns(places)
        repeats = self._repeats(places)
        heads: dict[tuple[int, Turn, int], dict[int, int]] = {}
        keys = []
        for piece, (column, head) in enumerate(zip(self._columns, self._heads, strict=True)):
            number, turn = NOWHERE, turns.get(piece, Turn())
            if head >= 0:
                known = heads.setdefault((column, turn, places[piece]), {})
                number = known.setdefault(head, len(known))
            keys.append(_Key(turn, places[piece], self._lines[piece], number, repeats[piece]))
        return keys

    def _scopes_of_heads(self) -> dict[int, int]:
        """The smallest scope that holds all of each head."""
        found: dict[int, int] = {}
        spans: dict[int, tuple[int, int]] = {}
        for piece, head in enumerate(self._heads):
            if head >= 0:
                start, _ = spans.get(head, (int(self._pieces.starts[piece]), 0))
                spans[head] = (start, int(self._pieces.stops[piece]))
                found.setdefault(head, self._scopes[piece])
        scopes = self._graph.scopes
        for head, (start, stop) in spans.items():
            at = scopes[found[head]]
            while at.parent >= 0 and not (at.start <= start and stop <= at.stop):
                at = scopes[at.parent]
            found[head] = at.index
        return found

    def _turns(self, places: Sequence[int]) -> Mapping[int, Turn]:
        """The turn of each piece that lies in a column."""
        if not self._plan.places.are_known:
            return {}
        by_column: dict[int, list[Made]] = {}
        for piece, column in enumerate(self._columns):
            if column >= 0:
                position = self._position(piece, places[piece])
                start, stop = int(self._pieces.starts[piece]), int(self._pieces.stops[piece])
                made = Made(piece, start, stop, position, self._reads[piece])
                by_column.setdefault(column, []).append(made)
        return turns_of(self._graph, by_column.values())

    def _position(self, piece: int, place: int) -> Position:
        """Where a piece is in the code; a head that is no call, where its first node is."""
        graph, found = self._graph, self._plan.places
        if self._heads[piece] < 0 or self._pieces.is_unit[piece]:
            return found.position(graph, place, self._lines[piece])
        node = int(self._pieces.starts[piece])
        at = graph.scopes[int(graph.scope_of[node])]
        if self._place[at.index] == place:
            return found.position(graph, place, int(graph.line_of[node]))
        while at.parent > 0 and self._place[at.parent] != place:
            at = graph.scopes[at.parent]
        return found.positions[self._place[at.index]]

    def _repeats(self, places: Sequence[int]) -> list[int]:
        """How often a column was at each piece's place before, if that is not known as a loop."""
        repeats = [0] * len(places)
        if self._plan.places.are_known:
            return repeats
        seen: dict[tuple[int, int, int], int] = {}
        for piece, (column, place) in enumerate(zip(self._columns, places, strict=True)):
            is_call = self._plan.call[self._scopes[piece]] >= 0 and self._pieces.is_unit[piece]
            if column >= 0 and not is_call:
                at = (column, place, self._lines[piece])
                repeats[piece] = seen[at] = seen.get(at, -1) + 1
        return repeats


def _in_order(keys: Sequence[_Key], columns: Sequence[int]) -> list[_Key]:
    """The rows in the order of the forward pass: as the columns have them, one after the other."""
    by_column: dict[int, dict[_Key, int]] = {}
    for piece, (key, column) in enumerate(zip(keys, columns, strict=True)):
        by_column.setdefault(column, {}).setdefault(key, piece)
    across = by_column.pop(NOWHERE, {})
    order: list[_Key] = []
    for rows in sorted(by_column.values(), key=len, reverse=True):
        place, known = 0, set(order)
        if known.issuperset(rows):
            continue
        for key in rows:
            if key in known:
                place = order.index(key) + 1
            else:
                order.insert(place, key)
                place += 1
    # What belongs to no column comes after all rows that were begun before it.
    firsts: dict[_Key, int] = {}
    for rows in by_column.values():
        for key, piece in rows.items():
            firsts[key] = min(piece, firsts.get(key, piece))
    for key, piece in across.items():
        if key not in firsts:
            begun = (i for i, other in enumerate(order) if firsts[other] < piece)
            order.insert(max(begun, default=-1) + 1, key)
            firsts[key] = piece
    return order
