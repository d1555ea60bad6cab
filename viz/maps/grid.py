"""The Map's grid: the columns and rows of any graph, and the cell that each node lies in.

A row is what all columns do at one place of the computation: of two columns, the pieces on the same
path within the column, made by the same line, at the same turn of a loop. Draws nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from microgpt.graph.arrays import Ints, frozen
from microgpt.graph.graph import Graph
from viz.maps.pieces import NOWHERE, Matrices, Pieces, Plan, pieces_of


@dataclass(frozen=True, slots=True)
class Row:
    """What every column does at one place of the computation."""

    name: str  # path of its scope within a column and a layer, `attn/q`, or a line of code
    layer: int | None  # counted from 0; None outside of layers
    matrices: tuple[str, ...]  # the parameters that it reads first


@dataclass(frozen=True, eq=False)
class Grid:
    """Which cell each node lies in; every node lies in exactly one.

    A cell is what one column does in one row; or, its column -1, what belongs to a row and to no
    column: the parameters that the row reads, or a computation across all columns.
    """

    rows: tuple[Row, ...]
    labels: tuple[str, ...]  # what the scope of each column is called for people, `e → m`, or ""
    row_of: Ints  # of each cell; cells go row by row, columns ascending. Shape: `[cell]`
    column_of: Ints  # of each cell, -1 for none. Shape: `[cell]`
    scopes: tuple[str | None, ...]  # path of the scope that a cell is, None where it is none
    parameters: tuple[bool, ...]  # whether a cell is the parameters of its row. Shape: `[cell]`
    cell_of: Ints  # of each node. Shape: `[node]`

    @cached_property
    def at(self) -> Ints:
        """The cell at each place, -1 where there is none. Shape: `[row][column]`."""
        places = np.full((len(self.rows), len(self.labels)), NOWHERE)
        inside = np.flatnonzero(self.column_of >= 0)
        places[self.row_of[inside], self.column_of[inside]] = inside
        return frozen(places)

    def same_place(self, cell: int, other: Grid) -> int:
        """The cell of another grid in the same row and column, -1 if it has none there."""
        row, column = int(self.row_of[cell]), int(self.column_of[cell])
        if column < 0 or row >= len(other.rows) or column >= len(other.labels):
            return NOWHERE
        return int(other.at[row, column])

    @cached_property
    def node_ranges(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """The ids of each cell's nodes, as ranges `[start, stop)`."""
        ends = [*(np.flatnonzero(np.diff(self.cell_of)) + 1).tolist(), len(self.cell_of)]
        ranges: list[list[tuple[int, int]]] = [[] for _ in self.row_of]
        start = 0
        for stop in ends:
            ranges[int(self.cell_of[start])].append((start, stop))
            start = stop
        return tuple(map(tuple, ranges))


class _Key(NamedTuple):
    """What pieces of different columns have in common if they are of one row."""

    call: int  # which of a column's calls the path begins in, -1 outside of them
    path: str
    line: int
    turn: int  # how many pieces of the column came before at this place


