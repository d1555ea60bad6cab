"""A Map as lines of characters: for a terminal's window, or to be printed.

What is coloured is said by size, not by colour alone: a cell is a bar as high as its number is
large, with the number beside it where there is room. Knows no screen: who draws gives spans their
colours.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from microgpt.graph.arrays import Ints
from viz.maps.lenses import Look
from viz.maps.moments import MapMoment, Progress
from viz.maps.moved import NOTHING_MOVED, Moved
from viz.maps.scale import Scale, flow
from viz.maps.spans import (
    NOTHING,
    NUMBER_WIDTH,
    SIGNS,
    Kind,
    Line,
    Span,
    bar,
    cut,
    narrow_number,
    row_labels,
    short_labels,
    strip,
)
from viz.maps.step_map import Current
from viz.maps.text_widths import NUMBERED_WIDTH, TextWidths
from viz.style import strength

WIDE_BAR = 3
LANES = "╌╌─━"
"""Of a lane from a source to its reader, by weight."""
MUCH = 0.25
"""A weight that has a mark that stands out."""
RIVER = "╎│┃█"
"""Of the residual stream between rows, by its gradient."""

COURSE = "steps"
"""Over each row's gradient over the last steps."""

MOVED = "*"
"""Behind what a what-if moves."""
WRONG = "✗"
"""Behind a cell with gradients that are others than they should be."""


