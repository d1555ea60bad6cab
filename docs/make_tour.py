"""Plays the first ten minutes with the app, takes its pictures, and writes docs/tour.md.

    make docs-tour

A stop is a function that presses keys and says what there is to see then; every number in its words
is read from the app at that moment.
"""

import asyncio
import tempfile
import textwrap
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from microgpt import Training, TrainingConfig, load_corpus
from microgpt.model.places import position_losses
from tui.app import MicrogptApp
from tui.base.screenshot import screenshot
from tui.learn_app import SEED, LearnApp
from tui.lessons import LESSONS
from tui.lessons.added_twice import first_added_again
from tui.lessons.looks_back import DOCUMENTS, weight_on_letter_before
from tui.lessons.progress import LessonProgress
from tui.modes.step_mode import StepScreen

DOCS = Path(__file__).parent
PAGE = DOCS / "tour.md"
PICTURES_IN = DOCS / "img" / "tour"
SIZE = (120, 36)
STEPS = 1000
LATE = 800
"""The spike is looked for after so many steps, when most losses are low."""

BEGINNING = f"""\
# The first ten minutes

<!-- Written by `make docs-tour`, which plays it; mend docs/make_tour.py instead. -->

This is one sitting with `microgpt-tui`, from its start to the first lessons: {STEPS} steps on the
built-in names with seed {SEED}. A program has played it, and each number was read from the app.
"""
END = """\
## On your own

`microgpt-tui learn` goes on with the other lessons, and keeps which are done. [The Map](map.md) and
[the debugger](debugger.md) have pages of their own; [the gallery](gallery.md) has a picture for
each question that can be asked on the command line.
"""


@dataclass
class Sitting:
    """The app at work, and what has been written of it so far."""

    app: MicrogptApp
    pilot: object
    parts: list[str] = field(default_factory=list)
    facts: dict[str, int] = field(default_factory=dict)  # what later stops come back to

    async def press(self, *keys: str) -> None:
        """Presses keys as a person does, one after another."""
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause(0.2)

    async def until(self, holds: Callable[[], object]) -> None:
        """Waits."""
        while not holds():
            await self.pilot.pause(0.1)

    async def picture(self, name: str, title: str, words: str) -> None:
        """A picture of the screen as it is, under a heading and with words."""
        await self.pilot.pause(1.0)
        self.app.clear_notifications()
        await self.pilot.pause(0.3)
        file = PICTURES_IN / f"{name}.svg"
        file.write_text(screenshot(self.app, "microgpt-tui"), encoding="utf-8")
        self.parts.append(f"## {title}\n\n{filled(words)}\n\n![{title}](img/tour/{file.name})\n")

    def words(self, title: str, words: str) -> None:
        """A stop without a picture."""
        self.parts.append(f"## {title}\n\n{words}\n")

    @property
    def graph(self):  # a Graph
        """The one of the step at hand."""
        return self.app.situation().graph


def filled(words: str) -> str:
    """Lines of a page."""
    return textwrap.fill(" ".join(words.split()), 100, break_long_words=False)


async def watch(at: Sitting) -> None:
    """Training, from its first step to its last."""
    at.app.session.train_steps(STEPS)
    await at.until(lambda: at.app.frame.live_step >= STEPS)
    losses = at.app.frame.losses_so_far
    newest = at.app.frame.samples[0].text
    await at.picture(
        "learn", "Watch it learn",
        f"""`microgpt-tui` trains a model while you watch. The first step cost {losses[0]:.2f}
        nats a letter, which is guessing; the last hundred cost {losses[-100:].mean():.2f}
        on average. What it writes by itself stands at the right, and begins to look like
        names: “{newest}”. space pauses and goes on, and + and - change the pace.""",
    )  # fmt: skip


