"""Attention heatmaps: one head large with numbers, all heads small."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from tui.cell_text import set_right
from viz.attention_panels import AttentionPattern, Weights
from viz.maps.text import MOVED
from viz.style import NEGATIVE, blend, ink_on

CELL_WIDTH, NARROW_CELL = 4, 3
LABEL_WIDTH = 5
"""Widths of a cell and of a row's label. Units: character cells."""
MUCH = 0.25
"""Where there is no colour, a small heatmap shows only the weights that are at least so large."""
HALVES = {(False, False): "·", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def shade(weight: float, background: str) -> str:
    """Colour of a weight: 0 is the background, 1 the full colour."""
    return blend(background, NEGATIVE, min(1.0, max(0.0, weight)))


class Heatmap(ScrollView, can_focus=False):
    """One head's pattern: a row a query position, a column a source, weights in percent.

    Labels stay in sight, whatever is scrolled to.
    """

    COMPONENT_CLASSES = {"heatmap--muted", "heatmap--selected"}

    class PositionPicked(Message):
        """A row was clicked."""

        def __init__(self, position: int) -> None:
            super().__init__()
            self.position = position

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  # Textual's own name for it
        super().__init__(id=id)
        self._tokens: tuple[str, ...] = ()
        self._weights: Weights = ()
        self._unedited: Weights | None = None
        self._position = 0
        self._cell_width = CELL_WIDTH

    def show(
        self,
        tokens: tuple[str, ...],
        weights: Weights,
        position: int,
        cell_width: int = CELL_WIDTH,
        unedited: Weights | None = None,
    ) -> None:
        """Shows a head, with one query position marked, and what it reads of itself in sight.

        Args:
            unedited: the weights without what-ifs; those that differ are marked, for which narrow
                cells have no room.
        """
        self._tokens, self._weights, self._position = tokens, weights, position
        self._unedited = unedited
        self._cell_width = cell_width
        self.virtual_size = Size(content_width(len(tokens), cell_width), len(tokens) + 1)
        own = Region(cell_width * position, position, LABEL_WIDTH + cell_width, 2)
        self.scroll_to_region(own, animate=False)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Marks the row under the mouse."""
        at = event.get_content_offset(self)
        if at is None:
            return
        row = at.y + int(self.scroll_offset.y) - 1
        if at.y > 0 and row < len(self._tokens):
            self.post_message(self.PositionPicked(row))

    def render_line(self, y: int) -> Strip:
        """The sources' labels, then a query position a line."""
        row = y + int(self.scroll_offset.y) - 1
        base = self.rich_style
        muted = base + Style(color=self.get_component_styles("heatmap--muted").color.hex6)
        if y == 0:
            label = Segment(" " * LABEL_WIDTH, base)
            cells = [Segment(self._set(token), muted) for token in self._tokens]
        elif row < len(self._tokens):
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
        return f" {set_right(text, self._cell_width - 1)}"

    def _row(self, row: int, base: Style, muted: Style) -> list[Segment]:
        background = self.background_colors[1].hex6
        chosen = row == self._position
        mark = base + Style(
            color=self.get_component_styles("heatmap--selected").color.hex6, bold=True
        )
        label = f"{'▸' if chosen else ' '}{set_right(self._tokens[row], 3)} "
        line = [Segment(label, mark if chosen else muted)]
        for source, weight in enumerate(self._weights[row]):
            fill = shade(weight, background)
            style = Style(color=ink_on(fill), bgcolor=fill, bold=chosen)
            after = MOVED if is_moved(self._weights, self._unedited, row, source) else " "
            line.append(Segment(self._percent(weight, after), base + style))
        return line

    def _percent(self, weight: float, after: str) -> str:
        """A weight in its cell; in narrow ones 0 is a dot, since a 100 has no gap before it."""
        text = f"{100 * weight:.0f}"
        if self._cell_width == NARROW_CELL:
            return f"{'·' if text == '0' else text:>{NARROW_CELL}}"
        return f"{text:>{self._cell_width - 1}}{after}"


def is_moved(weights: Weights, unedited: Weights | None, position: int, source: int) -> bool:
    """Whether a weight is another one than without what-ifs; none is where there are none."""
    if unedited is None:
        return False
    is_old = position < len(unedited) and source < len(unedited[position])
    return not is_old or weights[position][source] != unedited[position][source]


def content_width(n_positions: int, cell_width: int) -> int:
    """Of a heatmap of so many positions. Units: character cells."""
    return LABEL_WIDTH + cell_width * n_positions


class HeadStrip(Widget):
    """All heads of all layers, small: two positions a line, one source a column."""

    class HeadPicked(Message):
        """A head was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    COMPONENT_CLASSES = {"heads--muted", "heads--selected"}
    GAP = 2

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  # Textual's own name for it
        super().__init__(id=id)
        self._pattern: AttentionPattern | None = None
        self._chosen = (0, 0)

    def show(self, pattern: AttentionPattern, chosen: tuple[int, int]) -> None:
        """Shows all heads, `(layer, head)` marked."""
        grown = self._pattern is None or self._n != len(pattern.tokens)
        self._pattern, self._chosen = pattern, chosen
        self.refresh(layout=grown)

    @property
    def _n(self) -> int:
        return len(self._pattern.tokens) if self._pattern else 0

    @property
    def _head_width(self) -> int:
        return max(self._n, len("L0 H0")) + self.GAP

    def _heads(self) -> list[tuple[int, int]]:
        layers: Sequence[Sequence[Weights]] = self._pattern.weights if self._pattern else ()
        return [(i, j) for i, layer in enumerate(layers) for j in range(len(layer))]

    def _per_row(self) -> int:
        return max(1, self.size.width // self._head_width)

    @property
    def _head_height(self) -> int:
        return (self._n + 1) // 2 + 1

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """As high as its rows of heads."""
        per_row = max(1, width // self._head_width)
        return -(-len(self._heads()) // per_row) * self._head_height

    def on_click(self, event: events.Click) -> None:
        """Chooses the head under the mouse."""
        at = event.get_content_offset(self)
        if at is None or (column := at.x // self._head_width) >= self._per_row():
            return
        index = (at.y // self._head_height) * self._per_row() + column
        if index < len(self._heads()):
            self.post_message(self.HeadPicked(index))

    def render_line(self, y: int) -> Strip:
        """A line through one row of heads."""
        base = self.rich_style
        if self._pattern is None:
            return Strip.blank(self.size.width, base)
        first = (y // self._head_height) * self._per_row()
        heads = self._heads()[first : first + self._per_row()]
        segments: list[Segment] = []
        for head in heads:
            segments += self._slice(head, y % self._head_height, base)
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _slice(self, head: tuple[int, int], line: int, base: Style) -> list[Segment]:
        assert self._pattern is not None
        width = self._head_width
        if line == 0:
            chosen = head == self._chosen
            component = "heads--selected" if chosen else "heads--muted"
            color = self.get_component_styles(component).color.hex6
            label = f"{'▸' if chosen else ''}L{head[0]} H{head[1]}"
            return [Segment(f"{label:<{width}}", base + Style(color=color, bold=chosen))]
        background = self.background_colors[1].hex6
        weights = self._pattern.weights[head[0]][head[1]]
        upper, lower = 2 * (line - 1), 2 * (line - 1) + 1
        segments = []
        for source in range(self._n):
            colors = [
                shade(weights[q][source], background)
                if q < self._n and source < len(weights[q])
                else background
                for q in (upper, lower)
            ]
            style = Style(color=colors[0], bgcolor=colors[1])
            if self.app.no_color:
                above, below = (
                    q < self._n and source < len(weights[q]) and weights[q][source] >= MUCH
                    for q in (upper, lower)
                )
                segments.append(Segment(HALVES[above, below], base))
            else:
                segments.append(Segment("▀", base + style))
        return [*segments, Segment(" " * (width - self._n), base)]
