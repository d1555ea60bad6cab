"""Generate mode: a document drawn from the newest model, letter by letter, and why each came."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.text import Text
from textual import on
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from microgpt import ModelSnapshot
from microgpt.errors import InputError, MicrogptError
from microgpt.files import write_atomically
from microgpt.model.sampling import given_tokens
from microgpt.printable import printable
from microgpt.train.generation import Drawing, Generation, generate
from tui.base.screenshot import screenshot
from tui.dialogs.prefix import PrefixScreen
from tui.keys import LIVE_KEYS, Key, bindings_for
from tui.modes.mode_screen import ModeScreen
from tui.themes import theme_color
from tui.training.newest_only import NewestOnly
from tui.training.run_frame import RunFrame
from tui.widgets.drawn_text import DrawnText
from tui.widgets.letter_sources import lens_lines, readings
from tui.widgets.next_characters import NextCharacters
from tui.widgets.small_map import SmallMap
from tui.widgets.static_text import show_text
from viz.maps.captions import document_captions
from viz.maps.lenses import Look, look
from viz.maps.step_map import StepMap

LEAST_PAUSE, SHARE = 0.1, 0.05
"""Between documents, in seconds: more cannot be read. And the part of the time that drawing may
take while training runs, since both need the interpreter's lock."""
TEMPERATURE_BY = 0.1
HIGHEST_TEMPERATURE = 10.0
TOP_KS = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100)
"""What the keys for top-k go through, as far as there are tokens, and then all."""


@dataclass(frozen=True, slots=True)
class DrawnStepQuestion:
    """What is to be drawn."""

    model: ModelSnapshot
    moment: str  # which model it is, in words
    drawing: Drawing


@dataclass(frozen=True, eq=False)
class DrawnStep:
    """A document drawn from the model of one moment, with its Map."""

    question: DrawnStepQuestion
    made: Generation | None  # None if there is a problem
    look: Look | None = None
    problem: str = ""  # one line


def drawn(question: DrawnStepQuestion) -> DrawnStep:
    """Draws, and computes all that will be shown of it."""
    try:
        made = generate(question.model, question.drawing)
    except MicrogptError as error:
        return DrawnStep(question, None, problem=str(error))
    labels = [made.label(place) for place in range(made.n_positions + 1)]
    step_map = StepMap.of(made.graph, document_captions(made.graph, labels))
    return DrawnStep(question, made, look(step_map, "value"))


