"""Fewer rows for a small window: neighbours of one part of a layer as one, then layers as one.

A folded Map is a Map: its cells are larger, and its numbers are over what leaves those.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from itertools import groupby, takewhile

import numpy as np

from microgpt.errors import InputError
from microgpt.graph.arrays import Ints, Mask, frozen
from viz.maps.grid import CellRanges, Grid, Row
from viz.maps.step_map import StepMap

FOLD = "…"
"""Between the first and the last of the rows that have become one."""
WHOLE = "all"
"""What a row is called that is a whole layer."""
MOST_OPEN = 2
"""So many layers need not be folded on a page."""


def fitted(step_map: StepMap, most_rows: int) -> StepMap:
    """The Map with as many of its rows as fit; folded no further than it must be."""
    if len(step_map.rows) <= most_rows:
        return step_map
    groups: list[list[int]] = []
    for key in (_by_part_but_heads, _by_part, _by_layer):
        groups = _groups(step_map, key(step_map))
        if len(groups) <= most_rows:
            break
    return replace(step_map, grid=folded(step_map.grid, groups))


def with_open_layer(step_map: StepMap, layer: int | None = None) -> StepMap:
    """The Map with each layer but one as a single row; all of it, of one or two layers.

    Args:
        layer: the one that stays open; none does if None.

    Raises:
        InputError: there is no such layer.
    """
    layers = sorted({row.layer for row in step_map.rows if row.layer is not None})
    if layer is not None and layer not in layers:
        numbers = ", ".join(map(str, layers)) or "none: this graph has no layers"
        raise InputError(f"no layer {layer}; there is {numbers}")
    if len(layers) <= MOST_OPEN:
        return step_map
    by_layer, rows = _by_layer(step_map), step_map.rows
    groups = _groups(step_map, lambda row: row if rows[row].layer == layer else by_layer(row))
    return replace(step_map, grid=folded(step_map.grid, groups))


def folded(grid: Grid, groups: Sequence[Sequence[int]]) -> Grid:
    """The grid with some neighbouring rows made one.

    Args:
        groups: the rows of each new row, all of them in order.
    """
    new_row = np.empty(len(grid.rows), np.int64)
    for place, group in enumerate(groups):
        new_row[list(group)] = place
    # Parameters come after what belongs to no column, and both after the columns, as in any grid.
    n = len(grid.labels)
    kind = np.where(grid.column_of >= 0, grid.column_of, np.where(grid.parameters, n + 1, n))
    codes = new_row[grid.row_of] * (n + 2) + kind
    used, first, new_cell, size = np.unique(
        codes, return_index=True, return_inverse=True, return_counts=True
    )
    column = used % (n + 2)
    return Grid(
        rows=tuple(_row([grid.rows[row] for row in group]) for group in groups),
        labels=grid.labels,
        row_of=frozen(used // (n + 2)),
        column_of=frozen(np.where(column < n, column, -1)),
        scopes=tuple(
            grid.scopes[cell] if n_cells == 1 else _around(grid, new_cell == place)
            for place, (cell, n_cells) in enumerate(zip(first.tolist(), size.tolist(), strict=True))
        ),
        parameters=tuple((column == n + 1).tolist()),
        cell_of=frozen(new_cell[grid.cell_of]),
        ranges=None if grid.ranges is None else _merged(grid.ranges, new_cell, len(used)),
        heads=None if grid.heads is None else frozenset(int(new_row[row]) for row in grid.heads),
    )


def _around(grid: Grid, cells: Mask) -> str | None:
    """The scope that holds all of some cells, where only the grid knows of scopes; else None."""
    if grid.ranges is None:
        return None
    paths = [(grid.scopes[cell] or "").split("/") for cell in np.flatnonzero(cells).tolist()]
    shared = takewhile(lambda parts: len(set(parts)) == 1, zip(*paths, strict=False))
    return "/".join(parts[0] for parts in shared) or None


def _merged(ranges: CellRanges, new_cell: Ints, n_cells: int) -> CellRanges:
    """The ranges of the cells that have become one, those that follow on each other as one."""
    found: list[list[tuple[int, int]]] = [[] for _ in range(n_cells)]
    for cell, own in zip(new_cell.tolist(), ranges, strict=True):
        found[cell] += own
    return tuple(map(joined, found))


def joined(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The same ids in as few ranges as can be.

    >>> joined([(4, 9), (0, 4), (10, 12)])
    ((0, 9), (10, 12))
    """
    found: list[tuple[int, int]] = []
    for start, stop in sorted(ranges):
        begin = found.pop()[0] if found and found[-1][1] == start else start
        found.append((begin, stop))
    return tuple(found)


def _row(rows: Sequence[Row]) -> Row:
    """What rows that have become one are called: `attn/norm … v`."""
    if len(rows) == 1:
        return rows[0]
    first, last = rows[0].name.split("/"), rows[-1].name.split("/")
    shared = 0
    while shared < min(len(first), len(last)) - 1 and first[shared] == last[shared]:
        shared += 1
    layers = {row.layer for row in rows}
    layer = layers.pop() if len(layers) == 1 else None
    whole = WHOLE if layer is not None and not shared else ""
    name = whole or "/".join([*first[:shared], f"{first[shared]} {FOLD} {last[shared]}"])
    matrices = tuple(name for row in rows for name in row.matrices)
    return Row(name, layer, matrices)


RowKey = Callable[[int], Hashable]


def _groups(step_map: StepMap, key: RowKey) -> list[list[int]]:
    return [list(group) for _, group in groupby(range(len(step_map.rows)), key)]


def _by_part_but_heads(step_map: StepMap) -> RowKey:
    """Neighbours in the same part of a layer, `attn` or `mlp`; heads stay."""
    heads, by_part = step_map.head_of_row, _by_part(step_map)
    return lambda row: row if row in heads else (by_part(row), "part")


def _by_part(step_map: StepMap) -> RowKey:
    """All of the same part of a layer."""

    def key(row: int) -> Hashable:
        shown = step_map.rows[row]
        part, slash, _ = shown.name.partition("/")
        return (shown.layer, part) if slash else row

    return key


def _by_layer(step_map: StepMap) -> RowKey:
    """All of a layer."""
    rows = step_map.rows
    return lambda row: row if rows[row].layer is None else ("layer", rows[row].layer)
