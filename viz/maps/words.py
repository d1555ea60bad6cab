"""A cell of a Map in words and numbers, all of them read from the Map. Knows no screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from viz.maps.lenses import Look
from viz.maps.moments import MapMoment, Progress, visits
from viz.maps.spans import cell_number
from viz.maps.step_map import StepMap

MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class Share:
    """One line of a list: what, how much, and how long its bar is."""

    name: str
    number: str
    part: float  # of the largest in the list, 0 to 1


@dataclass(frozen=True, slots=True)
class CellWords:
    """What there is to say of a cell."""

    place: str  # `pos 2 · m → m ▸ layer 0 ▸ attn/head1`
    scope: str  # path of its scope, "" if it is none
    lines: tuple[str, ...]  # its numbers
    reads: tuple[Share, ...]  # of a head: how much of each source, the most first
    flows_in: tuple[Share, ...]  # where the gradient comes from
    flows_out: tuple[Share, ...]  # where it goes on to


def words(look: Look, cell: int, moment: MapMoment | None = None) -> CellWords:
    """A cell in words."""
    step_map, grid = look.map, look.map.grid
    n_nodes = sum(stop - start for start, stop in grid.node_ranges[cell])
    known = _Known.at(moment, cell)
    waits = moment is not None and moment.waits(look, cell)
    number = float(moment.numbers[cell] if moment is not None and waits else look.numbers[cell])
    lines = [f"{look.lens.name}  {number!r}{' so far' if waits else ''}"]
    if known.grads and look.lens.name != "grad":
        lines.append(f"gradient norm  {cell_number(float(step_map.grad_norm[cell]))}")
    if known.values and look.lens.name != "value":
        lines.append(f"value norm     {cell_number(float(step_map.data_norm[cell]))}")
    lines.append(f"{n_nodes:,} nodes")
    lines += _parameters(step_map, cell)
    if moment is not None:
        lines.append(_how_far(step_map, cell, moment))
    return CellWords(
        _place(step_map, cell),
        grid.scopes[cell] or "",
        tuple(lines),
        _reads(step_map, cell) if known.values else (),
        _currents(step_map, cell, outgoing=False) if known.grads else (),
        _currents(step_map, cell, outgoing=True) if known.grads else (),
    )


def _parameters(step_map: StepMap, cell: int) -> list[str]:
    """The matrices that a cell's row reads."""
    grid = step_map.grid
    matrices = grid.rows[int(grid.row_of[cell])].matrices
    return [f"parameters  {', '.join(matrices)}"] if matrices and not grid.parameters[cell] else []


@dataclass(frozen=True, slots=True)
class _Known:
    """Which of a cell's numbers are there at a moment; the others are not told before."""

    values: bool
    grads: bool

    @classmethod
    def at(cls, moment: MapMoment | None, cell: int) -> Self:
        is_complete = moment is None or moment.progress[cell] == Progress.COMPLETE
        is_forward = moment is not None and moment.phase == "forward"
        return cls(values=is_complete or not is_forward, grads=is_complete and not is_forward)


def _place(step_map: StepMap, cell: int) -> str:
    grid = step_map.grid
    row, column = step_map.rows[int(grid.row_of[cell])], int(grid.column_of[cell])
    parts = [column_name(step_map, column)] if column >= 0 else []
    if row.layer is not None:
        parts.append(f"layer {row.layer}")
    parts.append(f"parameters {', '.join(row.matrices)}" if grid.parameters[cell] else row.name)
    return " ▸ ".join(parts)


def column_name(step_map: StepMap, column: int) -> str:
    """A column's number with what it reads and what comes next."""
    caption, label = step_map.captions[column], step_map.grid.labels[column]
    if caption.token is not None:
        label = f"{caption.token} → {caption.target}" if caption.target else caption.token
    return f"column {column}" + (f" · {label}" if label else "")


def _short_column(step_map: StepMap, column: int) -> str:
    token = step_map.captions[column].token
    return str(column) if token is None else f"{token} ({column})"


def _how_far(step_map: StepMap, cell: int, moment: MapMoment) -> str:
    total, done = int(visits(step_map, moment.phase)[cell]), int(moment.done[cell])
    told = {
        Progress.NOT_YET: "not begun",
        Progress.PARTIAL: "partial: some of its gradient is there, more will come",
        Progress.UNDER_WAY: f"{done:,} of {total:,} visited",
        Progress.COMPLETE: "complete",
    }
    return f"{moment.phase}: {told[Progress(int(moment.progress[cell]))]}"


def _reads(step_map: StepMap, cell: int) -> tuple[Share, ...]:
    grid = step_map.grid
    place = (int(grid.row_of[cell]), int(grid.column_of[cell]))
    for head in step_map.weights:
        if (head.row, head.column) == place:
            pairs = sorted(zip(head.weights, head.sources, strict=True), reverse=True)
            return tuple(
                Share(_short_column(step_map, source), f"{100 * weight:.0f} %", weight)
                for weight, source in pairs[:MOST_TOLD]
            )
    return ()


def _currents(step_map: StepMap, cell: int, *, outgoing: bool) -> tuple[Share, ...]:
    """The gradient's way: it comes in from later rows, and goes out to earlier ones."""
    grid = step_map.grid
    row, column = int(grid.row_of[cell]), int(grid.column_of[cell])
    found = [
        (current.grad_norm, step_map.rows[current.from_row if outgoing else current.to_row].name)
        for current in step_map.river
        if current.column == column and row == (current.to_row if outgoing else current.from_row)
    ]
    for ribbon in step_map.ribbons:
        if outgoing and ribbon.row == row and ribbon.column == column != ribbon.source:
            name = f"{_short_column(step_map, ribbon.source)}: keys, values"
            found.append((ribbon.grad_norm, name))
    found.sort(reverse=True)
    largest = max((size for size, _ in found), default=0.0)
    return tuple(
        Share(name, cell_number(size), size / largest if largest else 0.0)
        for size, name in found[:MOST_TOLD]
    )


def reading_in_words(step_map: StepMap, column: int, moment: MapMoment | None = None) -> list[str]:
    """Whom a column reads, a line a head: `head 0: o 61 %, BOS 12 %`.

    Args:
        moment: of a pass; heads whose weights it has not computed yet are left out.
    """
    told = []
    for head in step_map.weights:
        cell = int(step_map.grid.at[head.row, head.column])
        if head.column == column and _Known.at(moment, cell).values:
            pairs = sorted(zip(head.weights, head.sources, strict=True), reverse=True)
            read = ", ".join(
                f"{_short_column(step_map, source)} {100 * weight:.0f} %"
                for weight, source in pairs[:3]
            )
            layer = "" if head.layer is None else f"layer {head.layer} "
            told.append(f"{layer}head {head.head}: {read}")
    return told
