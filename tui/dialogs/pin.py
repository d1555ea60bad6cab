"""Asks for a text to be shown in place of training's documents."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Label, Static

from microgpt import ModelSnapshot
from microgpt.errors import InputError
from microgpt.printable import printable
from tui.dialogs.dialog import Form

KEYS = "⏎ show it in every mode   esc back"
MOST_SAID = 60
"""Of how many characters the valid ones are all said."""


class PinScreen(Form[str | None]):
    """Gives a text that the model can read, None if the person thought better of it."""

    def __init__(self, model: ModelSnapshot, text: str = "") -> None:
        """Asks for a text.

        Args:
            text: what the line begins with, such as the document shown.
        """
        super().__init__()
        self._model = model
        self._text = text

    def compose(self) -> ComposeResult:
        """One line to type into, and what can stand in it."""
        longest = self._model.config.block_size - 1
        dialog = Vertical(id="dialog")
        dialog.border_title = "a text of your own, while it trains"
        with dialog:
            yield Label(
                f"up to {longest} characters of: {valid_characters(self._model)}", markup=False
            )
            yield Input(self._text, placeholder="a word", max_length=longest)
            yield Static(KEYS, id="dialog-keys", markup=False)

    def answer(self, event: Input.Submitted) -> None:
        """A text of the model's characters."""
        try:
            self._model.check_document(event.value)
        except InputError as error:
            self.say(str(error))
        else:
            self.dismiss(event.value)


def valid_characters(model: ModelSnapshot) -> str:
    """Those that a model can read; of many the first."""
    characters = model.tokenizer.chars
    said = printable(characters[:MOST_SAID])
    more = len(characters) - MOST_SAID
    return f"{said} and {more} more" if more > 0 else said
