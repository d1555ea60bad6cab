"""A Map at a glance: one character a cell, so that it can stand beside what is looked into."""

from __future__ import annotations

from collections.abc import Collection

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from tui.cell_text import set_left
from tui.widgets.scroll_window import ScrollWindow
from viz.maps.lenses import Look
from viz.maps.moments import MapMoment, Progress
from viz.maps.scale import Scale
from viz.maps.spans import SIGNS, bar, row_labels, short_labels
from viz.style import POSITIVE, blend

LABEL = 11
"""Of the names of rows. Units: characters."""
LEAST = 0.25
"""How far the colour of the smallest number is from the background, at least."""


class SmallMap(ScrollWindow):
    """Shows where in a Map one is: the cells that are looked into, and the one that is visited."""

    COMPONENT_CLASSES = {"small-map--muted", "small-map--label", "small-map--inside",
                         "small-map--visited"}  # fmt: skip

    ALLOW_SELECT = False

    class CellPicked(Message):
        """A cell was clicked."""

        def __init__(self, cell: int) -> None:
            super().__init__()
            self.cell = cell

    def __init__(self) -> None:
        super().__init__(id="small-map")
        self._look: Look | None = None
        self._scale: Scale | None = None
        self._names: list[str] = []  # of the rows
        self._moment: MapMoment | None = None
        self._inside: frozenset[int] = frozenset()
        self._first = 0  # column in sight

    def show(self, look: Look, inside: Collection[int], moment: MapMoment | None) -> None:
        """Shows a Map.

        Args:
            inside: the cells that are looked into.
            moment: of a pass; None shows what is there in the end.
        """
        if look is not self._look:
            self._look, self._scale = look, Scale(look)
            self._names = short_labels(row_labels(look.map), LABEL - 1)
        self._moment, self._inside = moment, frozenset(inside)
        self.virtual_size = Size(self.size.width, len(look.map.rows) + 1)
        self._reveal()
        self.refresh()

    @property
    def _column_width(self) -> int:
        assert self._look is not None
        n = max(1, len(self._look.map.grid.labels))
        return max(1, min(3, (self.size.width - LABEL) // n))

    @property
    def columns(self) -> range:
        """Those in sight."""
        if self._look is None:
            return range(0)
        n = len(self._look.map.grid.labels)
        fit = max(1, (self.size.width - LABEL) // self._column_width)
        first = max(0, min(self._first, n - fit))
        return range(first, min(n, first + fit))

    def _reveal(self) -> None:
        """Scrolls to what is visited, else to what is looked into."""
        assert self._look is not None
        grid = self._look.map.grid
        visited = self._moment.visited if self._moment else -1
        at = visited if visited >= 0 else min(self._inside, default=-1)
        if at < 0:
            return
        column, row = int(grid.column_of[at]), int(grid.row_of[at])
        shown = self.columns
        if column >= 0 and column not in shown:
            self._first = column - len(shown) // 2
        top, room = int(self.scroll_offset.y), self.size.height - 1
        if not top <= row < top + room:
            self.scroll_to(y=max(0, row - room // 2), animate=False, force=True)

    def on_resize(self) -> None:
        """What is at hand stays in sight."""
        if self._look is not None:
            self.show(self._look, self._inside, self._moment)

    def on_click(self, event: events.Click) -> None:
        """Looks into the cell under the mouse."""
        offset = event.get_content_offset(self)
        if offset is None or self._look is None or offset.y == 0 or offset.x < LABEL:
            return
        row = offset.y - 1 + int(self.scroll_offset.y)
        place = (offset.x - LABEL) // self._column_width
        grid, columns = self._look.map.grid, self.columns
        if row < len(grid.rows) and place < len(columns):
            cell = int(grid.at[row, columns[place]])
            if cell >= 0:
                self.post_message(self.CellPicked(cell))

    # -- drawing -------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One line of the window: the tokens first, and always."""
        base, width = self.line_style, self.size.width
        if self._look is None:
            return Strip.blank(width, base)
        if y == 0:
            return self._header(base).adjust_cell_length(width, base)
        row = y - 1 + int(self.scroll_offset.y)
        if row >= len(self._look.map.rows):
            return Strip.blank(width, base)
        label = base + Style(color=self._color("label"))
        segments = [Segment(set_left(self._names[row], LABEL), label)]
        for column in self.columns:
            cell = int(self._look.map.grid.at[row, column])
            sign, style = self._cell(cell, base)
            segments.append(Segment(sign, style))
            segments.append(Segment(" " * (self._column_width - 1), base))
        return Strip(segments).adjust_cell_length(width, base)

    def _header(self, base: Style) -> Strip:
        assert self._look is not None
        captions, labels = self._look.map.captions, self._look.map.grid.labels
        width = self._column_width
        names = [captions[c].token or labels[c] or str(c) for c in self.columns]
        bold = base + Style(bold=True)
        return Strip([
            Segment(" " * LABEL, base),
            *(Segment(set_left(name[:max(1, width - 1)], width), bold) for name in names),
        ])  # fmt: skip

    def _cell(self, cell: int, base: Style) -> tuple[str, Style]:
        if cell < 0:
            return " ", base
        assert self._scale is not None
        moment = self._moment
        size = self._scale.size(cell)
        sign, ink = bar(size), Style(color=self._heat(size))
        if moment is not None and moment.waits(self._scale.look, cell):
            sign = SIGNS[Progress(int(moment.progress[cell]))]
            ink = Style(color=self._color("muted"))
        if moment is not None and moment.visited == cell:
            return sign, base + Style(color=self._color("visited"), bold=True, reverse=True)
        if cell in self._inside:
            return sign, base + Style(color=self._color("inside"), bold=True, reverse=True)
        return sign, base + ink

    def _heat(self, size: float) -> str:
        return blend(self.background_colors[1].hex6, POSITIVE, LEAST + (1 - LEAST) * size)

    def _color(self, component: str) -> str:
        return self.get_component_styles(f"small-map--{component}").color.hex6
