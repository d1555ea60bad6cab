"""Train mode: curves of this run and others, the current document, fresh samples, the setup."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.text import Text
from textual import events, on
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from microgpt.files import write_atomically
from microgpt.model.adam import TrainingConfig
from tui.base.screenshot import screenshot
from tui.keys import LIVE_KEYS, Key, bindings_for
from tui.modes.mode_screen import ModeScreen
from tui.runs_app import RunsApp
from tui.themes import theme_color
from tui.training.position_losses import PositionWatch
from tui.training.run_frame import RunFrame
from tui.widgets.curve_legend import loss_legend, position_legend, rate_legend
from tui.widgets.document_strip import DocumentStrip, EditedDocument
from tui.widgets.loss_plot import SMOOTHINGS, LossCurves, LossPlot
from tui.widgets.sample_lines import sample_lines
from tui.widgets.setup_table import setup_table
from viz.style import PARAMETERS_GLYPH, short_number

VIEWS = {
    "loss": "loss in nats, by step",
    "positions": "loss in nats, by position",
    "rate": "learning rate, by step",
    "setup": "hyperparameters",
}
"""What the large pane shows, in turn, and its title."""
BEGIN_WITH_A_STEP = ("loss", "positions")
"""Of these there is nothing to show before the first step."""
SUBTITLES = {"loss": "~ smooth · M compare · v view", "setup": "R a new run · v view"}
"""Its keys."""


class TrainScreen(ModeScreen):
    """Watches training."""

    MODE = "train"
    TOOLTIP = "Train mode: loss, document, samples"
    ON_SCREEN = (
        "The curve is the loss of each step, and their mean: nats, so ln of the number of letters "
        "is guessing. Rings are the loss of documents held out (--validation), letters the curves "
        "of other runs (M); the line below tells what they differ in. v shows the loss by "
        "position, the learning rate, and the hyperparameters in its place. Beside it stand texts "
        "that the model writes by itself, newest first, each with its probability under the model "
        "as it was then, and how large the gradient of each matrix is. Below is the step's "
        "document: of each letter, how likely the model found the next one. The bar at the bottom "
        "is the run: a click goes to a step."
    )
    KEYS = (
        *LIVE_KEYS,
        Key("v", "lens", "View", "Losses by step, by position, learning rate, hyperparameters"),
        Key("tilde", "smooth", "Smooth", "Each step's loss and the mean, the mean alone, or each",
            in_footer=False, display="~"),
        Key("M", "other_run", "Other run", "Compare with another run, or no more", first=True,
            in_footer=False),
        Key("left", "document_position(-1)", "Position −", "Select the position to the left in the "
            "document", display="←", group="Position"),
        Key("right", "document_position(1)", "Position +", "Select the position to the right",
            display="→", group="Position"),
        Key("enter", "open", "Open", "Show the selected position in Map mode",
            display="⏎"),
    )  # fmt: skip
    BINDINGS = bindings_for(KEYS)

    class PositionsMeasured(Message):
        """Losses by position have come."""

    view = "loss"
    _chosen_smoothing: int | None = None  # which of `SMOOTHINGS`, None before one is chosen
    _positions: PositionWatch | None = None

    @property
    def position(self) -> int:
        """The selected position of the document, its last if it has not so many; -1 for none."""
        chosen, result = self.selection.position, self.frame.result if self.frame else None
        if chosen is None or result is None:
            return -1
        return min(chosen, len(result.position_losses) - 1)

    def _select(self, position: int) -> None:
        self.run_app.select(self.selection.with_position(position))

    def body(self) -> Widget:
        """Curve and samples side by side, the document below."""
        waiting = Static("the curve begins with the first step: space trains", id="no-loss")
        plot = Vertical(
            waiting, LossPlot(id="loss"), Static(id="setup", markup=False),
            Static(id="legend", markup=False), id="curve",
        )  # fmt: skip
        samples = Static("the first sample comes with the first steps", id="samples", markup=False)
        samples.border_title = "fresh samples"
        norms = Static(id="norms", markup=False)
        norms.border_title = "gradient norm by matrix"
        document = DocumentStrip(id="document")
        document.border_title = "document"
        return Vertical(Horizontal(plot, Vertical(samples, norms, id="side")), document, id="train")

    def on_unmount(self) -> None:
        """No thread outlives the screen."""
        if self._positions is not None:
            self._positions.close()

    def on_resize(self, event: events.Resize) -> None:
        """What is in sight is drawn in its new size."""
        del event
        if self.frame is not None and self.query("#curve"):
            self.call_after_refresh(self._show_curve)

    def show_frame(self, frame: RunFrame) -> None:
        """Shows training's latest state; the setup is there before the first step."""
        super().show_frame(frame)
        if frame.result is None and self.query("#curve"):
            self._show_curve()

    def show_result(self, frame: RunFrame) -> None:
        """Shows a step."""
        self._show_curve()
        self._show_document(frame)
        samples = self.query_one("#samples", Static)
        samples.border_subtitle = "p: by the model" if frame.samples else ""
        width = samples.content_size.width
        samples.update(sample_lines(frame.samples, width, theme_color(self.app, "muted")))
        self.query_one("#norms", Static).update(self._norms(frame))

    # -- curves --------------------------------------------------------------------------------

    @property
    def runs_app(self) -> RunsApp:
        """The app, which knows the runs to compare with."""
        assert isinstance(self.app, RunsApp)
        return self.app

    def action_lens(self) -> None:
        """The next view."""
        views = list(VIEWS)
        self.view = views[(views.index(self.view) + 1) % len(views)]
        self._show_curve()

    def action_smooth(self) -> None:
        """The next way to smooth."""
        self._chosen_smoothing = (self._smoothing + 1) % len(SMOOTHINGS)
        self.view = "loss"
        self._show_curve()

    @property
    def _smoothing(self) -> int:
        """Of several runs each step's loss would hide what they are compared by."""
        if self._chosen_smoothing is None:
            return 1 if self.runs_app.compared else 0
        return self._chosen_smoothing

    def action_other_run(self) -> None:
        """Asks for another run."""
        self.runs_app.action_compare_runs()

    @on(PositionsMeasured)
    def _show_curve(self) -> None:
        frame = self.frame
        there = {each.id for each in self.query("#curve, #curve > *")}
        if frame is None or not there >= {"curve", "loss", "setup", "legend"}:
            return  # its parts go one by one while the app is left, and a run may be read late
        plot, setup = self.query_one(LossPlot), self.query_one("#setup", Static)
        curve = self.query_one("#curve")
        curve.border_title = VIEWS[self.view]
        curve.border_subtitle = SUBTITLES.get(self.view, "v view")
        setup.display = self.view == "setup"
        ink = {
            name: theme_color(self.app, name)
            for name in ("muted", "primary", "secondary", "accent")
        }
        if self.view == "setup":
            plot.display = False
            setup.update(setup_table(frame, curve.content_size.height, ink))
            legend = Text()
        elif self.view == "rate":
            legend = self._show_rates(plot, frame)
        elif self.view == "positions":
            legend = self._show_positions(plot, frame, ink["muted"])
        else:
            legend = self._show_losses(plot, frame, ink)
        has_begun = frame.has_steps or self.view not in BEGIN_WITH_A_STEP
        self.query_one("#no-loss").display = not (has_begun or plot.display)
        shown = self.query_one("#legend", Static)
        shown.display = bool(legend.plain) and (plot.display or self.view == "positions")
        shown.update(legend)

    def _show_losses(self, plot: LossPlot, frame: RunFrame, ink: dict[str, str]) -> Text:
        marked = frame.result.step if frame.past and frame.result else None
        curves = LossCurves(
            frame.losses_so_far, frame.first_step, frame.measured_so_far, marked,
            self.runs_app.compared, SMOOTHINGS[self._smoothing],
        )  # fmt: skip
        plot.show(curves)
        return loss_legend(curves, frame, self.runs_app.run_name, self._colors(plot), ink)

    def _show_positions(self, plot: LossPlot, frame: RunFrame, muted: str) -> Text:
        if self._positions is None:
            self._positions = PositionWatch(self._announce_positions)
        measured = self._positions.ask(frame)
        plot.show_positions(np.array([]) if measured is None else measured.means)
        return Text() if frame.origin is None else position_legend(measured, muted)

    def _announce_positions(self) -> None:
        self.post_message(self.PositionsMeasured())

    def _show_rates(self, plot: LossPlot, frame: RunFrame) -> Text:
        others = self.runs_app.compared
        configs = [frame.config, *(run.config for run in others)]
        plot.show_rates([_rates(config) for config in configs],
                        frame.result.step if frame.result else None)  # fmt: skip
        return rate_legend(frame, others, self._colors(plot))

    def _colors(self, plot: LossPlot) -> list[str]:
        return [plot.color_of(place) for place in range(len(self.runs_app.compared))]

    # -- the document --------------------------------------------------------------------------

    def _show_document(self, frame: RunFrame) -> None:
        strip = self.query_one(DocumentStrip)
        strip.show(frame, self._edited_document(), self.position)
        strip.border_subtitle = "⏎ its column on the Map" if self.position >= 0 else ""

    def action_document_position(self, by: int) -> None:
        """Another position of the document; the first time, the one that surprised most."""
        frame = self.frame
        if frame is None or frame.result is None:
            return
        losses = frame.result.position_losses
        if self.position < 0:
            self._select(max(range(len(losses)), key=lambda at: losses[at]))
        else:
            self._select(min(max(self.position + by, 0), len(losses) - 1))
        self._show_document(frame)

    async def action_open(self) -> None:
        """Shows the selected position on the Map."""
        if self.position >= 0:
            await self.app.run_action(f"app.open_position({self.position})")
        else:
            self.notify("select a position of the document first: ← →", timeout=2)

    @on(DocumentStrip.PositionPicked)
    async def _pick_position(self, event: DocumentStrip.PositionPicked) -> None:
        again = event.position == self.position
        self._select(event.position)
        if again:
            await self.action_open()
        elif self.frame is not None:
            self._show_document(self.frame)

    def _edited_document(self) -> EditedDocument | None:
        step = self.run_app.at_hand.edited_at(self.frame)
        if step is None:
            return None
        explorer = step.explorer
        return EditedDocument(
            step.origin.document, step.origin.step, explorer.map, explorer.map_unedited
        )

    def _norms(self, frame: RunFrame) -> Text:
        assert frame.result is not None
        text = Text(no_wrap=True, overflow="ellipsis")
        muted, primary = theme_color(self.app, "muted"), theme_color(self.app, "primary")
        norms = frame.result.grad_norms
        largest = max(filter(math.isfinite, norms.values()), default=0.0)
        for name, norm in norms.items():
            bar = "█" * round(8 * norm / largest) if largest and math.isfinite(norm) else ""
            text.append(f"{PARAMETERS_GLYPH} {name:<15.15} ", muted)
            text.append(f"{short_number(norm):>9} ")
            text.append(f"{bar}\n", primary)
        return text

    def number_at_hand(self) -> str:
        """The loss of the selected position, else of the document."""
        result = self.frame.result if self.frame else None
        if result is None:
            return ""
        return repr(result.loss if self.position < 0 else result.position_losses[self.position])

    def export_job(self) -> tuple[str, Callable[[Path], None]] | None:
        """The screen as it stands."""
        if self.frame is None or self.frame.result is None:
            return None
        picture = screenshot(self.app, "microgpt-tui: train").encode()
        return f"train-step{self.frame.result.step}", lambda path: write_atomically(path, picture)


POINTS = 200
"""Of a curve of learning rates."""


def _rates(config: TrainingConfig) -> tuple[np.ndarray, np.ndarray]:
    """Steps and learning rates of a whole schedule."""
    steps = np.unique(np.linspace(1, config.num_steps, POINTS).astype(np.int64))
    return steps, np.array([config.lr_at(int(step)) for step in steps])
