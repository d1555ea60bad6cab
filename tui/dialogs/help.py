"""The help screen: every key, from the table."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.keys import MODES, keys_of, shown

INTRODUCTION = (
    "A GPT is trained while you watch. Every number on screen is read from its computation graph. "
    "Boxes open down to single scalars; backprop goes on and back one event at a time. "
    "The mouse works too: click to select, click again to open, wheel to scroll."
)


class HelpScreen(ModalScreen[None]):
    """Closed by the keys that opened it."""

    BINDINGS = [Binding("escape,question_mark,q,enter", "dismiss", "Close")]

    def __init__(self, introduction: str, modes: tuple[str, ...]) -> None:
        """Shows a text, then the keys of some modes of the table."""
        super().__init__()
        self._introduction = introduction
        self._modes = modes

    def compose(self) -> ComposeResult:
        """One table a group."""
        with VerticalScroll(id="help") as scroll:
            scroll.border_title = "keys"
            scroll.border_subtitle = "esc closes"
            yield Static(self._introduction, markup=False)
            for mode in self._modes:
                yield Static(self._table(mode))

    @staticmethod
    def _table(mode: str) -> Table:
        title = f"{mode} mode" if mode in MODES else mode
        table = Table(
            title=title, title_justify="left", title_style="bold", box=None, show_header=False,
            padding=(0, 1),
        )  # fmt: skip
        table.add_column(width=9, no_wrap=True)
        table.add_column(width=13, no_wrap=True)
        table.add_column()
        for key in keys_of(mode):
            table.add_row(Text(shown(key), "bold"), Text(key.title), Text(key.tooltip))
        return table
