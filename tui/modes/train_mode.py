"""Train mode: the loss curve, the current document, fresh samples."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from rich.text import Text
from textual import on
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Static

from microgpt.files import write_atomically
from microgpt.printable import printable
from tui.base.screenshot import screenshot
from tui.keys import LIVE_KEYS, Key, bindings_for
from tui.modes.mode_screen import ModeScreen
from tui.themes import theme_color
from tui.training.run_frame import RunFrame
from tui.widgets.document_strip import DocumentStrip, EditedDocument
from tui.widgets.loss_plot import STEPS_IN_MEAN, LossPlot
from viz.style import PARAMETERS_GLYPH, short_number


class TrainScreen(ModeScreen):
    """Watches training."""

    MODE = "train"
    TOOLTIP = "Train mode: loss, document, samples"
    ON_SCREEN = (
        "The curve is the loss of each step, and their mean: nats, so ln of the number of letters "
        "is guessing. Beside it stand texts that the model writes by itself, newest first, and how "
        "large the gradient of each matrix is. Below is the step's document: of each letter, how "
        "likely the model found the next one. The bar at the bottom is the run: a click goes to a "
        "step."
    )
    KEYS = (
        *LIVE_KEYS,
        Key("left", "document_position(-1)", "Position −", "Select the position to the left in the "
            "document", display="←", group="Position"),
        Key("right", "document_position(1)", "Position +", "Select the position to the right",
            display="→", group="Position"),
        Key("enter", "open", "Open", "Show the selected position in Map mode",
            display="⏎"),
    )  # fmt: skip
    BINDINGS = bindings_for(KEYS)

    position = -1  # the selected one, -1 for none

    def body(self) -> Widget:
        """Curve and samples side by side, the document below."""
        waiting = Static("the curve begins with the first step: space trains", id="no-loss")
        plot = Vertical(waiting, LossPlot(id="loss"), id="curve")
        plot.border_title = f"loss in nats, by step: each, and the mean of {STEPS_IN_MEAN}"
        samples = Static("the first sample comes with the first steps", id="samples", markup=False)
        samples.border_title = "fresh samples"
        norms = Static(id="norms", markup=False)
        norms.border_title = "gradient norm by matrix"
        document = DocumentStrip(id="document")
        document.border_title = "document"
        return Vertical(Horizontal(plot, Vertical(samples, norms, id="side")), document, id="train")

    def show_result(self, frame: RunFrame) -> None:
        """Shows a step."""
        result = frame.result
        assert result is not None
        marked = result.step if frame.past else None
        losses = frame.losses_so_far
        self.query_one("#no-loss").display = not len(losses)
        self.query_one(LossPlot).show(losses, frame.first_step, marked)
        self._show_document(frame)
        self.query_one("#samples", Static).update(self._samples(frame))
        self.query_one("#norms", Static).update(self._norms(frame))

    def _show_document(self, frame: RunFrame) -> None:
        if frame.result is not None:
            self.position = min(self.position, len(frame.result.position_losses) - 1)
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
            self.position = max(range(len(losses)), key=lambda at: losses[at])
        else:
            self.position = min(max(self.position + by, 0), len(losses) - 1)
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
        self.position = event.position
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

    def _samples(self, frame: RunFrame) -> Text:
        text = Text(no_wrap=True, overflow="ellipsis")
        muted = theme_color(self.app, "muted")
        for sample in frame.samples:
            text.append(f"{sample.step:>6}  ", muted)
            text.append(f"{printable(sample.text) or '(empty)'}\n")
        return text

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
