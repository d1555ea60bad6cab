"""A matrix as a heatmap: each number's sign and size as two characters on a colour."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from microgpt.graph.arrays import Ints
from tui.cell_text import set_left, set_right
from tui.training.shown_parameters import ShownMatrix
from tui.widgets.drawn_matrix import TEXTS, DrawnMatrix
from tui.widgets.scroll_window import ScrollWindow
from viz.style import blend, ink_on, rgb

CELL_WIDTH = 2
LEAST_LABEL, MOST_LABEL = 6, 12
"""Widths of a number and of a row's label with its marks. Units: character cells."""
HEADER = 1
"""Lines above the rows."""
DEAD = "✗"
SOFTNESS = 0.55
"""How far characters are from the colour that they stand on: it is looked at before they are."""
EVERY = 4
"""At most so many columns apart stand their numbers; longer ones further apart."""


def label_width(matrix: ShownMatrix) -> int:
    """Of the rows' labels with two marks before them and a space after. Units: character cells."""
    return min(MOST_LABEL, max(LEAST_LABEL, matrix.widest_label + 3))


class ParameterHeatmap(ScrollWindow, can_focus=False):
    """A matrix, with one number marked and in sight. Labels stay where they are."""

    COMPONENT_CLASSES = {"parameters--muted", "parameters--selected"}

    class EntryPicked(Message):
        """A number was clicked."""

        def __init__(self, row: int, column: int) -> None:
            super().__init__()
            self.row = row  # of the matrix
            self.column = column

    class Scrolled(Message):
        """Another part of the matrix is in sight."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  # Textual's own name for it
        super().__init__(id=id)
        self._drawn: DrawnMatrix | None = None
        self._cell = (0, 0)
        self._background = ""
        self._fills: Ints | None = None  # of what is drawn, on the background
        self._styles: dict[int, Style] = {}  # of cells, by their colour
        self._muted = self._mark = Style()

    def room_for(self, matrix: ShownMatrix) -> tuple[int, int]:
        """Rows and columns of cells that fit, of one matrix."""
        size = self.size
        width = size.width - label_width(matrix)
        return max(1, size.height - HEADER), max(1, width // CELL_WIDTH)

    @property
    def _label_width(self) -> int:
        return label_width(self._drawn.matrix) if self._drawn else LEAST_LABEL

    @property
    def _room_of_cells(self) -> int:
        """Units: character cells."""
        return max(0, self.size.width - self._label_width)

    @property
    def in_sight(self) -> tuple[range, range]:
        """The rows and columns of cells in the window, without those that it cuts."""
        if self._drawn is None:
            return range(0), range(0)
        n_rows, n_columns = self._drawn.pooling.shape
        left, top = (int(each) for each in self.scroll_offset)
        rows, first = self.size.height - HEADER, -(-left // CELL_WIDTH)
        end = min(n_columns, (left + self._room_of_cells) // CELL_WIDTH)
        return range(top, min(n_rows, top + max(1, rows))), range(first, max(first + 1, end))

    def show(self, drawn: DrawnMatrix, row: int, column: int) -> None:
        """Shows a matrix, one number of which is marked."""
        is_same, before = drawn is self._drawn, self._cell
        self._drawn, self._cell = drawn, drawn.pooling.cell_of(row, column)
        if not is_same:
            self._fills = None
            self.refresh()
        elif self._cell != before:
            top = int(self.scroll_offset.y)
            for line in (0, *(HEADER + each - top for each in (before[0], self._cell[0]))):
                if 0 <= line < self.size.height:
                    self.refresh(Region(0, line, self.size.width, 1))
        self._reveal()

    def _reveal(self) -> None:
        """Scrolls the number that is marked into sight, by whole columns."""
        if self._drawn is None:
            return
        n_rows, n_columns = self._drawn.pooling.shape
        room = self._room_of_cells
        rest = room % CELL_WIDTH if CELL_WIDTH * n_columns > room else 0  # so the end is whole too
        width = self._label_width + CELL_WIDTH * n_columns + rest
        self.virtual_size = Size(width, n_rows + HEADER)
        (rows, columns), (row, column) = self.in_sight, self._cell
        top, first = (_first(span, at) for span, at in ((rows, row), (columns, column)))
        self.scroll_to(CELL_WIDTH * first, top, animate=False, force=True)

    def on_resize(self) -> None:
        """The number that is marked stays in sight."""
        if self._drawn is not None:
            self._reveal()
            self.post_message(self.Scrolled())

    def watch_scroll_x(self, old: float, new: float) -> None:
        """Says that it has been scrolled."""
        super().watch_scroll_x(old, new)
        self.post_message(self.Scrolled())

    def watch_scroll_y(self, old: float, new: float) -> None:
        """Says that it has been scrolled."""
        super().watch_scroll_y(old, new)
        self.post_message(self.Scrolled())

    def on_click(self, event: events.Click) -> None:
        """Marks the number under the mouse."""
        at, drawn = event.get_content_offset(self), self._drawn
        if at is None or drawn is None or at.y < HEADER or at.x < self._label_width:
            return
        row = at.y - HEADER + int(self.scroll_offset.y)
        column = (at.x - self._label_width + int(self.scroll_offset.x)) // CELL_WIDTH
        n_rows, n_columns = drawn.pooling.shape
        if row < n_rows and column < n_columns:
            self.post_message(self.EntryPicked(*drawn.pooling.place_of(row, column)))

    # -- lines -------------------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of a part of the window, in the theme's colours."""
        base, background = self.rich_style, self.background_colors[1].hex6
        muted, mark = (
            self.get_component_styles(f"parameters--{name}").color.hex6
            for name in ("muted", "selected")
        )
        self._muted = base + Style(color=muted)
        self._mark = base + Style(color=mark, bold=True)
        if background != self._background:
            self._background, self._fills, self._styles = background, None, {}
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """The columns' numbers, then a row a line; of columns those in the window alone."""
        drawn, base = self._drawn, self.line_style
        row = y + int(self.scroll_offset.y) - HEADER
        room = self._room_of_cells
        if drawn is None or not room or (y and row >= drawn.pooling.shape[0]):
            return Strip.blank(self.size.width, base)
        columns = self.in_sight[1]
        label = self._row_label(drawn, row) if y else Segment(" " * self._label_width, self._muted)
        cells = self._row(drawn, row, columns) if y else self._header(drawn, columns)
        cut = Segment(" " * (CELL_WIDTH * columns.start - int(self.scroll_offset.x)), base)
        return Strip([label, cut, *cells]).adjust_cell_length(self.size.width, base)

    def _header(self, drawn: DrawnMatrix, columns: range) -> list[Segment]:
        """The cursor, dead columns, and as many columns' numbers as stand whole beside those."""
        chosen, dead = self._cell[1], drawn.dead_column_cells
        line: list[Segment] = []
        column, end = columns.start, int(self.scroll_offset.x) + self._room_of_cells
        while column < columns.stop:
            label = drawn.column_label(column)
            wide = -(-(len(label) + 1) // CELL_WIDTH) if len(label) > 1 else 1
            covered = range(column, column + wide)
            if column == chosen or column in dead:
                sign = DEAD if column in dead else " "
                line.append(Segment(f"{sign}{'▾' if column == chosen else ' '}", self._mark))
                column += 1
            elif (
                column % max(EVERY, wide) == 0
                and CELL_WIDTH * column + len(label) <= end
                and not any(each == chosen or each in dead for each in covered)
            ):
                line.append(Segment(set_left(label, CELL_WIDTH * wide), self._muted))
                column += wide
            else:
                line.append(Segment(" " * CELL_WIDTH, self._muted))
                column += 1
        return line

    def _row_label(self, drawn: DrawnMatrix, row: int) -> Segment:
        is_here, is_dead = row == self._cell[0], row in drawn.dead_row_cells
        marks = f"{'▸' * is_here}{DEAD * is_dead}" or " "
        label = set_right(drawn.row_label(row), self._label_width - 1 - len(marks))
        return Segment(f"{marks}{label} ", self._mark if is_here or is_dead else self._muted)

    def _row(self, drawn: DrawnMatrix, row: int, columns: range) -> list[Segment]:
        if self._fills is None:
            self._fills = drawn.fills(self._background)
        seen = slice(columns.start, columns.stop)
        texts = [TEXTS[code] for code in drawn.codes[row, seen].tolist()]
        fills = self._fills[row, seen].tolist()
        line = [Segment(*cell) for cell in zip(texts, map(self._style, fills), strict=True)]
        if row == self._cell[0] and self._cell[1] in columns:
            place = self._cell[1] - columns.start
            line[place] = Segment(texts[place], self._cursor_style(fills[place]))
        return line

    def _style(self, fill: int) -> Style:
        """Of a cell's characters, on its colour."""
        style = self._styles.get(fill)
        if style is None:
            color = f"#{fill:06x}"
            ink = blend(color, rgb(ink_on(color)), SOFTNESS)
            style = self._styles[fill] = self.line_style + Style(color=ink, bgcolor=color)
        return style

    def _cursor_style(self, fill: int) -> Style:
        color = f"#{fill:06x}"
        own = Style(color=ink_on(color), bgcolor=color, bold=True, reverse=True)
        return self.line_style + own


def _first(in_sight: range, wanted: int) -> int:
    """Where what is in sight is to begin, so that another place is in it."""
    if wanted in in_sight:
        return in_sight.start
    return wanted if wanted < in_sight.start else wanted - len(in_sight) + 1
