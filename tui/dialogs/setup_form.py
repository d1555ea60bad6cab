"""What dialogs share that ask for hyperparameters: a line each, and what the one at hand means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import DescendantFocus
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from microgpt import ModelConfig, TrainingConfig
from microgpt.errors import InputError
from microgpt.train.hyperparameters import Hyperparameter
from tui.cli.options.model_options import SIZE
from tui.cli.options.number_options import (
    ANY_WHOLE,
    FROM_0,
    FROM_0_BELOW_1,
    WHOLE_FROM_1,
    NumberRange,
)
from tui.dialogs.dialog import Form, Result

RANGES: dict[str, NumberRange] = {
    "n_embd": SIZE,
    "n_head": SIZE,
    "n_layer": SIZE,
    "block_size": SIZE,
    "num_steps": WHOLE_FROM_1,
    "seed": ANY_WHOLE,
    "lr": FROM_0,
    "beta1": FROM_0_BELOW_1,
    "beta2": FROM_0_BELOW_1,
}
"""What each field takes, as on the command line."""


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

    def model(self, values: dict[str, str]) -> ModelConfig:
        """The model's sizes. Raises `InputError`."""
        fields = ("n_embd", "n_head", "n_layer", "block_size")
        return ModelConfig(**{field: int(self.number(values, field)) for field in fields})

    def training(self, values: dict[str, str], validation: int) -> TrainingConfig:
        """How to train. Raises `InputError`."""
        num_steps, seed = (int(self.number(values, field)) for field in ("num_steps", "seed"))
        lr, beta1, beta2 = (self.number(values, field) for field in ("lr", "beta1", "beta2"))
        return TrainingConfig(num_steps, lr, beta1, beta2, seed=seed, validation=validation)
