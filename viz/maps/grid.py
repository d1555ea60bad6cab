"""The Map's grid: the columns and rows of any graph, and the cell that each node lies in.

A row is what all columns do at one place of the computation (`rows.py`). Draws nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

from microgpt.graph.arrays import Ints, frozen
from microgpt.graph.graph import Graph
from viz.maps.matrices import NOWHERE, Matrices
from viz.maps.pieces import Pieces, Plan, pieces_of
from viz.maps.rows import rows_of

CellRanges: TypeAlias = tuple[tuple[tuple[int, int], ...], ...]
"""Ids of each cell's nodes, as ranges `[start, stop)`."""


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
    heads: frozenset[int] | None = None  # the rows that are attention heads, if that is known
    ranges: CellRanges | None = None  # `node_ranges`, where the graph is not the whole one

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

    def beside(self, cell: int, down: int, right: int) -> int:
        """The cell below and to the right of another, itself at an edge; of -1 the first one."""
        if cell < 0:
            return int(self.at[0, 0])
        column = min(max(max(int(self.column_of[cell]), 0) + right, 0), len(self.labels) - 1)
        at = int(self.row_of[cell]) + down
        while 0 <= at < len(self.rows):
            cells = [int(self.at[at, column]), *np.flatnonzero(self.row_of == at).tolist()]
            found = next((each for each in cells if each >= 0), NOWHERE)
            if found >= 0:
                return found
            at += down or 1
        return cell

    def same_places(self, other: Grid) -> list[int]:
        """Of each cell the one of another grid at the same place, -1 where there is none there.

        Cells in no column stand at the same place if they are of one row, parameters or not.
        """
        outside = {
            (int(other.row_of[cell]), other.parameters[cell]): cell
            for cell in np.flatnonzero(other.column_of < 0).tolist()
        }
        return [
            self.same_place(cell, other)
            if column >= 0
            else outside.get((int(self.row_of[cell]), self.parameters[cell]), NOWHERE)
            for cell, column in enumerate(self.column_of.tolist())
        ]

    @cached_property
    def node_ranges(self) -> CellRanges:
        """The ids of each cell's nodes, as ranges `[start, stop)`."""
        if self.ranges is not None:
            return self.ranges
        ends = [*(np.flatnonzero(np.diff(self.cell_of)) + 1).tolist(), len(self.cell_of)]
        ranges: list[list[tuple[int, int]]] = [[] for _ in self.row_of]
        start = 0
        for stop in ends:
            ranges[int(self.cell_of[start])].append((start, stop))
            start = stop
        return tuple(map(tuple, ranges))


def grid_of(graph: Graph) -> Grid:
    """The grid of a graph."""
    plan = Plan.of(graph)
    pieces = pieces_of(graph, plan)
    rows = rows_of(graph, plan, pieces)
    matrices, n = plan.matrices, len(plan.columns)
    row_of_matrix = _first_readers(matrices, pieces, rows.of_piece)
    read_by: dict[int, list[str]] = {}
    for name, row in zip(matrices.names, row_of_matrix.tolist(), strict=True):
        read_by.setdefault(row, []).append(name)
    code_of_piece = rows.of_piece * (n + 2) + np.where(pieces.column < 0, n, pieces.column)
    code_of_matrix = row_of_matrix * (n + 2) + n + 1
    used = np.unique(np.concatenate((code_of_piece, code_of_matrix)))
    number = np.full(len(rows.names) * (n + 2), NOWHERE)
    number[used] = np.arange(len(used))
    column_of = used % (n + 2)
    cell_of = np.append(number[code_of_piece], NOWHERE)[pieces.of_node]
    parameters = np.flatnonzero(matrices.of_node >= 0)
    cell_of[parameters] = number[code_of_matrix][matrices.of_node[parameters]]
    return Grid(
        rows=tuple(
            Row(name, layer, tuple(read_by.get(row, ())))
            for row, (name, layer) in enumerate(zip(rows.names, rows.layers, strict=True))
        ),
        labels=tuple(column.calls[0].label if column.calls else "" for column in plan.columns),
        row_of=frozen(used // (n + 2)),
        column_of=frozen(np.where(column_of < n, column_of, NOWHERE)),
        scopes=_scopes_of_cells(graph, pieces, number[code_of_piece], len(used)),
        parameters=tuple((column_of == n + 1).tolist()),
        cell_of=frozen(cell_of),
        heads=rows.heads,
    )


def _scopes_of_cells(
    graph: Graph, pieces: Pieces, cell_of_piece: Ints, n_cells: int
) -> tuple[str | None, ...]:
    """Path of the scope that each cell is, None where it is none, or several."""
    paths = [scope.path for scope in graph.scopes]
    scopes: list[str | None] = [None] * n_cells
    is_one = np.bincount(cell_of_piece, minlength=n_cells) == 1
    for piece in np.flatnonzero(pieces.is_unit & is_one[cell_of_piece]).tolist():
        scopes[int(cell_of_piece[piece])] = paths[int(pieces.scope[piece])]
    return tuple(scopes)


def _first_readers(matrices: Matrices, pieces: Pieces, row_of_piece: Ints) -> Ints:
    """The row that reads a parameter of each matrix first. Shape: `[matrix]`."""
    piece = pieces.of_node[matrices.readers][::-1]
    matrix, piece = matrices.read[::-1][piece >= 0], piece[piece >= 0]
    rows = np.zeros(len(matrices.names), np.int64)
    rows[matrix] = row_of_piece[piece]  # the last written is the first that reads
    return rows
