"""A window on something larger, whose size inside is nobody else's affair.

Textual lays out the whole screen when a scroll view's content changes its size, which costs a key
as much again as the drawing itself.
"""

from __future__ import annotations

from rich.style import Style
from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip


class ScrollWindow(ScrollView, can_focus=True, inherit_bindings=False):
    """A scroll view that brings its own bars up to date when its `virtual_size` changes.

    The screen is laid out again only if a bar comes or goes.
    """

    virtual_size: Reactive[Size] = Reactive(Size(0, 0), repaint=False)

    line_style = Style()
    """What lines are drawn on: `rich_style`, found once a picture, it costs as much as a line."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of a part of the window."""
        self.line_style = self.rich_style
        return super().render_lines(crop)

    def watch_virtual_size(self, size: Size) -> None:
        """Shows how much there is."""
        self._scroll_update(size)
