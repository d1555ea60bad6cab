"""Parameters mode: every matrix with its gradient, update and moments, and dead units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from textual import on
from textual.dom import DOMNode
from textual.message import Message
from textual.widget import Widget

from microgpt.files import write_atomically
from microgpt.printable import printable
from tui.base.screenshot import screenshot
from tui.debugger.step_at_hand import OpenedStep
from tui.keys import LIVE_KEYS, PARAMETERS, Key, KeySection, bindings_for
from tui.modes.mode_screen import ModeScreen
from tui.training.parameter_watch import ParameterWatch
from tui.training.run_frame import RunFrame
from tui.training.shown_parameters import ShownParameters, is_read, with_what_ifs
from tui.widgets.parameters_pane import ParametersPane


class ParametersScreen(ModeScreen):
    """Looks at the matrices of one step."""

    MODE = "parameters"
    SHORT = "Param"
    TOOLTIP = "Parameters mode: matrices, gradients, updates"
    ON_SCREEN = (
        "The table has every matrix with the size of its numbers (root mean square), of their "
        "gradients and of the update, and how large the update is beside the matrix: around 1e-3 "
        "is usual, and the band is a convention. Below is one matrix: a bar is a number's size, "
        "the character before it and the colour its sign; v shows gradients, the update and Adam's "
        "moments. Beside it stand the number under the cursor in full, the units of the mlp that "
        "are off at all inputs looked at (✗), and a histogram of the matrix."
    )
    KEYS = LIVE_KEYS
    BINDINGS = bindings_for(KEYS)

    class Arrived(Message):
        """A step's matrices are there, or cannot be had."""

        def __init__(self, shown: ShownParameters | None, problem: str) -> None:
            super().__init__()
            self.shown = shown
            self.problem = problem

    _said = ""
    _shown_selection = ("", "")  # what about, and its name
    _as_computed: ShownParameters | None = None  # without what-ifs

    def __init__(self) -> None:
        super().__init__()
        self._watch = ParameterWatch(self._announce)

    def body(self) -> Widget:
        """Table, heatmap, numbers."""
        return ParametersPane()

    @property
    def pane(self) -> ParametersPane:
        """All of it."""
        return self.query_one(ParametersPane)

    @classmethod
    def key_sections(cls) -> tuple[KeySection, ...]:
        """The cursor's, and those of training."""
        return (PARAMETERS, *super().key_sections())

    @property
    def keys_by_owner(self) -> tuple[tuple[tuple[Key, ...], DOMNode], ...]:
        """The pane has the cursor's."""
        return ((PARAMETERS.keys, self.pane), (self.KEYS, self))

    def on_unmount(self) -> None:
        """No thread outlives the screen."""
        self._watch.close()

    def show_frame(self, frame: RunFrame) -> None:
        """Asks for the matrices of the step shown."""
        super().show_frame(frame)
        if self.is_mounted and self.query(ParametersPane):
            self._ask(frame)
            if frame.status != "running" or frame.past or self.run_app.at_hand.what_if is not None:
                self._show()  # else it is shown when it is there, and not as often as frames come

    def _ask(self, frame: RunFrame) -> None:
        """Asks for the step of a frame; where what-ifs are in force, for the one that has them."""
        step = self._edited
        self._watch.ask(frame if step is None else replace(frame, origin=step.origin, past=True))

    @property
    def _edited(self) -> OpenedStep | None:
        step = self.run_app.at_hand.edited_at(self.frame)
        return None if step is None or step.explorer.why_still else step

    def show_result(self, frame: RunFrame) -> None:
        """A step is shown with or without a result."""

    def _announce(self, shown: ShownParameters | None, problem: str) -> None:
        self.post_message(self.Arrived(shown, problem))

    @on(Arrived)
    def _take(self, event: Arrived) -> None:
        if event.shown is None:
            if event.problem != self._said:  # once: the next step may have the same trouble
                self._said = event.problem
                self.notify(event.problem, severity="error", markup=False)
            return
        self._as_computed = event.shown
        self._show()
        if self.frame is not None:
            self._ask(self.frame)  # it may have gone on meanwhile, and then paused

    def _show(self) -> None:
        """What has come; where what-ifs are in force, the numbers of their graph."""
        shown = self._as_computed
        if shown is None or not self.query(ParametersPane):
            return
        step = self._edited
        if step is not None and step.origin.key == shown.key:  # else its matrices are still to come
            shown = with_what_ifs(shown, step.explorer.graph)
        self.pane.show(shown)
        self._show_selected()

    # -- what is selected ------------------------------------------------------------------------

    def _show_selected(self) -> None:
        """The cursor on what was selected elsewhere, if it is a matrix or an entry of one."""
        selection = self.selection
        name = selection.node if selection.about == "node" else selection.matrix
        if (selection.about, name) == self._shown_selection:
            return
        pane = self.pane
        if not name or pane.go_to(name) or pane.go_to(selection.matrix):
            self._shown_selection = selection.about, name

    @on(ParametersPane.Selected)
    def _select(self, event: ParametersPane.Selected) -> None:
        selection = self.selection.with_matrix(event.matrix)
        if event.entry:
            selection = self.selection.with_node(event.entry, matrix=event.matrix)
        self._shown_selection = selection.about, event.entry or event.matrix
        self.run_app.select(selection)

    @on(ParametersPane.Opened)
    async def _open(self, event: ParametersPane.Opened) -> None:
        selection = self.selection.with_node(event.entry, matrix=event.matrix)
        self._shown_selection = selection.about, event.entry
        origin = (self.frame.origin or self.frame.upcoming) if self.frame else None
        if origin is not None and not is_read(origin, event.entry):
            self.run_app.select(selection)
            where = f"{event.entry} is not read by “{printable(origin.document)}”"
            self.notify(f"{where}: it is in no graph of it", timeout=4)
            return
        await self.run_app.go_to(selection, mode="graph")

    def number_at_hand(self) -> str:
        """The one under the cursor."""
        return self.pane.number_at_hand()

    def export_job(self) -> tuple[str, Callable[[Path], None]] | None:
        """The screen as it stands."""
        if self.pane.matrix is None:
            return None
        picture = screenshot(self.app, "microgpt-tui: parameters").encode()
        return "parameters", lambda path: write_atomically(path, picture)