async def spike(at: Sitting) -> None:
    """The late step that cost most."""
    losses = at.app.frame.losses_so_far
    step = LATE + int(np.argmax(losses[LATE:])) + 1
    at.app.travel_to(step)
    await at.until(lambda: at.app.frame.past and at.app.frame.result.step == step)
    frame = at.app.frame
    await at.picture(
        "spike", "Go back to a spike",
        f"""Even late some steps cost much more than their neighbours. The line at the bottom
        holds all steps: a click goes to one, g asks for its number, and , and . go step by
        step. Step {step} cost {frame.result.loss:.2f} nats. Its document is
        “{frame.result.document}”, and below it stands how likely each letter was.""",
    )  # fmt: skip


async def culprit(at: Sitting) -> None:
    """The position that cost most in it, on the Map."""
    await at.press("2")
    step = at.app.frame.result.step
    await at.until(lambda: at.app.at_hand.step and at.app.at_hand.step.origin.step == step)
    graph = at.graph
    losses = {p: float(graph.data[node]) for p, node in position_losses(graph).items()}
    worst = max(losses, key=losses.__getitem__)
    mode = at.app.screen
    assert isinstance(mode, StepScreen)
    mode.panel.select_cell_of(position_losses(graph)[worst])
    mode.panel.show(mode.explorer)
    labels = at.app.frame.labels
    await at.picture(
        "map", "See which position caused it",
        f"""2 shows the same step as a Map: a column for each letter that is read, a row for
        each part of the model, and the loss at the bottom. Most of this loss is position
        {worst}'s, which read ‘{labels[worst]}’ and had to expect ‘{labels[worst + 1]}’:
        {losses[worst]:.2f} nats. v shows values, the update or changes in place of
        gradients, and n walks the backward pass from cell to cell.""",
    )  # fmt: skip


async def doctor(at: Sitting) -> None:
    """Its opinion of the run."""
    await at.press("F")
    n = len(at.app.findings)
    told = "It has found nothing" if not n else f"It has {n} finding{'s' if n > 1 else ''}"
    await at.picture(
        "doctor", "Ask the doctor",
        f"""Is something wrong, then? F asks the doctor, who has looked at the run all the
        while. {told} here: a name may just be rare. Where there is a finding, enter goes to
        its step.""",
    )  # fmt: skip
    await at.press("escape")


async def head(at: Sitting) -> None:
    """The one that reads the letter before, found in Attention mode."""
    await at.press("escape", "L")  # nothing is selected any more
    origin = at.app.situation().origin
    weights = weight_on_letter_before(origin)
    best = int(weights[0].argmax())
    await at.press("4", *["right"] * best)
    at.facts["head"] = best
    await at.picture(
        "head", "Find the head that looks back",
        f"""L comes back to the newest step, and 4 is Attention mode: a picture for each head,
        one of them large. Head {best} gives {weights[0, best]:.0%} of its weight to the
        letter before the one that it stands at, more than the others (mean over {DOCUMENTS}
        names).""",
    )  # fmt: skip


async def what_if(at: Sitting) -> None:
    """The loss without it."""
    await at.press("z")
    await at.until(lambda: at.app.situation().edits)
    (line,) = at.app.situation().edits
    stack = at.app.situation().session.edit_stack
    was, now = (float(each.graph.data[each.graph.root]) for each in (stack.original, stack.current))
    changed = "rises" if now > was else "falls"
    await at.picture(
        "zero", "What if it gave nothing?",
        f"""z silences the head: at all positions it gives 0, and everything that hangs on it is
        computed again. The loss {changed} from {was:.4f} to {now:.4f}, and what has moved is
        marked, here and in every mode. In the debugger's words that is
        `{line.partition(" (")[0]}`, which can be typed after a colon in the modes of a graph. U
        takes it back.""",
    )  # fmt: skip
    await at.press("U")
    await at.until(lambda: not at.app.situation().edits)


