"""Asks how a new run, branching off a past step, is to go on."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from microgpt.errors import InputError, MicrogptError
from microgpt.train.hyperparameters import HYPERPARAMETERS, TRAINING
from tui.dialogs.setup_form import SetupForm
from tui.training.branching import Branch

CHANGEABLE = tuple(row for row in TRAINING if row.field != "validation")
"""The model is what it is, and of other documents held out it has been trained on some."""


class BranchScreen(SetupForm[Branch | None]):
    """Gives what was typed in, None if the person thought better of it."""

    EFFECTS = {
        "path": "The new run is recorded there.",
        **{row.field: row.effect for row in HYPERPARAMETERS},
        "seed": "Another one is another order of the documents from here on.",
        "num_steps": "The schedule as if it had been that long from the first step.",
    }

    def __init__(self, step: int, as_it_is: Branch, kept_in: Path | None = None) -> None:
        """Asks.

        Args:
            step: the past one.
            as_it_is: how the run at hand is trained, and a file that there is not yet.
            kept_in: the folder outside of which no file may be named.
        """
        super().__init__()
        self.kept_in = kept_in
        self._step = step
        self._as_it_is = as_it_is

    def compose(self) -> ComposeResult:
        """A line each, filled with what the run has."""
        dialog = Vertical(id="dialog", classes="setup")
        dialog.border_title = f"branch off after step {self._step}"
        lr_first = sorted(CHANGEABLE, key=lambda row: row.field != "lr")
        with dialog:
            yield from self.rows(lr_first, asdict(self._as_it_is.config))
            yield self.row("file", Input(str(self._as_it_is.path), id="path", compact=True),
                           "of the new run")  # fmt: skip
            yield from self.end("⏎ train on as a new run   tab next   esc back")

    def answer(self, event: Input.Submitted) -> None:
        """All lines have to be right."""
        values, as_it_is = self.typed(event), self._as_it_is.config
        try:
            config = self.training(values, as_it_is, as_it_is.validation)
            if config.num_steps <= self._step:
                raise InputError(f"num_steps must be more than {self._step}, where it goes on")
            self.dismiss(Branch(config, self.path(values["path"])))
        except MicrogptError as error:
            self.say(str(error))
