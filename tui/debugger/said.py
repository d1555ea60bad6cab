"""Words that stand for a moment where the place is told: a notice would cover what it is of."""

from __future__ import annotations

from collections.abc import Callable

from textual.widget import Widget

FOR = 2.0
"""Units: seconds."""


class Said:
    """What was just said.

    Args:
        pane: that says it.
        show: shows `words`.
    """

    def __init__(self, pane: Widget, show: Callable[[], None]) -> None:
        self.words = ""
        self._pane, self._show = pane, show

    def say(self, words: str) -> None:
        """Says something else."""
        self.words = words
        self._show()
        self._pane.set_timer(FOR, self._say_no_more)

    def _say_no_more(self) -> None:
        self.words = ""
        self._show()
