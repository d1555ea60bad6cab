"""Asks how a document is to begin that the model goes on with."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Label, Static

from microgpt import ModelSnapshot
from microgpt.errors import InputError
from microgpt.model.sampling import given_tokens
from tui.dialogs.dialog import Form
from tui.dialogs.pin import valid_characters


class PrefixScreen(Form[str | None]):
    """Gives a prefix that leaves room to go on, None if the person thought better of it."""

    def __init__(self, model: ModelSnapshot, text: str) -> None:
        """Asks for a prefix; the line begins with `text`."""
        super().__init__()
        self._model = model
        self._text = text

    def compose(self) -> ComposeResult:
        """One line to type into, and what can stand in it."""
        longest = self._model.config.block_size - 1
        dialog = Vertical(id="dialog")
        dialog.border_title = "how it begins; the model goes on"
        valid = valid_characters(self._model)
        with dialog:
            yield Label(f"up to {longest} characters of: {valid}", markup=False)
            yield Input(self._text, placeholder="nothing: from the beginning")
            yield Static("⏎ draw   esc back", id="dialog-keys", markup=False)

    def answer(self, event: Input.Submitted) -> None:
        """A prefix of the model's characters, or none."""
        try:
            given_tokens(event.value, self._model.config, self._model.tokenizer)
        except InputError as error:
            self.say(str(error))
        else:
            self.dismiss(event.value)