class GenerateScreen(ModeScreen):
    """Draws documents and shows why each letter came."""

    MODE = "generate"
    SHORT = "Gen"
    TOOLTIP = "Generate mode: draw text, letter by letter"
    ON_SCREEN = (
        "On top is the text that the model has drawn, with the probability that each letter had. "
        "Below it, of the selected letter: what else could have come, as bars, before and after "
        "temperature and top-k; whom the heads read there; and what each block would have said "
        "(the logit lens). The Map is of that very position."
    )
    KEYS = (
        *LIVE_KEYS,
        Key("left,h", "letter(-1)", "Letter −", "Select the letter before", display="←",
            group="Letter"),
        Key("right,l", "letter(1)", "Letter +", "Select the next letter", display="→",
            group="Letter"),
        Key("up,k", "candidate(-1)", "Likelier", "Select what is likelier to come", display="↑",
            group="Candidate"),
        Key("down,j", "candidate(1)", "Less likely", "Select what is less likely to come",
            display="↓", group="Candidate"),
        Key("enter", "choose", "Choose", "Let the selected letter come, and draw on from there",
            display="⏎"),
        Key("backspace", "close", "Take back", "Take the last letter of the prefix back",
            display="⌫", in_footer=False),
        Key("T", "prefix", "Text", "Type how it begins; the model goes on", first=True),
        Key("left_parenthesis", "temperature(-1)", "Colder", "A lower temperature: 0 is greedy",
            display="(", group="Temperature"),
        Key("right_parenthesis", "temperature(1)", "Warmer", "A higher temperature",
            display=")", group="Temperature"),
        Key("left_curly_bracket", "top_k(-1)", "Fewer", "Draw from fewer of the likeliest letters",
            display="{", group="Top-k"),
        Key("right_curly_bracket", "top_k(1)", "More", "Draw from more of the likeliest letters",
            display="}", group="Top-k"),
        Key("a", "another(1)", "Another", "Draw with the next seed"),
        Key("A", "another(-1)", "One before", "Draw with the seed before", in_footer=False),
        Key("v", "lens", "View", "Heads and lens, or the Map, where there is no room for both",
            in_footer=False),
    )  # fmt: skip
    BINDINGS = bindings_for(KEYS)

    drawing = Drawing()
    selected = -1  # place among the candidates, -1 for the one that came
    shown: DrawnStep | None = None

    class Drawn(Message):
        """A document is there."""

        def __init__(self, step: DrawnStep, worked: float) -> None:
            super().__init__()
            self.step = step
            self.worked = worked  # Units: seconds

    def __init__(self) -> None:
        super().__init__()
        self._asked: DrawnStepQuestion | None = None
        self._next_at = 0.0  # when the next model is drawn from while training runs
        self._thread = NewestOnly("generating", self._draw, LEAST_PAUSE)

    def body(self) -> Widget:
        """The text; below, what may come next, and what that was computed from."""
        text = DrawnText(id="drawn")
        following = NextCharacters(id="next")
        reads, lens = Static(id="reads", markup=False), Static(id="lens", markup=False)
        reads.border_title = "reads, by head"
        lens.border_title = "logit lens, at temperature 1"
        step_map = SmallMap()
        step_map.border_title = "Map: sizes of values"
        below = Horizontal(following, Vertical(reads, lens, id="whence"), step_map, id="below")
        return Vertical(text, below, id="generate")

    def on_unmount(self) -> None:
        """No thread outlives the screen."""
        self._thread.close()

    # -- what is drawn -------------------------------------------------------------------------

    def show_frame(self, frame: RunFrame) -> None:
        """Draws from the model as it stands after the step shown."""
        super().show_frame(frame)
        waits = self._asked is not None and not self.is_up_to_date
        is_soon = frame.status == "running" and (waits or time.monotonic() < self._next_at)
        if self.query(DrawnText) and not (is_soon and not frame.past):
            self._ask()

    def show_result(self, frame: RunFrame) -> None:
        """What there is to show is drawn from the model."""

    def _ask(self) -> None:
        frame = self.frame
        if frame is None:
            return
        step = frame.result.step if frame.result else frame.first_step
        moment = f"after step {step}" if step else "untrained"
        question = DrawnStepQuestion(frame.newest_model, moment, self.drawing)
        if question != self._asked:
            self._asked = question
            self._thread.ask(question)
        elif self.shown is not None:
            self._show()  # in other colours, perhaps

    def _draw(self, question: DrawnStepQuestion) -> None:
        began = time.thread_time()
        step = drawn(question)
        self.post_message(self.Drawn(step, time.thread_time() - began))

    @on(Drawn)
    def _take(self, event: Drawn) -> None:
        self.run_app.pace.add(event.worked)
        self._next_at = time.monotonic() + event.worked / SHARE
        before, self.shown = self.shown, event.step
        if event.step.problem and not (before and before.problem == event.step.problem):
            self.notify(event.step.problem, severity="error", markup=False)
        self._show()

    @property
    def is_up_to_date(self) -> bool:
        """Whether what is shown is what was asked for last."""
        return self.shown is not None and self.shown.question is self._asked

    @property
    def position(self) -> int:
        """The letter that is read last: the selected one, as far as the text drawn goes."""
        last = self.made.n_positions - 1 if self.made is not None else 0
        return min(self.selection.position or 0, last)

    def _read_to(self, position: int) -> None:
        self.run_app.select(self.selection.with_position(max(0, position)))

    @property
    def made(self) -> Generation | None:
        """The document shown."""
        return self.shown.made if self.shown else None

    # -- showing -------------------------------------------------------------------------------

    def _show(self) -> None:
        shown, made = self.shown, self.made
        if shown is None:
            return
        text = self.query_one(DrawnText)
        if made is None:
            text.border_title = Text(f"{shown.question.moment}: {shown.problem}")
            return
        text.border_title = Text(f"“{printable(made.text)}” · drawn {shown.question.moment}")
        text.border_subtitle = Text(self._settings(made))
        text.show(made, self.position)
        self._show_next(made)
        self._show_whence(made)
        if shown.look is not None:
            column_of = shown.look.map.grid.column_of
            column = np.flatnonzero(column_of == self.position).tolist()
            self.query_one(SmallMap).show(shown.look, column, None)

    def _settings(self, made: Generation) -> str:
        drawing = made.drawing
        kept = str(drawing.top_k) if drawing.top_k else "all"
        told = f"temperature {drawing.temperature:g} · top-k {kept} · seed {drawing.seed}"
        if made.n_given < made.n_positions:
            told += f" · ln p of what was drawn {made.log_probability:.3f}"
        return told

    def _show_next(self, made: Generation) -> None:
        candidates = made.candidates(self.position)
        came = made.tokens[self.position + 1]
        place = next(at for at, each in enumerate(candidates) if each.token == came)
        word = "given" if self.position < made.n_given else "drawn"
        following = self.query_one(NextCharacters)
        read = printable(made.text[: self.position]) or "nothing yet"
        following.border_title = Text(f"after “{read}”" if self.position else "at the beginning")
        following.border_subtitle = "p as drawn, logit"
        selected = place if self.selected < 0 else min(self.selected, len(candidates) - 1)
        following.show(candidates, came, word, selected)

    def _show_whence(self, made: Generation) -> None:
        at = self.position
        reads, lens = self.query_one("#reads", Static), self.query_one("#lens", Static)
        muted = theme_color(self.app, "muted")
        show_text(reads, readings(made, at, reads.content_size.width, muted))
        reads.border_title = Text(f"‘{made.label(at)}’ (position {at}) reads, by head")
        lens.update(lens_lines(made, at, lens.content_size.width, muted), layout=False)

    # -- keys and mouse ------------------------------------------------------------------------

    def _set(self, drawing: Drawing) -> None:
        """Draws in another way."""
        self.drawing, self.selected = drawing, -1
        self._ask()

    def action_letter(self, by: int) -> None:
        """Back and forth through the letters."""
        if self.made is not None:
            self._select_position(self.position + by)

    def _select_position(self, position: int) -> None:
        if self.made is not None:
            self._read_to(min(position, self.made.n_positions - 1))
            self.selected = -1
            self._show()

    def action_candidate(self, by: int) -> None:
        """Another of the letters that may come."""
        made = self.made
        if made is None:
            return
        candidates = made.candidates(self.position)
        if self.selected < 0:
            came = made.tokens[self.position + 1]
            self.selected = next(at for at, it in enumerate(candidates) if it.token == came)
        self.selected = min(max(self.selected + by, 0), len(candidates) - 1)
        self._show()

    def action_choose(self) -> None:
        """Begins with what stands there up to here, and the selected letter after it."""
        made = self.made
        if made is None:
            return
        candidates = made.candidates(self.position)
        came = made.tokens[self.position + 1]
        token = candidates[self.selected].token if self.selected >= 0 else came
        if token == made.model.tokenizer.bos:
            self.notify("BOS ends the document: nothing comes after it", timeout=3)
            return
        prompt = made.text[: self.position] + made.model.tokenizer.decode([token])
        try:
            given_tokens(prompt, made.model.config, made.model.tokenizer)
        except InputError as error:
            self.notify(str(error), severity="warning", markup=False)
            return
        self._read_to(self.position + 1)
        self._set(replace(self.drawing, prompt=prompt))

    def action_close(self) -> None:
        """Takes the prefix's last letter back."""
        prompt = self.drawing.prompt
        if prompt:
            self._read_to(min(self.position, len(prompt) - 1))
            self._set(replace(self.drawing, prompt=prompt[:-1]))

    def action_prefix(self) -> None:
        """Asks how it begins."""
        frame = self.frame
        if frame is None:
            return

        def begin(prompt: str | None) -> None:
            if prompt is not None:
                self._read_to(len(prompt))
                self._set(replace(self.drawing, prompt=prompt))

        self.run_app.open_dialog(PrefixScreen(frame.newest_model, self.drawing.prompt), begin)

    def action_temperature(self, by: int) -> None:
        """Colder or warmer."""
        warmer = round(self.drawing.temperature + by * TEMPERATURE_BY, 1)
        self._set(replace(self.drawing, temperature=min(max(warmer, 0.0), HIGHEST_TEMPERATURE)))

    def action_top_k(self, by: int) -> None:
        """Of fewer or more."""
        if self.frame is None:
            return
        vocab = self.frame.model.tokenizer.vocab_size
        ladder = [*(k for k in TOP_KS if k < vocab), 0]
        at = ladder.index(self.drawing.top_k) + by
        self._set(replace(self.drawing, top_k=ladder[min(max(at, 0), len(ladder) - 1)]))

    def action_another(self, by: int) -> None:
        """Another seed."""
        self._set(replace(self.drawing, seed=self.drawing.seed + by))

    def action_lens(self) -> None:
        """The Map in place of heads and lens, or back."""
        self.query_one("#generate").toggle_class("-map")
        self.call_after_refresh(self._show)

    def on_resize(self) -> None:
        """Another window has room for more."""
        self.call_after_refresh(self._show)

    @on(DrawnText.PositionPicked)
    def _pick_position(self, event: DrawnText.PositionPicked) -> None:
        self._select_position(event.position)

    @on(NextCharacters.CandidatePicked)
    def _pick_candidate(self, event: NextCharacters.CandidatePicked) -> None:
        if event.place == self.selected:
            self.action_choose()
        else:
            self.selected = event.place
            self._show()

    @on(SmallMap.CellPicked)
    def _pick_cell(self, event: SmallMap.CellPicked) -> None:
        if self.shown and self.shown.look:
            self._select_position(int(self.shown.look.map.grid.column_of[event.cell]))

    def number_at_hand(self) -> str:
        """The probability of the selected letter, else of the one that came."""
        made = self.made
        if made is None:
            return ""
        if self.selected < 0:
            return repr(made.probability(self.position))
        return repr(made.candidates(self.position)[self.selected].probability)

    def export_job(self) -> tuple[str, Callable[[Path], None]] | None:
        """The screen as it stands."""
        if self.made is None:
            return None
        picture = screenshot(self.app, "microgpt-tui: generate").encode()
        return "generate", lambda path: write_atomically(path, picture)
