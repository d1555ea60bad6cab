"""The Map in a window: columns that scroll under pinned labels, cells in colours, one selected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from tui.widgets.scroll_window import ScrollWindow
from viz.maps.lenses import Look
from viz.maps.moments import MapMoment
from viz.maps.moved import NOTHING_MOVED, Moved
from viz.maps.spans import Line, Span
from viz.maps.text import TextMap
from viz.style import NEGATIVE, POSITIVE, blend

LEAST = 0.25
"""How far the colour of the smallest number is from the background, at least."""
BOLD, REVERSED, UNDERLINED = (
    Style(bold=True),
    Style(bold=True, reverse=True),
    Style(bold=True, underline=True),
)


class MapView(ScrollWindow):
    """Shows a Map, at a moment of a pass or as it is in the end; a click selects a cell."""

    COMPONENT_CLASSES = {"map--muted", "map--label", "map--selected", "map--visited", "map--head"}

    ALLOW_SELECT = False

    class CellPicked(Message):
        """A cell was clicked."""

        def __init__(self, cell: int, *, again: bool) -> None:
            super().__init__()
            self.cell = cell
            self.again = again

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  # Textual's own name for it
        super().__init__(id=id)
        self._text: TextMap | None = None
        self._header: list[Line] = []
        self._rows: tuple[tuple[int, bool], ...] = ()  # and whether it is the river below a row
        self._footer: list[Line] = []
        self._inks: dict[str, Style] = {}
        self._background = ""
        self.selected = self._visited = -1

    @property
    def text(self) -> TextMap | None:
        """What is shown, set for the window."""
        return self._text

    def show(
        self,
        look: Look,
        selected: int,
        moment: MapMoment | None = None,
        histories: Sequence[Sequence[float]] = (),
        moved: Moved = NOTHING_MOVED,
        *,
        widens: bool = False,
    ) -> None:
        """Shows a Map; of a selected cell's column it is drawn whom it reads.

        Args:
            histories: of each row its gradient over the last steps; none are drawn if not given.
            moved: by a what-if.
            widens: whether the selected column is shown output by output.
        """
        grid = look.map.grid
        visited = moment.visited if moment else -1
        column = int(grid.column_of[selected]) if selected >= 0 else -1
        is_widened_now = widens and (self._text is None or self._text.widened is None)
        goal = selected if is_widened_now else self._goal(selected, visited)
        self.selected, self._visited = selected, visited
        reader = column if column >= 0 else None
        text = TextMap(
            look, self.size.width, self._text.first_column if self._text else 0, reader, moment,
            histories, moved, widened=reader if widens else None,
        )  # fmt: skip
        sought = int(grid.column_of[goal]) if goal >= 0 else -1
        if sought >= 0 and sought not in text.columns:
            shown = text.columns
            first = sought if sought < shown.start else shown.start + sought - shown.stop + 1
            text = replace(text, first_column=first)
        self._text = text
        self._header, self._footer = text.header(), text.legend()
        self._rows = tuple(self._body(text))
        self.virtual_size = Size(self.size.width, len(self._rows) + len(self._header))
        if goal >= 0:
            self._reveal(int(grid.row_of[goal]))
        self.refresh()

    def _goal(self, selected: int, visited: int) -> int:
        """The cell to bring into sight: what was selected or visited just now, -1 for none."""
        if selected >= 0 and selected != self.selected:
            return selected
        return visited if visited != self._visited else -1

    def on_resize(self) -> None:
        """Another width sets the columns anew."""
        if self._text is not None:
            text, selected = self._text, self.selected
            self.selected = self._visited = -1  # which is brought into sight again
            self.show(
                text.look, selected, text.moment, text.histories, text.moved,
                widens=text.widened is not None,
            )  # fmt: skip

    def _body(self, text: TextMap) -> Iterator[tuple[int, bool]]:
        """The rows; with room to spare, the river between those that it goes around."""
        n = len(text.look.map.rows)
        needed = n + len(self._header) + len(self._footer) + len(text.river_rows)
        for row in range(n):
            yield row, False
            if row in text.river_rows and needed <= self.size.height:
                yield row, True

    def _reveal(self, row: int) -> None:
        at, room = self._rows.index((row, False)), self.size.height - len(self._header)
        top = int(self.scroll_offset.y)
        if at < top:
            self.scroll_to(y=at, animate=False, force=True)
        elif at >= top + room:
            self.scroll_to(y=at - room + 1, animate=False, force=True)

    # -- mouse ---------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """Selects the cell under the mouse; again, opens it."""
        offset = event.get_content_offset(self)
        if offset is None or self._text is None:
            return
        line, at = self._line(offset.y), 0
        for span in line:
            if at <= offset.x < at + len(span.text) and span.cell >= 0:
                self.post_message(self.CellPicked(span.cell, again=span.cell == self.selected))
                return
            at += len(span.text)

    # -- drawing -------------------------------------------------------------------------------

    def _line(self, y: int) -> Line:
        if self._text is None:
            return ()
        if y < len(self._header):
            return self._header[y]
        at = y - len(self._header) + int(self.scroll_offset.y)
        if at < len(self._rows):
            row, is_river = self._rows[at]
            return self._text.river(row) if is_river else self._text.row(row)
        footer = at - len(self._rows)
        return self._footer[footer] if footer < len(self._footer) else ()

    def render_line(self, y: int) -> Strip:
        """One line of the window."""
        base, width = self.line_style, self.size.width
        segments = [part for span in self._line(y) for part in self._drawn(span, base)]
        return Strip(segments).adjust_cell_length(width, base)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of a part of the window; what colours the theme has is found once for all."""
        self._inks = {
            name: Style(color=self.get_component_styles(f"map--{name}").color.hex6)
            for name in ("muted", "label", "selected", "visited", "head")
        }
        self._background = self.background_colors[1].hex6
        return super().render_lines(crop)

    def _drawn(self, span: Span, base: Style) -> list[Segment]:
        """A span in its colours, and the gap behind it."""
        text, gap = span.text.rstrip(), len(span.text) - len(span.text.rstrip())
        style = base
        if span.kind in {"muted", "waiting"}:
            style = base + self._inks["muted"]
        elif span.kind == "label":
            style = base + self._inks["label"]
        elif span.kind == "head":
            style = base + self._inks["head"] + BOLD
        elif span.kind in {"cell", "river"} and span.strength > 0:
            return self._bar(span, base)
        elif span.kind == "visited":
            style = base + self._inks["visited"] + REVERSED
        if span.cell >= 0 and span.cell == self.selected:
            style += self._inks["selected"] + UNDERLINED
        return [Segment(text, style), Segment(" " * gap, base)]

    def _bar(self, span: Span, base: Style) -> list[Segment]:
        """A bar in the colour of its size, and its number."""
        text = span.text.rstrip()
        end = next((at for at, char in enumerate(text) if char in "0123456789.-"), len(text))
        heat = NEGATIVE if span.sign < 0 else POSITIVE
        fill = blend(self._background, heat, LEAST + (1 - LEAST) * span.strength)
        chosen = span.cell >= 0 and span.cell == self.selected
        number = base + self._inks["selected"] + UNDERLINED if chosen else base
        return [
            Segment(text[:end], base + Style(color=fill)),
            Segment(text[end:], number),
            Segment(" " * (len(span.text) - len(text)), base),
        ]
