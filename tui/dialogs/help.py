"""The help screen: what is on screen, then every key, from the table."""

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

    def __init__(
        self,
        introduction: str,
        sections: tuple[KeySection, ...],
        on_screen: tuple[str, str] | None = None,
    ) -> None:
        """Shows texts, then keys.

        Args:
            on_screen: a title, and what is to be seen there; None to say nothing about it.
        """
        super().__init__()
        self._on_screen = on_screen
        self._introduction = introduction
        self._sections = sections

    def compose(self) -> ComposeResult:
        """One table a section."""
        with VerticalScroll(id="help") as scroll:
            scroll.border_title = "help"
            scroll.border_subtitle = "esc closes"
            if self._on_screen is not None:
                title, told = self._on_screen
                yield Static(Text.assemble((title, "bold"), "\n", told))
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
