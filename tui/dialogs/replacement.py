"""Asks what a head, or one of its weights, should give instead."""

from __future__ import annotations

import math

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Label, Static

from microgpt import ModelSnapshot
from microgpt.errors import InputError
from tui.dialogs.dialog import Form

WORDS = ("zero", "mean", "freeze")
FROM = "from "


class ReplacementScreen(Form[str | None]):
    """Gives a line of the debugger's, None if the person thought better of it."""

    def __init__(self, model: ModelSnapshot, document: str, scope: str, weight: str = "") -> None:
        """Asks what a head should give.

        Args:
            document: that is shown.
            scope: of the head, at all positions.
            weight: one weight of it, as the debugger calls it, if that is meant.
        """
        super().__init__()
        self._model, self._document = model, document
        self._scope, self._weight = scope, weight

    def compose(self) -> ComposeResult:
        """One line to type into, and what can stand in it."""
        dialog = Vertical(id="dialog")
        dialog.border_title = f"what if {self._weight or self._scope} gave"
        with dialog:
            if self._weight:
                yield Label("a number, such as 0.5", markup=False)
            else:
                yield Label(
                    "zero, its mean over documents, what it gives now whatever else changes "
                    "(freeze), or what it gives in another text",
                    markup=False,
                )
            example = "0.5" if self._weight else "zero, mean, freeze, or: from olivia"
            yield Input(placeholder=example)
            yield Static("⏎ what if   esc back   U undo", id="dialog-keys", markup=False)

    def answer(self, event: Input.Submitted) -> None:
        """One of the words, a text or a number."""
        try:
            self.dismiss(self._line(event.value.strip()))
        except InputError as error:
            self.say(str(error))

    def _line(self, typed: str) -> str:
        if self._weight:
            return f"set {self._weight} = {_number(typed)!r}"
        if typed == "freeze":
            return f"patch {self._scope} from {self._document}"
        if typed in WORDS:
            return f"{typed} {self._scope}"
        if typed.startswith(FROM):
            text = typed.removeprefix(FROM).strip()
            self._model.check_document(text)
            return f"patch {self._scope} from {text}"
        raise InputError(f"{typed!r} is none of {', '.join(WORDS)}, from TEXT")


def _number(typed: str) -> float:
    try:
        number = float(typed)
    except ValueError:
        raise InputError(f"{typed!r} is no number") from None
    if not math.isfinite(number):
        raise InputError("a weight can be set to a finite number")
    return number
