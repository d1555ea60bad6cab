"""Asks for a step, or a pass, to go to."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.validation import Integer
from textual.widgets import Input, Static

from tui.dialogs.dialog import Form


class GoToStepScreen(Form[int | None]):
    """Gives the step typed in, None if the person thought better of it."""

    def __init__(self, first: int, last: int, unit: str = "step") -> None:
        super().__init__()
        self._unit = unit
        self._first = first
        self._last = last

    def compose(self) -> ComposeResult:
        """One line to type into."""
        dialog = Vertical(id="dialog")
        dialog.border_title = f"go to {self._unit}"
        with dialog:
            yield Input(
                placeholder=f"{self._first} to {self._last}", type="integer",
                validators=[Integer(self._first, self._last)],
            )  # fmt: skip
            yield Static("⏎ go   esc back", id="dialog-keys", markup=False)

    def answer(self, event: Input.Submitted) -> None:
        """A recorded step."""
        if event.validation_result and event.validation_result.is_valid:
            self.dismiss(int(event.value))
        else:
            self.say(f"must be a recorded {self._unit}, {self._first} to {self._last}")
