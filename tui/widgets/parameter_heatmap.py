"""A matrix as a heatmap: each number's sign and size as two characters on a colour."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from microgpt.graph.arrays import Floats
from tui.cell_text import set_right
from tui.training.shown_parameters import LOGARITHMIC, ParameterKind, ShownMatrix
from tui.widgets.pooling import Pooling, pooled
from viz.style import DECADES, NEGATIVE, NOT_A_NUMBER, POSITIVE, blend, ink_on, rgb
from viz.views.color_scale import ColorScale, largest_size
from viz.views.themes import DARK

CELL_WIDTH = 2
LABEL_WIDTH = 6
"""Widths of a number and of a row's label. Units: character cells."""
HEADER = 1
"""Lines above the rows."""
TOP = 9
"""The digit of the largest size; one that is next to nothing beside it is 0."""
ZERO, ODD, ABSENT = "·", "?", " "
DEAD = "✗"
SOFTNESS = 0.55
"""How far characters are from the colour that they stand on: it is looked at before they are."""
EVERY = 4
"""So many columns apart stand their numbers, where two digits would touch."""


@dataclass(frozen=True, eq=False)
class DrawnMatrix:
    """What a heatmap shows of a matrix."""

    matrix: ShownMatrix
    kind: ParameterKind
    pooling: Pooling
    dead_rows: tuple[int, ...] = ()  # of units that never fire
    dead_columns: tuple[int, ...] = ()

    @classmethod
    def fitting(
        cls, matrix: ShownMatrix, kind: ParameterKind, most_rows: int, most_columns: int
    ) -> DrawnMatrix:
        """In no more cells than these."""
        return cls(matrix, kind, pooled(matrix.numbers[kind], most_rows, most_columns))

    @cached_property
    def values(self) -> Floats:
        """The cells' numbers. Shape: `[row of cells][column of cells]`."""
        return self.pooling.of(self.matrix.numbers[self.kind])

    @cached_property
    def largest(self) -> float:
        """The size that has the full colour."""
        return largest_size(self.matrix.numbers[self.kind])

    @cached_property
    def strengths(self) -> Floats:
        """How large each cell's number is, 0 to 1, on the scale of the picture of the same view."""
        scale = ColorScale(DARK, self.largest, is_signed=True, is_log=self.kind in LOGARITHMIC)
        return scale.strengths(self.values)

    @cached_property
    def is_absent(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Where there is no parameter. Shape: as of `values`."""
        absent: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = self.matrix.is_absent[
            self.pooling.rows, self.pooling.columns
        ]
        return absent

    def text(self, row: int, column: int) -> str:
        """Sign and size of a cell in two characters; none of it is told by colour alone."""
        value, strength = float(self.values[row, column]), float(self.strengths[row, column])
        if self.is_absent[row, column]:
            return ABSENT * CELL_WIDTH
        if not np.isfinite(value):
            return ("-" if value < 0 else " ") + ODD
        if value == 0:
            return f" {ZERO}"
        return ("-" if value < 0 else "+") + str(round(TOP * strength))

    def fill(self, row: int, column: int, background: str) -> str:
        """The cell's colour."""
        value, strength = float(self.values[row, column]), float(self.strengths[row, column])
        if self.is_absent[row, column]:
            return background
        if not np.isfinite(value):
            return blend(background, NOT_A_NUMBER, 1.0)
        return blend(background, POSITIVE if value > 0 else NEGATIVE, strength)

    def scale_in_words(self) -> str:
        """What size the largest digit stands for, and whether the scale is logarithmic."""
        if self.kind in LOGARITHMIC:
            return f"9 is {self.largest:.3g}, 0 a {10**DECADES:,}th of it"
        return f"9 is {self.largest:.3g}"

    def row_label(self, row: int) -> str:
        """What a row of cells is for; of several rows the first one."""
        return self.matrix.row_labels[row * self.pooling.block[0]]

    def is_dead_row(self, row: int) -> bool:
        """Whether a row of cells has a unit that never fires."""
        high = self.pooling.block[0]
        return any(row * high <= unit < (row + 1) * high for unit in self.dead_rows)

    def is_dead_column(self, column: int) -> bool:
        """The same of a column of cells."""
        wide = self.pooling.block[1]
        return any(column * wide <= unit < (column + 1) * wide for unit in self.dead_columns)


class ParameterHeatmap(ScrollView, can_focus=False):
    """A matrix, with one number marked and in sight. Labels stay where they are."""

    COMPONENT_CLASSES = {"parameters--muted", "parameters--selected"}

    class EntryPicked(Message):
        """A number was clicked."""

        def __init__(self, row: int, column: int) -> None:
            super().__init__()
            self.row = row  # of the matrix
            self.column = column

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  # Textual's own name for it
        super().__init__(id=id)
        self._drawn: DrawnMatrix | None = None
        self._cell = (0, 0)

    @property
    def room(self) -> tuple[int, int]:
        """Rows and columns of cells that fit."""
        size = self.size
        return max(1, size.height - HEADER), max(1, (size.width - LABEL_WIDTH) // CELL_WIDTH)

    @property
    def in_sight(self) -> tuple[range, range]:
        """The rows and columns of cells in the window."""
        if self._drawn is None:
            return range(0), range(0)
        n_rows, n_columns = self._drawn.pooling.shape
        left, top = (int(each) for each in self.scroll_offset)
        rows, columns = self.room
        first = -(-left // CELL_WIDTH)
        return range(top, min(n_rows, top + rows)), range(first, min(n_columns, first + columns))

    def show(self, drawn: DrawnMatrix, row: int, column: int) -> None:
        """Shows a matrix, one number of which is marked."""
        self._drawn, self._cell = drawn, drawn.pooling.cell_of(row, column)
        n_rows, n_columns = drawn.pooling.shape
        self.virtual_size = Size(LABEL_WIDTH + CELL_WIDTH * n_columns, n_rows + HEADER)
        at_row, at_column = self._cell
        own = Region(CELL_WIDTH * at_column, at_row, LABEL_WIDTH + CELL_WIDTH, 1 + HEADER)
        self.scroll_to_region(own, animate=False)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Marks the number under the mouse."""
        at, drawn = event.get_content_offset(self), self._drawn
        if at is None or drawn is None or at.y < HEADER or at.x < LABEL_WIDTH:
            return
        row = at.y - HEADER + int(self.scroll_offset.y)
        column = (at.x - LABEL_WIDTH + int(self.scroll_offset.x)) // CELL_WIDTH
        n_rows, n_columns = drawn.pooling.shape
        if row < n_rows and column < n_columns:
            self.post_message(self.EntryPicked(*drawn.pooling.place_of(row, column)))

    def render_line(self, y: int) -> Strip:
        """The columns' numbers, then a row a line."""
        drawn, base = self._drawn, self.rich_style
        row = y + int(self.scroll_offset.y) - HEADER
        if drawn is None or (y and row >= drawn.pooling.shape[0]):
            return Strip.blank(self.size.width, base)
        muted = base + Style(color=self.get_component_styles("parameters--muted").color.hex6)
        chosen = self.get_component_styles("parameters--selected").color.hex6
        mark = base + Style(color=chosen, bold=True)
        label, *cells = (
            self._row(drawn, row, base, muted, mark) if y else self._header(drawn, muted, mark)
        )
        left, room = int(self.scroll_offset.x), self.size.width - LABEL_WIDTH
        seen = Strip(cells).extend_cell_length(left + room, base).crop(left, left + room)
        return Strip.join([Strip([label]), seen])

    def _header(self, drawn: DrawnMatrix, muted: Style, mark: Style) -> list[Segment]:
        chosen, wide = self._cell[1], drawn.pooling.block[1]
        line = [Segment(" " * LABEL_WIDTH, muted)]
        for column in range(drawn.pooling.shape[1]):
            dead = drawn.is_dead_column(column)
            if column == chosen:
                line.append(Segment(f"{DEAD if dead else ' '}▾", mark))
            elif dead:
                line.append(Segment(f"{DEAD} ", mark))
            elif column % EVERY == 0 and column + 1 != chosen:
                line.append(Segment(f"{column * wide:<{CELL_WIDTH}}"[:CELL_WIDTH], muted))
            else:
                line.append(Segment(" " * CELL_WIDTH, muted))
        return line

    def _row(
        self, drawn: DrawnMatrix, row: int, base: Style, muted: Style, mark: Style
    ) -> list[Segment]:
        background = self.background_colors[1].hex6
        is_here = row == self._cell[0]
        sign = DEAD if drawn.is_dead_row(row) else " "
        label = f"{'▸' if is_here else sign}{set_right(drawn.row_label(row), LABEL_WIDTH - 2)} "
        if is_here and sign == DEAD:
            label = f"▸{DEAD}{set_right(drawn.row_label(row), LABEL_WIDTH - 3)} "
        line = [Segment(label, mark if is_here or sign == DEAD else muted)]
        for column in range(drawn.pooling.shape[1]):
            fill = drawn.fill(row, column, background)
            is_cursor = is_here and column == self._cell[1]
            ink = ink_on(fill)
            if not is_cursor:
                ink = blend(fill, rgb(ink), SOFTNESS)
            style = Style(color=ink, bgcolor=fill, bold=is_cursor, reverse=is_cursor)
            line.append(Segment(drawn.text(row, column), base + style))
        return line
