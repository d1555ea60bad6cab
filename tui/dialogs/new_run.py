"""Asks what a new run is to be: preset, corpus with a preview, hyperparameters, file."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from microgpt.errors import InputError, MicrogptError
from microgpt.model.memory import check_memory
from microgpt.text.corpus import corpus_names, is_path
from microgpt.train.hyperparameters import HYPERPARAMETERS, MODEL, PRESETS, TRAINING
from microgpt.train.validation import held_out_count
from tui.cli.options.inside import check_inside
from tui.cli.options.number_options import PART_OR_COUNT
from tui.dialogs.setup_form import ChoiceInput, SetupForm
from tui.training.corpus_preview import CorpusPreview
from tui.training.new_run import NewRun

OF_PRESETS = tuple(row for row in HYPERPARAMETERS if row.field not in ("seed", "validation"))
"""What a preset chooses: whatever draws and holds out stays as it is."""
KEYS = "⏎ begin   tab next   ↑↓ choose preset, corpus   esc back"
READING = "reading the corpus…"


class NewRunScreen(SetupForm[NewRun | None]):
    """Gives what was chosen, None if the person thought better of it."""

    EFFECTS = {
        "preset": "; ".join(f"{name}: {preset.words}" for name, preset in PRESETS.items()),
        "corpus": "One document a line; a file of your own is told by its folder or suffix.",
        "path": "Recorded there, to go back to any step later; without one it is gone at the end.",
        **{row.field: row.effect for row in HYPERPARAMETERS},
    }

    class Previewed(Message):
        """The corpus was read."""

        def __init__(self, preview: CorpusPreview) -> None:
            super().__init__()
            self.preview = preview

    def __init__(self, as_it_is: NewRun, kept_in: Path | None = None) -> None:
        """Asks.

        Args:
            as_it_is: what the run at hand is.
            kept_in: the folder outside of which no file may be named.
        """
        super().__init__()
        self._as_it_is = as_it_is
        self.kept_in = kept_in
        self._preview: CorpusPreview | None = None

    def compose(self) -> ComposeResult:
        """A line each, filled with what the run at hand has."""
        run = self._as_it_is
        values = {**asdict(run.model), **asdict(run.config)}
        dialog = Vertical(id="dialog", classes="setup")
        dialog.border_title = "a new run"
        with dialog:
            yield self.row("preset", ChoiceInput("", list(PRESETS), "preset"), ", ".join(PRESETS))
            names = corpus_names()
            yield self.row("corpus", ChoiceInput(run.corpus, names, "corpus"), ", ".join(names))
            yield Static(READING, id="setup-preview", markup=False)
            yield from self.rows((*MODEL, *TRAINING), values)
            yield self.row("file", Input("", placeholder="not kept", id="path", compact=True),
                           "of the run, as mine.run")  # fmt: skip
            yield from self.end(KEYS)

    def on_mount(self) -> None:
        """The corpus at hand is shown at once."""
        self._show_preset()
        self._look_at(self._as_it_is.corpus)

    # -- presets ---------------------------------------------------------------------------------

    @on(Input.Changed)
    def _take_change(self, event: Input.Changed) -> None:
        if event.input.id == "preset":
            self._fill(event.value)
        elif event.input.id == "corpus":
            self._look_at(event.value)
        elif event.input.id != "path":
            self._show_preset()

    def _fill(self, name: str) -> None:
        preset = PRESETS.get(name.strip())
        if preset is None:
            return
        with self.prevent(Input.Changed):
            for row in OF_PRESETS:
                number = preset.value(row)
                self.query_one(f"#{row.field}", Input).value = str(number)

    def _show_preset(self) -> None:
        """Names the preset that the lines are, if they are one."""
        typed = {row.field: self.query_one(f"#{row.field}", Input).value for row in OF_PRESETS}
        names = [
            name
            for name, preset in PRESETS.items()
            if all(typed[row.field].strip() == str(preset.value(row)) for row in OF_PRESETS)
        ]
        with self.prevent(Input.Changed):
            self.query_one("#preset", Input).value = names[0] if names else ""

    # -- the corpus ------------------------------------------------------------------------------

    def _look_at(self, spec: str) -> None:
        self._preview = None
        self.query_one("#setup-preview", Static).update(READING)
        read = partial(self._read, spec.strip())
        self.run_worker(read, group="preview", exclusive=True, thread=True)

    def _read(self, spec: str) -> None:
        try:
            if self.kept_in is not None and is_path(spec):
                check_inside(Path(spec), self.kept_in)
        except InputError as error:
            preview = CorpusPreview(spec, problem=str(error))
        else:
            preview = CorpusPreview.of(spec)
        self.post_message(self.Previewed(preview))

    @on(Previewed)
    def _show_preview(self, event: Previewed) -> None:
        preview = event.preview  # another may be asked for by now
        if preview.spec == self.query_one("#corpus", Input).value.strip():
            self._preview = preview
            self.query_one("#setup-preview", Static).update(
                preview.problem or "\n".join(preview.told)
            )

    # -- the answer ------------------------------------------------------------------------------

    def answer(self, event: Input.Submitted) -> None:
        """Every line has to be right."""
        values = self.typed(event)
        try:
            self.dismiss(self._chosen(values))
        except MicrogptError as error:
            self.say(str(error))

    def _chosen(self, values: dict[str, str]) -> NewRun:
        preset, spec = values["preset"].strip(), values["corpus"].strip()
        if preset and preset not in PRESETS:
            raise InputError(f"no preset {preset!r}; there is {', '.join(PRESETS)}")
        preview = self._preview
        if preview is None or preview.spec != spec:
            raise InputError("the corpus is being read: once more in a moment")
        if preview.problem:
            raise InputError(preview.problem)
        model = self.model(values, self._as_it_is.model)
        check_memory(model, preview.vocab_size)
        count = self._held_out(values["validation"].strip(), preview.num_documents)
        config = self.training(values, self._as_it_is.config, count)
        typed = values["path"].strip()
        return NewRun(spec, model, config, self.path(typed) if typed else None)

    @staticmethod
    def _held_out(typed: str, num_documents: int) -> int:
        if typed in ("", "0"):
            return 0
        try:
            wanted = PART_OR_COUNT.parse(typed)
        except ValueError as error:
            raise InputError(f"validation {error}, or 0") from error
        return held_out_count(wanted, num_documents)
