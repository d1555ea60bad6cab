"""Asks for a step to go to."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.validation import Integer
from textual.widgets import Input, Static


class GoToStepScreen(ModalScreen[int | None]):
    """Gives the step typed in, None if the person thought better of it."""

    BINDINGS = [("escape", "dismiss(None)", "Back")]

    def __init__(self, first: int, last: int) -> None:
        super().__init__()
        self._first = first
        self._last = last

    def compose(self) -> ComposeResult:
        """One line to type into."""
        dialog = Vertical(id="dialog")
        dialog.border_title = "go to step"
        with dialog:
            yield Input(
                placeholder=f"{self._first} to {self._last}", type="integer",
                validators=[Integer(self._first, self._last)],
            )  # fmt: skip
            yield Static("⏎ go   esc back", id="dialog-keys")

    @on(Input.Submitted)
    def _go(self, event: Input.Submitted) -> None:
        if event.validation_result and event.validation_result.is_valid:
            self.dismiss(int(event.value))
        else:
            self.query_one("#dialog-keys", Static).update(
                f"must be a recorded step, {self._first} to {self._last}"
            )
