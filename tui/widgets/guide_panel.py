"""The panel beside every mode that says what a lesson, or the tour, asks for."""

from __future__ import annotations

from rich.text import Text
from textual.widget import Widget

from tui.lessons.guide import GuidePage
from tui.themes import theme_color


class GuidePanel(Widget):
    """Shows a page; takes no keys."""

    def __init__(self, page: GuidePage | None, keys: str) -> None:
        """Shows a page from the start, if there is one.

        Args:
            keys: what people can press, in words.
        """
        super().__init__()
        self.page: GuidePage | None = None
        self.border_subtitle = keys
        self.show(page)

    def show(self, page: GuidePage | None) -> None:
        """Shows another page; None hides the panel."""
        if page == self.page and self.display == (page is not None):
            return
        self.page = page
        self.display = page is not None
        if page is None:
            return
        self.border_title = Text(f"{page.title} ✓" if page.is_done else page.title)
        self.set_class(page.is_done, "-done")
        self.refresh(layout=True)

    def render(self) -> Text:
        """The task, the hint and what was said; where lines are few, not all of it."""
        page = self.page
        if page is None:
            return Text()
        is_short = self.screen.has_class("-short")
        parts = [Text(page.task)]
        if page.hint:
            hint = Text(page.hint, theme_color(self.app, "secondary"))
            parts = [hint] if is_short else [*parts, hint]
        if page.said:
            color = "success" if page.is_done else "warning"
            mark = "✓" if page.is_done else "→"
            said = Text(f"{mark} {page.said}", theme_color(self.app, color))
            parts = [said] if is_short and page.is_done else [*parts, said]
        return Text("\n").join(parts)
