"""The help screen: every key, from the table."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui.dialogs.dialog import Dialog
from tui.keys import KeySection


class HelpScreen(Dialog[None]):
    """Closed by the keys that opened it."""

    BINDINGS = [Binding("escape,question_mark,q,enter", "dismiss", "Close")]

    def __init__(self, introduction: str, sections: tuple[KeySection, ...]) -> None:
        """Shows a text, then keys."""
        super().__init__()
        self._introduction = introduction
        self._sections = sections

    def compose(self) -> ComposeResult:
        """One table a section."""
        with VerticalScroll(id="help") as scroll:
            scroll.border_title = "keys"
            scroll.border_subtitle = "esc closes"
            yield Static(self._introduction, markup=False)
            for section in self._sections:
                yield Static(self._table(section))

    @staticmethod
    def _table(section: KeySection) -> Table:
        table = Table(
            title=section.title, title_justify="left", title_style="bold", box=None,
            show_header=False, padding=(0, 1),
        )  # fmt: skip
        table.add_column(width=9, no_wrap=True)
        table.add_column(width=13, no_wrap=True)
        table.add_column()
        for key in section.keys:
            table.add_row(Text(key.written, "bold"), Text(key.title), Text(key.tooltip))
        return table