async def matrices(at: Sitting) -> None:
    """Where what was learnt is kept."""
    await at.press("6")
    pane = at.app.screen.pane
    await at.until(lambda: pane.shown is not None and pane.shown.units is not None)
    ratios = {matrix.name: matrix.ratio for matrix in pane.shown.matrices}
    largest = max(ratios, key=ratios.__getitem__)
    at.app.select(at.app.selection.with_matrix(largest))
    at.app.show_selection()
    await at.press("v")
    await at.picture(
        "parameters", "Look at the matrices",
        f"""6 is Parameters mode: all that was learnt is in these matrices. This is {largest}, and v
        shows its gradients, its update and Adam's moments. The update of step
        {at.app.frame.result.step} is {ratios[largest]:.2g} of its size, more than any other's:
        the rate has fallen to next to nothing by then. 1e-4 to 1e-2 is what is usually called
        good. What is selected here is selected in all modes, and `[` and `]` go back and forward
        through where you have been.""",
    )  # fmt: skip


async def generate(at: Sitting) -> None:
    """A text of the model's own."""
    await at.press("5")
    await at.until(lambda: at.app.screen.made is not None)
    await at.press("right", "right")
    await at.picture(
        "generate",
        "Have it write",
        f"""5 is Generate mode: the model writes “{at.app.screen.made.text}”, and of each letter
        there stands what else could have come, whom the heads read, and what each block would have
        said. T types how it is to begin, a draws another.""",
    )  # fmt: skip


async def commands(at: Sitting) -> None:
    """What goes on outside of the app."""
    at.words(
        "Take something along",
        "x writes the view at hand as an SVG file. On the command line, with a run that was\n"
        "recorded:\n\n"
        "```sh\n"
        "microgpt-tui --run names.run                        # the same, and kept\n"
        "microgpt sample --run names.run --prompt ka         # names that begin with ka\n"
        "microgpt map emma --run names.run -o emma.html      # a page that any browser opens\n"
        "```",
    )


async def lessons(at: Sitting) -> None:
    """Two of them, in the app of their own."""
    twice = next(lesson for lesson in LESSONS if lesson.name == "twice")
    at.app.guide.go(next(i for i, each in enumerate(LESSONS) if each is twice) - at.app.guide.index)
    await at.until(lambda: at.app.frame.status == "finished")
    await at.press("3")
    step = at.app.frame.result.step
    await at.until(lambda: at.app.at_hand.step and at.app.at_hand.step.origin.step == step)
    wanted = first_added_again(at.graph)
    await at.press(*["s"] * (wanted + 1))
    await at.until(lambda: at.app.guide.is_done)
    await at.picture(
        "lesson", "Finish a lesson",
        f"""`microgpt-tui learn` has {len(LESSONS)} lessons beside the modes that you know by
        now. This one asks for the first event of the backward pass that adds to a gradient
        which is not 0 any more; s goes there event by event, and the program sees that
        event {wanted} is it. I gives a hint, ! answers, J goes on.""",
    )  # fmt: skip


Stop = Callable[[Sitting], Awaitable[None]]
STOPS: tuple[Stop, ...] = (
    watch,
    spike,
    culprit,
    doctor,
    head,
    what_if,
    matrices,
    generate,
    commands,
)


async def play(app: MicrogptApp, stops: tuple[Stop, ...]) -> list[str]:
    """Goes from stop to stop; gives what was written."""
    async with app.run_test(size=SIZE) as pilot:
        at = Sitting(app, pilot)
        await at.until(lambda: app.frame is not None)
        for stop in stops:
            await stop(at)
        return at.parts


async def write_page() -> None:
    """Both sittings, as one page."""
    PICTURES_IN.mkdir(parents=True, exist_ok=True)
    training = Training(load_corpus("names"), config=TrainingConfig(seed=SEED), engine="numpy")
    parts = await play(MicrogptApp(training, paused=True), STOPS)
    with tempfile.TemporaryDirectory() as folder:
        parts += await play(Unkept(LessonProgress(), "twice", Path(folder)), (lessons,))
    PAGE.write_text("\n".join([BEGINNING, *parts, END]), encoding="utf-8")
    print(f"wrote {PAGE}")  # noqa: T201


class Unkept(LearnApp):
    """Lessons whose progress is nobody's."""

    def lesson_done(self, name: str) -> None:
        """Keeps nothing."""


if __name__ == "__main__":
    asyncio.run(write_page())
