"""A text to scroll through, drawn line by line: a new text costs no layout of the screen.

A `Static` as high as its text makes the whole screen be laid out twice when that height changes,
once for itself and once for the bars around it. The mouse selects text here as it does there.
"""

from __future__ import annotations

from rich.text import Text
from textual.binding import Binding
from textual.geometry import Size
from textual.selection import Selection
from textual.strip import Strip

from tui.widgets.scroll_window import ScrollWindow

RULE = "╌"


class TextView(ScrollWindow):
    """Shows sections of text one above the other, wrapped, with a rule between them."""

    BINDINGS = [
        Binding("up", "scroll_up", "Scroll up", show=False),
        Binding("down", "scroll_down", "Scroll down", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
    ]

    COMPONENT_CLASSES = {"text--rule"}

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  # Textual's own name for it
        super().__init__(id=id)
        self._sections: tuple[Text, ...] = ()
        self._lines: list[Text] = []

    @property
    def sections(self) -> tuple[Text, ...]:
        """What is shown, also out of sight; empty sections are not among them."""
        return self._sections

    def show_sections(self, *sections: Text) -> None:
        """Shows these without the blank lines at their ends; empty ones are left out."""
        for section in sections:
            section.rstrip()
        self._sections = tuple(section for section in sections if section)
        self._wrap()

    def on_resize(self) -> None:
        """Another width wraps elsewhere."""
        self._wrap()

    def _wrap(self) -> None:
        width = self.scrollable_content_region.width
        if width <= 0:
            return
        rule = Text(RULE * width, self.get_component_rich_style("text--rule"))
        self._lines = []
        for section in self._sections:
            if self._lines:
                self._lines += [Text(), rule]
            self._lines += section.wrap(self.app.console, width)
        self.virtual_size = Size(width, len(self._lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the window."""
        at, width = y + self.scroll_offset.y, self.size.width
        if at >= len(self._lines):
            return Strip.blank(width, self.line_style)
        line = self._lines[at].copy()
        line.stylize_before(self.line_style)
        if (selection := self.text_selection) and (span := selection.get_span(at)):
            start, end = span
            style = self.screen.get_component_rich_style("screen--selection")
            line.stylize(style, start, None if end < 0 else end)
        strip = Strip(line.render(self.app.console)).adjust_cell_length(width, self.line_style)
        return strip.apply_offsets(0, at)

    def get_selection(self, selection: Selection) -> tuple[str, str]:
        """The text that the mouse has selected."""
        return selection.extract("\n".join(line.plain for line in self._lines)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:  # noqa: ARG002  # Textual's
        """Shows another selection."""
        self.refresh()
