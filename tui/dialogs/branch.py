"""Asks how a new run, branching off a past step, is to go on."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Label, Static

from tui.cli.options.number_options import ANY_WHOLE, FROM_0
from tui.dialogs.dialog import Form
from tui.training.branching import Branch


class BranchScreen(Form[Branch | None]):
    """Gives what was typed in, None if the person thought better of it."""

    def __init__(self, step: int, as_it_is: Branch) -> None:
        super().__init__()
        self._step = step
        self._as_it_is = as_it_is

    def compose(self) -> ComposeResult:
        """A line each, filled with what the run has."""
        dialog = Vertical(id="dialog")
        dialog.border_title = f"branch off after step {self._step}"
        with dialog:
            yield Label("learning rate of the schedule")
            yield Input(str(self._as_it_is.lr), id="lr")
            yield Label("seed of the documents' order")
            yield Input(str(self._as_it_is.seed), id="seed")
            yield Label("new run file")
            yield Input(str(self._as_it_is.path), id="path")
            yield Static(
                "⏎ train on as a new run   tab next   esc back", id="dialog-keys", markup=False
            )

    def answer(self, event: Input.Submitted) -> None:
        """All three lines have to be right."""
        values = {field.id: field.value for field in self.query(Input)}
        values[event.input.id] = event.value  # as it was at enter: more may be typed since
        lr, seed, path = (values[name] for name in ("lr", "seed", "path"))
        try:
            branch = Branch(FROM_0.parse(lr), int(ANY_WHOLE.parse(seed)), Path(path))
        except ValueError as error:
            self.say(f"learning rate or seed {error}")
            return
        try:
            is_there = branch.path.exists()
        except OSError as error:  # a name that is too long
            self.say(f"that file cannot be made: {error.strerror}")
            return
        if not path or is_there:
            self.say("the file exists: choose another name" if path else "a file is needed")
            return
        self.dismiss(branch)
