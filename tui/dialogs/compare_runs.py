"""Asks for a run whose losses are to be drawn over the ones at hand, or for one to take away."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Label, Static

from tui.dialogs.dialog import Form
from tui.training.compared_runs import LETTERS


class CompareRunsScreen(Form[str | None]):
    """Gives what was typed, None if the person thought better of it."""

    def __init__(self, shown: Sequence[str]) -> None:
        """Asks.

        Args:
            shown: names of the runs that are drawn, in the order of their letters.
        """
        super().__init__()
        self._shown = tuple(shown)

    def compose(self) -> ComposeResult:
        """One line to type into."""
        dialog = Vertical(id="dialog")
        dialog.border_title = "compare with another run"
        told = [f"{LETTERS[at]} {name}" for at, name in enumerate(self._shown)]
        with dialog:
            yield Input(placeholder="a run's file, as names.run")
            if told:
                yield Label(f"shown: {', '.join(told)}; a letter takes one away", markup=False)
            yield Static("⏎ compare   esc back", id="dialog-keys", markup=False)

    def answer(self, event: Input.Submitted) -> None:
        """A file, or a letter."""
        if event.value.strip():
            self.dismiss(event.value)
        else:
            self.say("name a run's file")
