"""An attention heatmap: one head, large, with numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.cell_text import set_right
from viz.attention_panels import Weights
from viz.maps.spans import cell_number
from viz.maps.text import MOVED
from viz.style import NEGATIVE, POSITIVE, blend, ink_on

CELL_WIDTH, NARROW_CELL = 4, 3
LABEL_WIDTH = 5
"""Widths of a cell and of a row's label. Units: character cells."""
NUMBER_CELL = 8
"""Of a cell whose number is no share."""


def shade(weight: float, background: str) -> str:
    """Colour of a weight: 0 is the background, 1 the full colour."""
    return blend(background, NEGATIVE, min(1.0, max(0.0, weight)))


HeadNumberKind: TypeAlias = Literal["weights", "scores", "gradient", "change"]
"""What the numbers of a head are: shares, plain numbers, or what shares have become more."""


@dataclass(frozen=True)
class HeadMatrix:
    """One head's numbers, a row a query position."""

    tokens: tuple[str, ...]  # labels. Shape: `[position]`.
    values: Weights  # Shape: `[position][source]`.
    kind: HeadNumberKind = "weights"
    unedited: Weights | None = None
    """The numbers without what-ifs; those that differ are marked, for which narrow cells have no
    room."""

    @cached_property
    def largest(self) -> float:
        """The largest size of a number that is finite, 0 without any."""
        sizes = (abs(value) for row in self.values for value in row if math.isfinite(value))
        return max(sizes, default=0.0)

    def text(self, value: float, width: int) -> str:
        """A number as it stands in a cell; in narrow ones 0 is a dot, since 100 has no gap."""
        if self.kind in ("scores", "gradient") or not math.isfinite(value):
            return cell_number(value)
        text = f"{100 * value:+.0f}" if self.kind == "change" else f"{100 * value:.0f}"
        if text in ("+0", "-0") or (text == "0" and width == NARROW_CELL):
            return "·"
        return text

    def fill(self, value: float, background: str) -> str:
        """Colour of a cell: shares from 0 to 1, others by sign and by the largest."""
        if self.kind == "weights":
            return shade(value, background)
        if not math.isfinite(value) or not self.largest:
            return background
        return blend(background, POSITIVE if value > 0 else NEGATIVE, abs(value) / self.largest)


class Heatmap(ScrollView, can_focus=False):
    """A row a query position, a column a source.

    Labels stay in sight, whatever is scrolled to.
    """

    COMPONENT_CLASSES = {"heatmap--muted", "heatmap--selected"}

    class PositionPicked(Message):
        """A row was clicked."""

        def __init__(self, position: int, source: int) -> None:
            super().__init__()
            self.position = position
            self.source = source  # -1 where the row has none under the mouse

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  # Textual's own name for it
        super().__init__(id=id)
        self._matrix = HeadMatrix((), ())
        self._position, self._source = 0, -1
        self._cell_width = CELL_WIDTH

    def show(
        self, matrix: HeadMatrix, position: int, cell_width: int = CELL_WIDTH, source: int = -1
    ) -> None:
        """Shows a head, with one query position marked, and what it reads of itself in sight.

        Args:
            source: one that is marked, and in sight instead.
        """
        self._matrix, self._position, self._source = matrix, position, source
        self._cell_width = cell_width
        n = len(matrix.tokens)
        self.virtual_size = Size(content_width(n, cell_width), n + 1)
        at = position if source < 0 else source
        own = Region(cell_width * at, position, LABEL_WIDTH + cell_width, 2)
        self.scroll_to_region(own, animate=False)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Marks the row under the mouse."""
        at = event.get_content_offset(self)
        if at is None:
            return
        row = at.y + int(self.scroll_offset.y) - 1
        source = (at.x - LABEL_WIDTH + int(self.scroll_offset.x)) // self._cell_width
        if at.y > 0 and row < len(self._matrix.tokens):
            is_cell = at.x >= LABEL_WIDTH and source < len(self._matrix.values[row])
            self.post_message(self.PositionPicked(row, source if is_cell else -1))

    def render_line(self, y: int) -> Strip:
        """The sources' labels, then a query position a line."""
        row = y + int(self.scroll_offset.y) - 1
        base = self.rich_style
        muted = base + Style(color=self.get_component_styles("heatmap--muted").color.hex6)
        if y == 0:
            label = Segment(" " * LABEL_WIDTH, base)
            cells = [Segment(self._set(token), muted) for token in self._matrix.tokens]
        elif row < len(self._matrix.tokens):
            label, *cells = self._row(row, base, muted)
        else:
            return Strip.blank(self.size.width, base)
        left, room = int(self.scroll_offset.x), self.size.width - LABEL_WIDTH
        seen = Strip(cells).extend_cell_length(left + room, base).crop(left, left + room)
        return Strip.join([Strip([label]), seen])

    def _set(self, text: str) -> str:
        """A token over its column."""
        if self._cell_width == NARROW_CELL:
            return set_right(text, NARROW_CELL)
        return f"{set_right(text, self._cell_width - 1)} "

    def _row(self, row: int, base: Style, muted: Style) -> list[Segment]:
        background = self.background_colors[1].hex6
        chosen = row == self._position
        mark = base + Style(
            color=self.get_component_styles("heatmap--selected").color.hex6, bold=True
        )
        matrix, width = self._matrix, self._cell_width
        label = f"{'▸' if chosen else ' '}{set_right(matrix.tokens[row], 3)} "
        line = [Segment(label, mark if chosen else muted)]
        for source, value in enumerate(matrix.values[row]):
            fill = matrix.fill(value, background)
            is_here = chosen and source == self._source
            style = Style(color=ink_on(fill), bgcolor=fill, bold=chosen, reverse=is_here)
            after = MOVED if is_moved(matrix.values, matrix.unedited, row, source) else " "
            text = matrix.text(value, width)
            text = f"{text:>{width}}" if width == NARROW_CELL else f"{text:>{width - 1}}{after}"
            if is_here and text.startswith(" "):
                text = f"▸{text[1:]}"  # where there is no colour, neither
            line.append(Segment(text, base + style))
        return line


def is_moved(weights: Weights, unedited: Weights | None, position: int, source: int) -> bool:
    """Whether a weight is another one than without what-ifs; none is where there are none."""
    if unedited is None:
        return False
    is_old = position < len(unedited) and source < len(unedited[position])
    return not is_old or weights[position][source] != unedited[position][source]


def content_width(n_positions: int, cell_width: int) -> int:
    """Of a heatmap of so many positions. Units: character cells."""
    return LABEL_WIDTH + cell_width * n_positions
