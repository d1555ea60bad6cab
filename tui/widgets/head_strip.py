"""All heads of all layers, small: what each reads, at a glance."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.heatmap import shade
from viz.attention_panels import AttentionPattern, Weights

MUCH = 0.25
"""Where there is no colour, a small heatmap shows only the weights that are at least so large."""
HALVES = {(False, False): "·", (True, False): "▀", (False, True): "▄", (True, True): "█"}


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
