"""What verbs say, one below the other; a long answer is read from its beginning."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.widgets import RichLog

from tui.themes import theme_color

MAX_LINES = 2_000
LEAST, BORDER = 7, 2
"""Heights. Units: lines, as all lengths here."""
HIDES = "esc hides"


class AnswerLog(RichLog):
    """As high as its last answer, up to half of what it stands in; says what is left below."""

    def __init__(self) -> None:
        super().__init__(id="console", max_lines=MAX_LINES, wrap=True, min_width=1)
        self.border_title, self.border_subtitle = "console", HIDES

    def tell(
        self, line: str, told: Sequence[str], *, is_error: bool, width: int, room: int
    ) -> None:
        """Adds a line that was typed and what is said to it.

        Args:
            is_error: whether it could not be carried out.
            width: of the pane that this stands in. Units: character cells.
            room: its height.
        """
        begin = len(self.lines)
        style = theme_color(self.app, "error") if is_error else ""
        # While hidden it has no width, and would wrap after each letter; before there is any, it
        # waits for one by itself.
        width -= self.gutter.width + self.styles.scrollbar_size_vertical
        for text in (Text(f": {line}", "bold"), *(Text(one, style) for one in told)):
            self.write(text, width if width > 0 else None, expand=True, scroll_end=False)
        self.call_after_refresh(self._fit, begin, max(LEAST, room // 2))

    def _fit(self, begin: int, most: int) -> None:
        """Once the lines are there: before there is a width, they wait for one."""
        needed = len(self.lines) - begin + BORDER
        self.styles.height = min(max(LEAST, needed), most)
        more = needed - most
        self.border_subtitle = (
            f"{more} more lines: wheel, or tab ↓ · {HIDES}" if more > 0 else HIDES
        )
        self.call_after_refresh(self.scroll_to, y=begin, animate=False)
