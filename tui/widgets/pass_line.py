"""The line of a script's recorded passes: their losses drawn small, and the pass shown."""

from __future__ import annotations

import numpy as np
from rich.text import Text
from textual import events
from textual.message import Message
from textual.widgets import Static

from microgpt.graph.arrays import Floats
from tui.themes import theme_color
from tui.widgets.scrubber import BARS, column_of, heights, step_in


class PassLine(Static):
    """All passes, side by side; a click goes to one, and dragging through them."""

    ALLOW_SELECT = False  # nothing to select; Textual would draw the whole screen at each click

    class Picked(Message):
        """A pass was chosen, by its place among those recorded, from 0."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    def __init__(self, losses: list[tuple[int, float]]) -> None:
        """Takes number and loss of each pass; there is at least one."""
        super().__init__(markup=False)
        self._numbers = [number for number, _ in losses]
        self._losses: Floats = np.array([loss for _, loss in losses])
        self._place = 0

    def show(self, place: int) -> None:
        """Marks a pass."""
        self._place = place
        self._draw()

    def on_resize(self) -> None:
        """As many columns as fit."""
        self._draw()

    def on_click(self, event: events.Click) -> None:
        """Goes to the pass under the mouse."""
        self._pick(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Dragging scrubs."""
        if event.button == 1:
            self._pick(event.x)

    def _pick(self, x: int) -> None:
        left, columns = self._room()
        column = min(max(x - left, 0), columns - 1)
        self.post_message(self.Picked(step_in(column, 0, len(self._numbers) - 1, columns)))

    def _ends(self) -> tuple[str, str]:
        shown = self._numbers[self._place]
        return f" {self._numbers[0]} ", f" {self._numbers[-1]} ◆ pass {shown} · , . back and forth "

    def _room(self) -> tuple[int, int]:
        left, right = self._ends()
        return len(left), max(1, self.size.width - len(left) - len(right))

    def _draw(self) -> None:
        left, right = self._ends()
        _, columns = self._room()
        marked = column_of(self._place, 0, len(self._numbers) - 1, columns)
        bars = "".join(BARS[height] for height in heights(self._losses, columns))
        muted, primary, accent = (
            theme_color(self.app, name) for name in ("muted", "primary", "accent")
        )
        line = Text(left, muted, no_wrap=True, overflow="ellipsis")
        line.append(bars[:marked], primary).append("◆", f"bold {accent}")
        line.append(bars[marked + 1 :], primary).append(right, muted)
        self.update(line, layout=False)
