"""The list of breakpoints and watchpoints, with their hits."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from microgpt.debugger.session_state import State
from microgpt.debugger.stops import StopPoint
from tui.themes import theme_color
from tui.widgets.static_text import show_text

_SIGNS = {"breakpoint": "●", "watchpoint": "◉"}


class StopsPanel(Static):
    """One line each; those that stop at the moment shown stand out."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.border_title = "stops: hits"
        self.display = False

    def show(self, points: tuple[StopPoint, ...], state: State) -> None:
        """Shows all stops of a session."""
        self.display = bool(points)
        if not points:
            return
        here = {point.number for point in state.stop.points}
        accent, muted = (theme_color(self.app, name) for name in ("accent", "muted"))
        text = Text(no_wrap=True, overflow="ellipsis")
        for point in points:
            style = f"bold {accent}" if point.number in here else "" if point.enabled else muted
            sign = _SIGNS[point.kind] if point.enabled else "○"
            text.append(f"{sign} {point.number} {point.text}: {point.hits}\n", style)
        text.rstrip()
        show_text(self, text)
