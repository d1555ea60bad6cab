"""A Map as lines of characters: for a terminal's window, or to be printed.

What is coloured is said by size, not by colour alone: a cell is a bar as high as its number is
large, with the number beside it where there is room. Knows no screen: who draws gives spans their
colours.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np

from viz.maps.folding import WHOLE
from viz.maps.lenses import Look
from viz.maps.moments import MapMoment, Progress
from viz.maps.moved import NOTHING_MOVED, Moved
from viz.maps.scale import Scale, flow
from viz.maps.step_map import Current, StepMap

BARS = "▁▂▃▄▅▆▇█"
NOTHING = "·"
SIGNS = {Progress.NOT_YET: NOTHING, Progress.PARTIAL: "◔", Progress.UNDER_WAY: "◑"}
LEAST_LABEL, MOST_LABEL = 14, 24
WIDE_PARAMETERS, NARROW_PARAMETERS = 20, 13
WIDE_BAR = 3
LANES = "╌╌─━"
"""Of a lane from a source to its reader, by weight."""
MUCH = 0.25
"""A weight that has a mark that stands out."""
NUMBER_WIDTH = 5
LEAST_WIDTH = 4
"""Of a column: a bar and a gap. Units: characters, as all widths here."""
NUMBERED_WIDTH = 1 + NUMBER_WIDTH + 1
"""From which on a column has numbers, right behind a narrow bar."""
MOST_WIDTH = 14
LEAST_HISTORY, MOST_HISTORY = 6, 16
RIVER = "╎│┃█"
"""Of the residual stream between rows, by its gradient."""

MOVED = "*"
"""Behind what a what-if moves."""

Kind: TypeAlias = Literal[
    "plain", "label", "muted", "head", "cell", "weight", "waiting", "visited", "river"
]


@dataclass(frozen=True, slots=True)
class Span:
    """Some characters in a line."""

    text: str
    kind: Kind = "plain"
    cell: int = -1  # which they belong to, -1 for none
    strength: float = 0.0  # 0 to 1, how large the number is that they show
    sign: int = 0  # of that number, if the lens has signs


Line: TypeAlias = tuple[Span, ...]


def cell_number(number: float) -> str:
    """A number in at most five characters.

    Where nothing but zeros would be left, and from 100,000 on, with an exponent.

    >>> [cell_number(x) for x in (0.0761, 3.371, 12.34, 0.00004, 0.0, -0.2, -0.0004)]
    ['.0761', '3.37', '12.3', '4e-5', '0', '-.200', '-4e-4']
    """
    size = abs(number)
    sign = "-" if number < 0 else ""
    if not math.isfinite(number):
        return str(number)
    if size == 0:
        return "0"
    decimals = NUMBER_WIDTH - len(sign) - 1
    if size < 0.5 * 10.0**-decimals or size >= 99_999.5:
        mantissa, _, exponent = f"{size:.0e}".partition("e")
        return f"{sign}{mantissa}e{int(exponent)}"
    if size >= 1:
        return sign + (f"{size:#.3g}" if size < 1000 else f"{size:.0f}").rstrip(".")
    digits = f"{size:.{decimals}f}"
    return sign + (digits[1:] if digits.startswith("0.") else digits[:NUMBER_WIDTH])


def bar(how_large: float) -> str:
    """One character, the higher the larger.

    >>> bar(0.0), bar(1.0)
    ('▁', '█')
    """
    return BARS[min(len(BARS) - 1, int(how_large * len(BARS)))]


def row_name(step_map: StepMap, row: int) -> str:
    """What a row is called, with its layer where there are several."""
    shown = step_map.rows[row]
    if shown.name == WHOLE and shown.layer is not None:
        return f"layer {shown.layer}"
    name = shown.name.replace("/", " ")
    has_layers = len({other.layer for other in step_map.rows} - {None}) > 1
    return f"{shown.layer} {name}" if shown.layer is not None and has_layers else name


def _cut(text: str, room: int) -> str:
    """A text shortened at its end until it fits."""
    return text if len(text) <= room else f"{text[: room - 1]}…"


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

    # -- where things stand ------------------------------------------------------------------------

    @property
    def n_columns(self) -> int:
        """How many columns the Map has."""
        return len(self.look.map.grid.labels)

    @cached_property
    def label_width(self) -> int:
        """Of the names of rows: as much as they need, where there is room."""
        longest = max((len(self._name(row)) for row in range(len(self.look.map.rows))), default=0)
        room = self.width - NARROW_PARAMETERS - self.n_columns * NUMBERED_WIDTH
        return max(LEAST_LABEL, min(MOST_LABEL, longest + 1, room))

    @cached_property
    def parameters_width(self) -> int:
        """Of the parameters beside each row: without numbers if columns can have some for it."""
        room = self.width - self.label_width - self.n_columns * NUMBERED_WIDTH
        room -= LEAST_HISTORY if self.histories else 0
        return WIDE_PARAMETERS if room >= WIDE_PARAMETERS else NARROW_PARAMETERS

    @cached_property
    def column_width(self) -> int:
        """Of every column, gap included."""
        room = self.width - self.label_width - self.parameters_width
        if self.histories and room - LEAST_HISTORY >= self.n_columns * NUMBERED_WIDTH:
            room -= LEAST_HISTORY
        return max(LEAST_WIDTH, min(MOST_WIDTH, room // max(1, self.n_columns)))

    @cached_property
    def history_width(self) -> int:
        """Of each row's course at the right edge, 0 without one."""
        used = self.label_width + self.parameters_width + self.column_width * len(self.columns)
        room = min(MOST_HISTORY, self.width - used - 1)
        return room if self.histories and room >= LEAST_HISTORY else 0

    @cached_property
    def columns(self) -> range:
        """Those that are in sight."""
        room = self.width - self.label_width - self.parameters_width
        fit = max(1, room // self.column_width)
        first = max(0, min(self.first_column, self.n_columns - fit))
        return range(first, min(self.n_columns, first + fit))

    @property
    def has_numbers(self) -> bool:
        """Whether columns are wide enough for numbers."""
        return self.column_width >= NUMBERED_WIDTH

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
        lines = [self._across("reads", names, "head")]
        if any(caption.target is not None for caption in captions):
            targets = [f"→ {caption.target or ''}" for caption in captions]
            lines.append(self._across("next", targets, "muted"))
        return lines

    def row(self, row: int) -> Line:
        """A row of the Map."""
        grid = self.look.map.grid
        spans = [Span(self._label(row), "label")]
        across = self._outside(row, parameters=False)
        if across is not None:
            width = self.column_width * len(self.columns)
            if self.moment is not None and self._waits(across):
                spans.append(self._waiting(across, width, self.moment))
            else:
                mark = MOVED if across in self.moved.cells else ""
                spans.append(Span(f"{self._number(across)}{mark}".ljust(width), "cell", across))
        else:
            spans += [self._cell(int(grid.at[row, column])) for column in self.columns]
        parameters = self._outside(row, parameters=True)
        if parameters is not None:
            names = " ".join(name.rpartition(".")[2] for name in self.look.map.rows[row].matrices)
            size = NUMBERED_WIDTH + 1 if self.parameters_width == WIDE_PARAMETERS else 2
            room = self.parameters_width - size - 2
            spans += [
                Span(f"{_cut(names, room):>{room}} ", "muted", parameters),
                self._sized(parameters, size),
            ]
        else:
            spans.append(Span(" " * self.parameters_width))
        if self.history_width:
            spans.append(Span(f" {self._course(row)}", "muted"))
        return tuple(spans)

    def _course(self, row: int) -> str:
        """The last steps of a row's gradient, a bar each, from its smallest to its largest."""
        last = [size for size in self.histories[row][-self.history_width :] if math.isfinite(size)]
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
        spans = [Span("".ljust(self.label_width))]
        width = self.column_width
        for column in self.columns:
            current = self._river.get((column, row))
            size = self._flow(current) if current is not None and self._flows(current) else 0.0
            level = int(size / self._widest * len(RIVER)) if self._widest else 0
            text = f" {RIVER[min(level, len(RIVER) - 1)]}" if size else ""
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
        ends = [cell_number(top / 10.0**decade) for decade in (4, 3, 2, 1, 0)]
        scale = "  ".join(f"{bar(place / 4)} {end}" for place, end in enumerate(ends))
        if not top:
            scale = "nothing to scale: 0 in every cell but those of probabilities and losses"
        what = f"{MOVED} moved by the what-if" if self.moved else self.look.lens.what
        return [
            (Span("scale".ljust(self.label_width), "label"), Span(scale, "muted")),
            (Span("".ljust(self.label_width)), Span(what, "muted")),
        ]

    def _label(self, row: int) -> str:
        name, room = self._name(row), self.label_width - 1
        # The end of a path tells rows apart.
        return (name if len(name) <= room else f"…{name[1 - room :]}").ljust(self.label_width)

    def _name(self, row: int) -> str:
        return row_name(self.look.map, row)

    def _across(self, label: str, texts: Sequence[str], kind: Kind) -> Line:
        width = self.column_width
        cells = (Span(text[: width - 1].ljust(width), kind) for text in texts)
        return (Span(label.ljust(self.label_width), "label"), *cells)

    def _outside(self, row: int, *, parameters: bool) -> int | None:
        """The cell of a row that is in no column."""
        return self._cells_outside.get((row, parameters))

    @cached_property
    def _cells_outside(self) -> dict[tuple[int, bool], int]:
        """The cells in no column, by row and whether they are its parameters."""
        grid = self.look.map.grid
        outside = np.flatnonzero(grid.column_of < 0).tolist()
        return {(int(grid.row_of[cell]), grid.parameters[cell]): cell for cell in outside}

    def _cell(self, cell: int) -> Span:
        span = self._plain_cell(cell)
        if not self._is_moved(cell, span):
            return span
        return replace(span, text=f"{span.text.rstrip()}{MOVED}".ljust(self.column_width))

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
        width = self.column_width
        if cell < 0:
            return Span(" " * width)
        if self.reader is not None and cell in self.scale.weights:
            return self._lane(cell, self.reader)
        if self.moment is not None and self._waits(cell):
            return self._waiting(cell, width, self.moment)
        if (head := self.scale.weights.get(cell)) is not None:
            kind: Kind = "visited" if self.moment and self.moment.visited == cell else "weight"
            return Span(self._strip(head), kind, cell, 1.0)
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
        grid, width = self.look.map.grid, self.column_width
        source, row = int(grid.column_of[cell]), int(grid.row_of[cell])
        head = int(grid.at[row, reader])
        if self.moment is not None and self.moment.phase == "forward" and self._waits(head):
            return Span(NOTHING.ljust(width), "waiting", cell)  # its weights are not there yet
        weights = self.scale.weights.get(head, ())
        weight = weights[source] if source < len(weights) else 0.0
        if not weight:
            return Span(NOTHING.ljust(width), "muted", cell)
        mark = "◀" if source == reader else "●" if weight >= MUCH else "○"
        text = f"{mark}{100 * weight:3.0f}%"
        fill = LANES[min(len(LANES) - 1, int(weight * len(LANES)))] if source < reader else " "
        kind: Kind = "visited" if self.moment and self.moment.visited == cell else "weight"
        return Span(text[: width - 1].ljust(width, fill), kind, cell, weight)

    def _waiting(self, cell: int, width: int, moment: MapMoment) -> Span:
        """A cell that the pass is not done with: how far, and what it has so far."""
        progress = Progress(int(moment.progress[cell]))
        text = SIGNS[progress]
        # Probabilities and losses are of the forward pass, which the backward pass finds done.
        is_known = moment.phase == "backward" and not self.scale.on_scale[cell]
        if (is_known or progress != Progress.NOT_YET) and self.has_numbers:
            bar_width = WIDE_BAR if width > WIDE_BAR + 1 + NUMBER_WIDTH else 1
            gap = " " if width > NUMBERED_WIDTH else ""
            number = self._number(cell) if is_known else cell_number(float(moment.numbers[cell]))
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
        return cell_number(number)

    def _strip(self, weights: Sequence[float]) -> str:
        """A character for each source: as high as the weight, a dot for those that are not read."""
        room = self.column_width - 1
        shown = "".join(bar(weight) if weight > 0 else NOTHING for weight in weights)
        return shown[:room].ljust(self.column_width)