def grid_of(graph: Graph) -> Grid:
    """The grid of a graph."""
    matrices = Matrices.of(graph)
    plan = Plan.of(graph, matrices)
    columns = plan.columns
    pieces = pieces_of(graph, matrices, plan)
    places = _Places(graph, plan, pieces)
    keys = [places.key(piece) for piece in range(len(pieces.starts))]
    rows = {key: row for row, key in enumerate(_in_order(keys, pieces.column.tolist()))}
    row_of_piece = np.array([rows[key] for key in keys], np.int64)
    row_of_matrix = _first_readers(graph, matrices, pieces, row_of_piece)
    read_by: dict[int, list[str]] = {}
    for name, row in zip(matrices.names, row_of_matrix.tolist(), strict=True):
        read_by.setdefault(row, []).append(name)
    n = len(columns)
    code_of_piece = row_of_piece * (n + 2) + np.where(pieces.column < 0, n, pieces.column)
    codes = np.empty(len(graph), np.int64)
    of_parameters = matrices.of_node >= 0
    codes[of_parameters] = row_of_matrix[matrices.of_node[of_parameters]] * (n + 2) + n + 1
    codes[~of_parameters] = code_of_piece[pieces.of_node[~of_parameters]]
    used = np.flatnonzero(np.bincount(codes, minlength=1))
    number = np.full(len(rows) * (n + 2), NOWHERE)
    number[used] = np.arange(len(used))
    column_of = used % (n + 2)
    first_piece = dict(
        zip(reversed(code_of_piece.tolist()), reversed(range(len(keys))), strict=True)
    )
    return Grid(
        rows=tuple(places.row(key, tuple(read_by.get(row, ()))) for key, row in rows.items()),
        labels=tuple(column.calls[0].label if column.calls else "" for column in columns),
        row_of=frozen(used // (n + 2)),
        column_of=frozen(np.where(column_of < n, column_of, NOWHERE)),
        scopes=tuple(
            places.scope_of(first_piece[code]) if code in first_piece else None
            for code in used.tolist()
        ),
        parameters=tuple((column_of == n + 1).tolist()),
        cell_of=frozen(number[codes]),
    )


class _Places:
    """Where each piece belongs in its column."""

    def __init__(self, graph: Graph, plan: Plan, pieces: Pieces) -> None:
        self._graph, self._plan, self._pieces = graph, plan, pieces
        self._scopes = tuple(graph.scopes)
        self._layers, self._wrapper = _layers(graph, plan)
        self._turns: dict[tuple[int, _Key], int] = {}

    def key(self, piece: int) -> _Key:
        """The row that a piece belongs to; pieces are to be asked for in order."""
        scope, column = int(self._pieces.scope[piece]), int(self._pieces.column[piece])
        call, path = self._plan.call[scope], self._scopes[scope].path
        if call >= 0:
            outer = self._plan.columns[self._plan.column[scope]].calls[call].path
            path = path[len(outer) :].removeprefix("/")
        key = _Key(call, path, int(self._pieces.line[piece]), 0)
        if column < 0 or (call >= 0 and self._pieces.is_unit[piece]):
            return key
        if call < 0:  # the k-th call of a function belongs to column k, whatever its number
            key = key._replace(path=re.sub(r"\[\d+\]", "", path))
        turn = self._turns[column, key] = self._turns.get((column, key), -1) + 1
        return key._replace(turn=turn)

    def row(self, key: _Key, matrices: tuple[str, ...]) -> Row:
        """What a row is called."""
        layer, path = None, key.path
        if key.call == 0:
            path = path.removeprefix(self._wrapper).removeprefix("/")
            for prefix, number in self._layers.items():
                if f"{path}/".startswith(f"{prefix}/"):
                    layer, path = number, path[len(prefix) + 1 :]
        if key.line >= 0:
            line = f"line {self._graph.source_lines[key.line][1]}"
            path = f"{path} {line}" if path else line
        if key.turn:
            path = f"{path} ({key.turn + 1})"
        return Row(path or self._calls_name(key.call), layer, matrices)

    def _calls_name(self, call: int) -> str:
        """What a row is called that is all of a column's call."""
        name = self._plan.columns[0].calls[call].name if call >= 0 else ""
        return re.sub(r"\[\d+\]$", "", name) or "all"

    def scope_of(self, piece: int) -> str | None:
        """The scope that the cell of a piece is, if it is one."""
        scope = self._scopes[int(self._pieces.scope[piece])]
        return scope.path if self._pieces.is_unit[piece] else None


def _layers(graph: Graph, plan: Plan) -> tuple[dict[str, int], str]:
    """The scopes within a column that are layers, numbered; and the way to what is around them.

    A layer is a scope that holds several rows, beside others that read other parameters.
    """
    reads, call = plan.reads, plan.columns[0].calls[0]
    at = call
    while True:
        readers = [inner for inner in graph.scopes.children(at) if reads[inner.index]]
        nested = [inner for inner in readers if plan.unit[inner.index] == NOWHERE]
        if len(readers) != 1 or not nested:
            break
        (at,) = readers
    around = at.path[len(call.path) :].removeprefix("/")
    return {inner.name: number for number, inner in enumerate(nested)}, around


def _in_order(keys: Sequence[_Key], columns: Sequence[int]) -> list[_Key]:
    """The rows in the order of the forward pass: as the columns have them, one after the other."""
    by_column: dict[int, dict[_Key, None]] = {}
    for key, column in zip(keys, columns, strict=True):
        by_column.setdefault(column, {})[key] = None
    across = list(by_column.pop(NOWHERE, ()))
    order: list[_Key] = []
    for rows in sorted(by_column.values(), key=len, reverse=True):
        place, known = 0, set(order)
        for key in rows:
            if key in known:
                place = order.index(key) + 1
            else:
                order.insert(place, key)
                place += 1
    known = set(order)
    first = keys.index(order[0]) if order else 0
    before = [key for key in across if key not in known and keys.index(key) < first]
    return [*before, *order, *(key for key in across if key not in known and key not in before)]


def _first_readers(graph: Graph, matrices: Matrices, pieces: Pieces, row_of_piece: Ints) -> Ints:
    """The row that reads a parameter of each matrix first. Shape: `[matrix]`."""
    matrix = matrices.of_node[graph.operands]
    consumer = pieces.of_node[graph.edge_consumers]
    edges = np.flatnonzero((matrix >= 0) & (consumer >= 0))[::-1]
    rows = np.zeros(len(matrices.names), np.int64)
    rows[matrix[edges]] = row_of_piece[consumer[edges]]  # the last written is the first edge
    return rows
