"""Graph mode: the graph of the step that is shown, in the debugger's panes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from textual import on
from textual.widget import Widget

from microgpt.errors import MicrogptError
from tui.base.base_app import ExportJob
from tui.debugger.debugger_pane import DebuggerPane
from tui.debugger.explorer import Explorer
from tui.debugger.layout import lay_out
from tui.debugger.step_at_hand import OpenedStep
from tui.keys import BOXES
from tui.modes.step_mode import StepScreen


class GraphScreen(StepScreen):
    """Explores the graph of one step."""

    MODE = "graph"
    TOOLTIP = "Graph mode: the step down to its scalars"
    PLACE_KEYS = BOXES
    WAITING, TITLE_OF = "building the graph of the first step", "#middle"

    def body(self) -> Widget:
        """The debugger."""
        return DebuggerPane()

    @property
    def pane(self) -> DebuggerPane:
        """The debugger's panes."""
        return self.query_one(DebuggerPane)

    @property
    def is_held(self) -> bool:
        """Also where a box is open."""
        return self.step is not None and self.pane.is_pinned

    @property
    def shown_step(self) -> int:
        """The training step whose graph is shown, 0 before the first."""
        return self.step.origin.step if self.step else 0

    def preparation(self) -> Callable[[Explorer], None]:
        """The places of the boxes in sight, which then stand in the first picture already."""
        pane, window = self.pane, self.pane.window
        if pane.explorer is None or pane.shows_map:
            return super().preparation()

        def lay_out_first(explorer: Explorer) -> None:
            with suppress(MicrogptError):  # the pane will ask for it again, and say why
                pane.expect(lay_out(explorer.view, *window), window)

        return lay_out_first

    def _show(self, step: OpenedStep) -> None:
        self.pane.mark(self.at_hand.marked)
        super()._show(step)

    def arrive(self, step: OpenedStep) -> None:
        """Where the walk has gone to on the Map, its scalars are shown."""
        if step.explorer.stepping:
            step.explorer.follow()
        self._show(step)

    def show_marked(self) -> None:
        """Sees changes on the Map while a step is marked."""
        self.pane.mark(self.at_hand.marked)
        self.pane.show()

    def say_if_behind(self) -> None:
        """While a box is open, training goes on without the graph."""
        hint = "r: newest step" if self.is_behind else ""
        for side in self.query("#left > .beside, #map-side"):
            if side.border_subtitle != hint:  # to say it again would draw it again
                side.border_subtitle = hint

    def open_from_map(self, path: str) -> None:
        """Looks into a scope where the Map stands; closing it leads back to the Map."""
        step = self.step
        if step is None:
            return
        box = step.explorer.folding.scope(path)
        step.explorer.look_into(box)
        self.pane.way_back = box.key
        self._show(step)

    @on(DebuggerPane.WentBack)
    async def _back_to_map(self) -> None:
        self.pane.close_all()
        await self.app.run_action("app.mode('map')")

    def export_job(self) -> ExportJob | None:
        """The boxes in sight, drawn by Graphviz, or the Map."""
        if self.step is None:
            return None
        return self.pane.export_job(
            f"graph-step{self.shown_step}", f"“{self.step.origin.document}”, step {self.shown_step}"
        )
