"""Asks for a step of another run, to compare with."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from tui.dialogs.dialog import Form


class OtherRunScreen(Form[str | None]):
    """Gives what was typed, None if the person thought better of it."""

    def compose(self) -> ComposeResult:
        """One line to type into."""
        dialog = Vertical(id="dialog")
        dialog.border_title = "compare with another run"
        with dialog:
            yield Input(placeholder="names.run:300, or names.run for its last step")
            yield Static("⏎ compare   esc back", id="dialog-keys", markup=False)

    def answer(self, event: Input.Submitted) -> None:
        """A file, and a step of it perhaps."""
        if event.value.strip():
            self.dismiss(event.value)
        else:
            self.say("name a run's file")