@dataclass(frozen=True, eq=False)
class TextMap:
    """A Map set for a width; columns that do not fit can be scrolled to."""

    look: Look
    width: int
    first_column: int = 0
    reader: int | None = None  # a column whose reading is drawn as lanes
    moment: MapMoment | None = None  # of a pass; None shows what is there in the end
    histories: Sequence[Sequence[float]] = ()  # of each row its gradient over the last steps
    moved: Moved = NOTHING_MOVED  # by a what-if
    beside: Sequence[Look] = ()  # Maps that are on the same scale
    widened: int | None = None  # a column whose outputs are shown one by one

    # -- where things stand ------------------------------------------------------------------------

    @cached_property
    def widths(self) -> TextWidths:
        """Of labels, columns and what stands beside them."""
        return TextWidths(
            self.width,
            self.n_columns,
            longest_label=max(map(len, self._names), default=0),
            first_column=self.first_column,
            has_histories=bool(self.histories),
            widened=self.widened,
            most_outputs=max(map(len, self._outputs.values()), default=0),
        )

    @property
    def n_columns(self) -> int:
        """How many columns the Map has."""
        return len(self.look.map.grid.labels)

    @property
    def columns(self) -> range:
        """Those that are in sight."""
        return self.widths.columns

    @cached_property
    def scale(self) -> Scale:
        """What the cells show."""
        return Scale(self.look, self.beside)

    # -- lines -------------------------------------------------------------------------------------

    def header(self) -> list[Line]:
        """What each column reads and what comes next."""
        captions = [self.look.map.captions[column] for column in self.columns]
        if any(caption.token is not None for caption in captions):
            names = [caption.token or "" for caption in captions]
        else:
            labels = self.look.map.grid.labels
            names = [labels[column] or str(column) for column in self.columns]
        lines = [(*self._across("reads", names, "head"), *self._beside_header())]
        if any(caption.target is not None for caption in captions):
            targets = [self._target(caption.target or "") for caption in captions]
            lines.append(self._across("next", targets, "muted"))
        return lines

    def _target(self, token: str) -> str:
        """Better without the arrow than cut."""
        arrow = f"→ {token}"
        return arrow if len(arrow) < self.widths.column else token

    def _beside_header(self) -> tuple[Span, ...]:
        """What stands to the right of the columns: parameters, and the course of each row."""
        if not self.widths.history:
            return ()
        has_parameters = any(row.matrices for row in self.look.map.rows)
        what = "parameters" if has_parameters else ""
        room = self.widths.parameters - self.widths.parameter_number - 1
        return (
            Span(f"{what:>{room}}".ljust(self.widths.parameters), "muted"),
            Span(f" {COURSE:.{self.widths.history}}", "muted"),
        )

    def row(self, row: int) -> Line:
        """A row of the Map."""
        grid = self.look.map.grid
        spans = [Span(self._label(row), "label")]
        across = self._outside(row, parameters=False)
        if across is not None:
            width = self.widths.all_columns
            if self.moment is not None and self._waits(across):
                spans.append(self._waiting(across, width, self.moment))
            else:
                mark = MOVED if across in self.moved.cells else ""
                spans.append(Span(f"{self._number(across)}{mark}".ljust(width), "cell", across))
        else:
            for column in self.columns:
                spans += self._cells(int(grid.at[row, column]), column)
        parameters = self._outside(row, parameters=True)
        if parameters is not None:
            names = " ".join(name.rpartition(".")[2] for name in self.look.map.rows[row].matrices)
            size = self.widths.parameter_number
            room = self.widths.parameters - size - 1
            spans += [
                Span(f"{cut(names, room):>{room}} ", "muted", parameters),
                self._sized(parameters, size),
            ]
        else:
            spans.append(Span(" " * self.widths.parameters))
        if self.widths.history:
            spans.append(Span(f" {self._course(row)}", "muted"))
        return tuple(spans)

    def _course(self, row: int) -> str:
        """The last steps of a row's gradient, a bar each, from its smallest to its largest."""
        last = [size for size in self.histories[row][-self.widths.history :] if math.isfinite(size)]
        least, most = min(last, default=0.0), max(last, default=0.0)
        return "".join(
            bar((size - least) / (most - least) if most > least else 0.5) for size in last
        )

    def lines(self) -> Iterator[Line]:
        """All of it but the legend, for printing."""
        yield from self.header()
        for row in range(len(self.look.map.rows)):
            yield self.row(row)

    def all_lines(self) -> Iterator[Line]:
        """All of it, for printing one Map."""
        yield from self.lines()
        yield from self.legend()

    def river(self, row: int) -> Line:
        """The residual stream below a row: as thick as what flows around the rows."""
        spans = [Span("".ljust(self.widths.label))]
        for column in self.columns:
            current = self._river.get((column, row))
            size = self._flow(current) if current is not None and self._flows(current) else 0.0
            level = int(size / self._widest * len(RIVER)) if self._widest else 0
            text = f" {RIVER[min(level, len(RIVER) - 1)]}" if size else ""
            width = self._width_of(column)
            spans.append(Span(text.ljust(width), "river", -1, size / (self._widest or 1.0)))
        return tuple(spans)

    @cached_property
    def river_rows(self) -> tuple[int, ...]:
        """The rows below which the stream is whole: it begins to go around what comes next."""
        return tuple(sorted({row for _, row in self._river}))

    @cached_property
    def _river(self) -> dict[tuple[int, int], Current]:
        """What goes around rows, by column and the row that it leaves."""
        return {(c.column, c.from_row): c for c in self.look.map.river if c.is_skip}

    @cached_property
    def _widest(self) -> float:
        sizes = map(self._flow, self._river.values())
        return max(filter(math.isfinite, sizes), default=0.0)

    def _flow(self, current: Current) -> float:
        return flow(self.look, current.grad_norm, current.data_norm)

    def _flows(self, current: Current) -> bool:
        """Whether all of it has flowed: back out of a cell that is complete, or on from one."""
        if self.moment is None:
            return True
        row = current.from_row if self.moment.phase == "forward" else current.to_row
        cell = int(self.look.map.grid.at[row, current.column])
        return cell < 0 or not self._waits(cell)

    def legend(self) -> list[Line]:
        """The scale, and what the numbers are."""
        top = self.scale.largest
        ends = [narrow_number(top / 10.0**decade) for decade in (4, 3, 2, 1, 0)]
        scale = "  ".join(f"{bar(place / 4)} {end}" for place, end in enumerate(ends))
        if not top:
            scale = "nothing to scale: 0 in every cell but those of probabilities and losses"
        what = f"{MOVED} moved by the what-if" if self.moved else self.look.lens.what
        told = [what]
        if self.widened is not None:
            most = max(map(len, self._outputs.values()), default=0)
            of = -(-most // max(1, self.widths.vector - 1))
            each = "each output" if of <= 1 else f"the largest of up to {of} outputs each"
            told.append(f"beside the widened column: {each}")
        blank = Span("".ljust(self.widths.label))
        return [
            (Span("scale".ljust(self.widths.label), "label"), Span(scale, "muted")),
            *((blank, Span(text, "muted")) for text in told),
        ]

    def _label(self, row: int) -> str:
        return self._labels[row].ljust(self.widths.label)

    @cached_property
    def _labels(self) -> list[str]:
        return short_labels(self._names, self.widths.label - 1)

    @cached_property
    def _names(self) -> list[str]:
        return row_labels(self.look.map)

    def _across(self, label: str, texts: Sequence[str], kind: Kind) -> Line:
        width = self.widths.column
        cells = (
            Span(text[: width - 1].ljust(self._width_of(column)), kind)
            for column, text in zip(self.columns, texts, strict=True)
        )
        return (Span(label.ljust(self.widths.label), "label"), *cells)

    def _outside(self, row: int, *, parameters: bool) -> int | None:
        """The cell of a row that is in no column."""
        return self._cells_outside.get((row, parameters))

    @cached_property
    def _cells_outside(self) -> dict[tuple[int, bool], int]:
        """The cells in no column, by row and whether they are its parameters."""
        grid = self.look.map.grid
        outside = np.flatnonzero(grid.column_of < 0).tolist()
        return {(int(grid.row_of[cell]), grid.parameters[cell]): cell for cell in outside}

    def _width_of(self, column: int) -> int:
        return self.widths.column + (self.widths.vector if column == self.widened else 0)

    def _cells(self, cell: int, column: int) -> Iterator[Span]:
        """A cell, and of a widened column its outputs behind it, a bar each."""
        span = self._cell(cell)
        yield span
        if column != self.widened:
            return
        room, outputs = self.widths.vector - 1, self._outputs.get(cell)
        numbers = self.look.of_nodes
        is_shown = outputs is not None and self.scale.on_scale[cell] and not self._waits(cell)
        if outputs is None or numbers is None or not is_shown:
            yield Span(" " * (room + 1))
            return
        sizes = np.abs(numbers[outputs])
        for part in np.array_split(sizes, min(room, len(sizes))):
            largest = float(part.max())
            size = strength(largest, self.scale.largest)
            yield Span(NOTHING if largest == 0 else bar(size), "cell", cell, size)
        yield Span(" " * (room + 1 - min(room, len(sizes))))

    @cached_property
    def _outputs(self) -> Mapping[int, Ints]:
        """The outputs of each cell of the widened column."""
        step_map, column = self.look.map, self.widened
        if column is None:
            return {}
        cells = step_map.grid.cell_of[step_map.outputs]
        own = (cell for cell in np.unique(cells).tolist())
        return {
            cell: step_map.outputs[cells == cell]
            for cell in own
            if step_map.grid.column_of[cell] == column
        }

    def _cell(self, cell: int) -> Span:
        span = self._plain_cell(cell)
        if cell in self.moved.wrong and span.kind not in {"plain", "muted"}:
            return replace(span, text=f"{span.text.rstrip()}{WRONG}".ljust(self.widths.column))
        if not self._is_moved(cell, span):
            return span
        return replace(span, text=f"{span.text.rstrip()}{MOVED}".ljust(self.widths.column))

    def _is_moved(self, cell: int, span: Span) -> bool:
        """Whether what stands in a cell's place is another number by the what-if."""
        if not self.moved or span.kind in {"plain", "muted", "waiting"}:
            return False
        if cell not in self.scale.weights:
            return cell in self.moved.cells and not self._waits(cell)
        if self.reader is None:
            return cell in self.moved.heads
        grid = self.look.map.grid
        head = int(grid.at[int(grid.row_of[cell]), self.reader])
        return (head, int(grid.column_of[cell])) in self.moved.weights

    def _waits(self, cell: int) -> bool:
        return self.moment is not None and self.moment.waits(self.look, cell)

    def _plain_cell(self, cell: int) -> Span:
        width = self.widths.column
        if cell < 0:
            return Span(" " * width)
        if self.reader is not None and cell in self.scale.weights:
            return self._lane(cell, self.reader)
        if self.moment is not None and self._waits(cell):
            return self._waiting(cell, width, self.moment)
        if (head := self.scale.weights.get(cell)) is not None:
            kind: Kind = "visited" if self.moment and self.moment.visited == cell else "weight"
            return Span(strip(head, width - 1).ljust(width), kind, cell, 1.0)
        return self._bar_and_number(cell, width)

    def _sized(self, cell: int, width: int) -> Span:
        """A cell's bar and number, or how far the pass is with it."""
        if self.moment is not None and self._waits(cell):
            return self._waiting(cell, width, self.moment)
        span = self._bar_and_number(cell, width)
        if cell in self.moved.cells:
            span = replace(span, text=f"{span.text.rstrip()}{MOVED}".ljust(width))
        return span

    def _lane(self, cell: int, reader: int) -> Span:
        """In a head's row: how much one column reads of the column of this cell."""
        grid, width = self.look.map.grid, self.widths.column
        source, row = int(grid.column_of[cell]), int(grid.row_of[cell])
        head = int(grid.at[row, reader])
        if self.moment is not None and self.moment.phase == "forward" and self._waits(head):
            return Span(NOTHING.ljust(width), "waiting", cell)  # its weights are not there yet
        weights = self.scale.weights.get(head, ())
        weight = weights[source] if source < len(weights) else 0.0
        if not weight:
            return Span(NOTHING.ljust(width), "muted", cell)
        mark = "◀" if source == reader else "●" if weight >= MUCH else "○"
        percent = f"{100 * weight:.0f}"
        room = width - 1 - len(mark)
        text = mark if len(percent) > room else f"{mark}{percent}"  # never cut
        text = f"{mark}{percent:>3}%" if room >= len("100%") else text
        fill = LANES[min(len(LANES) - 1, int(weight * len(LANES)))] if source < reader else " "
        kind: Kind = "visited" if self.moment and self.moment.visited == cell else "weight"
        return Span(text.ljust(width, fill), kind, cell, weight)

    def _waiting(self, cell: int, width: int, moment: MapMoment) -> Span:
        """A cell that the pass is not done with: how far, and what it has so far."""
        progress = Progress(int(moment.progress[cell]))
        text = SIGNS[progress]
        # Probabilities and losses are of the forward pass, which the backward pass finds done.
        is_known = moment.phase == "backward" and not self.scale.on_scale[cell]
        if (is_known or progress != Progress.NOT_YET) and self.widths.has_numbers:
            bar_width = WIDE_BAR if width > WIDE_BAR + 1 + NUMBER_WIDTH else 1
            gap = " " if width > NUMBERED_WIDTH else ""
            number = self._number(cell) if is_known else narrow_number(float(moment.numbers[cell]))
            text = f"{text:<{bar_width}}{gap}{number}"
        kind: Kind = "visited" if moment.visited == cell else "waiting"
        return Span(text[: width - 1].ljust(width), kind, cell)

    def _bar_and_number(self, cell: int, width: int) -> Span:
        size = self.scale.size(cell)
        wide = width > WIDE_BAR + 1 + NUMBER_WIDTH or width < NUMBERED_WIDTH
        text = bar(size) * min(WIDE_BAR if wide else 1, width - 1)
        if width >= NUMBERED_WIDTH:
            gap = " " if width > NUMBERED_WIDTH else ""
            text = f"{text}{gap}{self._number(cell)}"
        kind: Kind = "visited" if self.moment and self.moment.visited == cell else "cell"
        return Span(text[: width - 1].ljust(width), kind, cell, size, self.scale.sign(cell))

    def _number(self, cell: int) -> str:
        number = self.scale.number(cell)
        if cell in self.scale.probabilities:
            return f"{100 * number:.1f}%".rjust(NUMBER_WIDTH)
        return narrow_number(number)
