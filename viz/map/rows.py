"""The rows of a Map: what all columns do at one place of the computation.

Pieces of two columns are of one row if the same calls lead to them and the same line made them, in
the same turn of the loops that read other parameters each time. Heads at one place are rows each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph
from viz.map.matrices import NOWHERE
from viz.map.pieces import Pieces, Plan
from viz.map.row_names import RowPlace, names_by_place, names_by_scope
from viz.map.turns import Made, Turn, turns_of


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows, in the order of the forward pass."""

    of_piece: Ints  # Shape: `[piece]`
    names: tuple[str, ...]  # path within a column and a layer, `attn/q`, or a line of code
    layers: tuple[int | None, ...]  # counted from 0; None outside of layers


class _Key(NamedTuple):
    """What pieces of different columns have in common if they are of one row."""

    turn: Turn
    place: int  # of the calls that lead there
    line: int  # in `source_lines`, -1 for a call as a whole
    head: int  # which of the heads at this place, -1 for none
    repeat: int  # how often the column was here before, where places are not known


def rows_of(graph: Graph, plan: Plan, pieces: Pieces) -> Rows:
    """The rows of a graph's pieces."""
    keys = _Keys(graph, plan, pieces).all()
    order = _in_order(keys, pieces.column.tolist())
    rows = {key: row for row, key in enumerate(order)}
    of_piece = np.array([rows[key] for key in keys], np.int64)
    is_scope = np.zeros(len(order), np.bool_)
    is_scope[of_piece[pieces.is_unit]] = True
    places = [
        RowPlace(
            key.turn.layer,
            plan.places.names[key.place],
            plan.places.calls[key.place],
            graph.source_lines[key.line][1] if key.line >= 0 else None,
            key.head >= 0 and not whole,
            key.repeat,
        )
        for key, whole in zip(order, is_scope.tolist(), strict=True)
    ]
    if plan.places.are_known:
        return Rows(of_piece, names_by_place(plan, places), tuple(p.layer for p in places))
    return Rows(of_piece, *names_by_scope(graph, plan, places))


class _Keys:
    """The row of each piece."""

    def __init__(self, graph: Graph, plan: Plan, pieces: Pieces) -> None:
        self._graph, self._plan, self._pieces = graph, plan, pieces
        self._place = [*plan.places.of_scope]
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
        found: dict[int, Turn] = {}
        if not self._plan.places.are_known:
            return found
        reads = self._reads()
        by_column: dict[int, list[Made]] = {}
        for piece, column in enumerate(self._columns):
            if column >= 0:
                position = self._plan.places.position(
                    self._graph, places[piece], self._lines[piece]
                )
                start, stop = int(self._pieces.starts[piece]), int(self._pieces.stops[piece])
                made = Made(piece, start, stop, position, reads[piece])
                by_column.setdefault(column, []).append(made)
        for made_pieces in by_column.values():
            found |= turns_of(self._graph, made_pieces)
        return found

    def _reads(self) -> list[int]:
        """The matrices that each piece reads, as bits."""
        edges = self._plan.matrices.edges
        matrix = self._plan.matrices.of_node[self._graph.operands[edges]]
        consumer = self._pieces.of_node[self._graph.edge_consumers[edges]]
        pairs = np.unique(np.stack((consumer, matrix)), axis=1)
        reads = [0] * len(self._columns)
        for piece, bit in pairs[:, pairs[0] >= 0].T.tolist():
            reads[piece] |= 1 << bit
        return reads

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
