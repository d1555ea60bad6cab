"""What dialogs share that ask for hyperparameters: a line each, and what the one at hand means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import DescendantFocus
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from microgpt import ModelConfig, TrainingConfig
from microgpt.errors import InputError
from microgpt.train.hyperparameters import MODEL, TRAINING, Hyperparameter
from tui.cli.options.inside import check_inside
from tui.cli.options.model_options import RANGES
from tui.dialogs.dialog import Form, Result


def path_of(typed: str) -> Path:
    """A path as a person types it, `~` for their home. Raises `InputError`."""
    typed = typed.strip()
    try:
        return Path(typed).expanduser()
    except RuntimeError as error:
        raise InputError(f"{typed}: there is no such home folder") from error


class ChoiceInput(Input):
    """A line to type into, through whose usual contents the arrows up and down lead."""

    BINDINGS = [("up", "choose(-1)", "Before"), ("down", "choose(1)", "Next")]

    def __init__(self, value: str, choices: Sequence[str], id: str) -> None:  # noqa: A002  # Textual's
        super().__init__(value, id=id, compact=True)
        self.choices = tuple(choices)

    def action_choose(self, by: int) -> None:
        """The next of the choices, or the one before."""
        if self.value in self.choices:
            place = (self.choices.index(self.value) + by) % len(self.choices)
        else:
            place = 0 if by > 0 else -1
        self.value = self.choices[place]
        self.cursor_position = len(self.value)


class SetupForm(Form[Result]):
    """Lines with hyperparameters; below them is told what more of the one at hand does."""

    EFFECTS: ClassVar[dict[str, str]]  # of each line
    kept_in: Path | None = None  # the folder outside of which no file may be named

    def row(self, name: str, field: Input, words: str) -> Widget:
        """A line: its name, what is typed, what it is."""
        label = Label(name, classes="setup-name")
        return Horizontal(label, field, Static(words, markup=False), classes="setup-row")

    def rows(self, chosen: Sequence[Hyperparameter], values: dict[str, float]) -> Iterator[Widget]:
        """A line for each hyperparameter."""
        for each in chosen:
            field = Input(f"{values[each.field]}", id=each.field, compact=True)
            yield self.row(each.field, field, each.words)

    def end(self, keys: str) -> ComposeResult:
        """What is told of the line at hand, and which keys there are."""
        yield Static("", id="setup-effect", markup=False)
        yield Static(keys, id="dialog-keys", markup=False)

    @on(DescendantFocus)
    def _tell_effect(self, event: DescendantFocus) -> None:
        if isinstance(event.widget, Input):
            told = self.EFFECTS.get(event.widget.id or "", "")
            self.query_one("#setup-effect", Static).update(told)

    def number(self, values: dict[str, str], field: str) -> float:
        """What was typed into a line. Raises `InputError` in words, and goes to the line."""
        try:
            return RANGES[field].parse(values[field].strip())
        except ValueError as error:
            self.query_one(f"#{field}", Input).focus()
            raise InputError(f"{field} {error}") from error

    def typed(self, event: Input.Submitted) -> dict[str, str]:
        """All lines, the one that was entered as it was then: more may be typed since."""
        values = {str(field.id): field.value for field in self.query(Input)}
        values[str(event.input.id)] = event.value
        return values

    def model(self, values: dict[str, str], as_it_is: ModelConfig) -> ModelConfig:
        """The model's sizes. Raises `InputError`."""
        return replace(as_it_is, **self._numbers(values, MODEL))

    def training(
        self, values: dict[str, str], as_it_is: TrainingConfig, validation: int
    ) -> TrainingConfig:
        """How to train; what there is no line for is as it is. Raises `InputError`."""
        return replace(as_it_is, **self._numbers(values, TRAINING), validation=validation)

    def _numbers(self, values: dict[str, str], rows: Sequence[Hyperparameter]) -> dict[str, Any]:
        fields = [row.field for row in rows if row.field in RANGES]
        return {field: self.number(values, field) for field in fields}

    def path(self, typed: str) -> Path:
        """Of the file that a run will be recorded in. Raises `InputError`."""
        if not typed.strip():
            raise InputError("a file is needed")
        path = path_of(typed)
        if self.kept_in is not None:
            check_inside(path, self.kept_in)
        try:
            is_there = path.exists()
        except OSError as error:  # a name that is too long
            raise InputError(f"that file cannot be made: {error.strerror}") from error
        if is_there:
            raise InputError(f"{path} exists: choose another name")
        return path
