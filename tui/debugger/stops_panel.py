"""The list of breakpoints and watchpoints, with their hits, and what moved before this pass."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from microgpt.debugger import DebugSession
from microgpt.debugger.verbs.updates import UpdatesTold
from microgpt.debugger.wording import number
from microgpt.graph.debuggee import Updates
from tui.themes import theme_color
from tui.widgets.static_text import show_text

_SIGNS = {"breakpoint": "●", "watchpoint": "◉"}
MOST_UPDATES = 3
"""Leaves that moved; the verb `updates` tells more."""


class StopsPanel(Static):
    """One line each; those that stop at the moment shown stand out.

    Below them, at a script's second stop and later, what it did to its leaves since the one before.
    """

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.set_class(True, "-empty")

    def show(self, session: DebugSession) -> None:
        """Shows all stops of a session, and the updates before its graph."""
        points = session.stops.listed()
        updates = session.halt.updates if session.halt is not None else None
        self.set_class(not (points or updates), "-empty")
        if self.has_class("-empty"):
            return
        self.border_title = "stops: hits" if points else "updates"
        here = {point.number for point in session.state.stop.points}
        accent, muted = (theme_color(self.app, name) for name in ("accent", "muted"))
        text = Text(no_wrap=True, overflow="ellipsis")
        for point in points:
            style = f"bold {accent}" if point.number in here else "" if point.enabled else muted
            sign = _SIGNS[point.kind] if point.enabled else "○"
            text.append(f"{sign} {point.number} {point.text}: {point.hits}\n", style)
        if updates is not None:
            first, *rest = _in_short(updates)
            text.append(f"{first}\n", "bold")
            text.append("".join(f"{line}\n" for line in rest))
            text.append(": updates tells more", muted)
        text.rstrip()
        show_text(self, text)


def _in_short(updates: Updates) -> list[str]:
    """In lines short enough for a narrow pane: how many moved, and which the farthest."""
    told = UpdatesTold(updates)
    lines = [f"{len(told.moved)} of {len(updates.leaves)} moved"]
    for leaf in told.moved[:MOST_UPDATES]:
        name = leaf.name or ("a leaf" if leaf.node is None else f"#{leaf.node}")
        lines.append(f"{name} {number(leaf.before)} → {number(leaf.after)}")
    if told.with_gradient:
        lines.append(f"{len(told.zeroed)} of {len(told.with_gradient)} zeroed")
    if updates.rebound:
        lines.append(f"{len(updates.rebound)} made anew")
    if updates.n_shared:
        lines.append(f"{updates.n_shared} nodes kept")
    return lines
