"""Graph mode: the graph of the step that is shown, in the debugger's panes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from rich.text import Text
from textual import on
from textual.message import Message
from textual.widget import Widget

from microgpt.errors import MicrogptError
from tui.base.base_app import ExportJob
from tui.base.thread_work import in_thread
from tui.debugger.debugger_pane import DebuggerPane
from tui.debugger.explorer import Explorer
from tui.debugger.layout import lay_out
from tui.debugger.map_panel import MapPanel
from tui.debugger.selecting import go_to, select_box, select_cell
from tui.debugger.step_at_hand import OpenedStep
from tui.debugger.still_explorer import StillExplorer
from tui.keys import BOXES
from tui.modes.step_mode import StepScreen
from tui.selection import Selection


class GraphScreen(StepScreen):
    """Explores the graph of one step."""

    MODE = "graph"
    TOOLTIP = "Graph mode: the step down to its scalars"
    ON_SCREEN = (
        "In the middle is the computation as boxes: each stands for a part of the model or, "
        "furthest in, for one scalar with its op, data and gradient. Edges run from operands to "
        "what is computed of them; the number on an edge counts those that it stands for. At the "
        "left the Map shows where that is, below is the line of Python that made the node, and the "
        "inspector has every number of what is selected or visited. While the Map stands in the "
        "middle, enter opens a cell."
    )

    class RegionOpened(Message):
        """A scope of a step that is too large to be opened is there."""

        def __init__(self, step: OpenedStep, path: str, explorer: Explorer) -> None:
            super().__init__()
            self.step = step
            self.path = path
            self.explorer = explorer

    def __init__(self) -> None:
        super().__init__()
        self._stood: tuple[str, str] | None = None  # the boxes looked into and selected
        self._region_path = ""  # the scope that was opened last
        self._region_shown: object = None  # the step and path of the region on screen
        self._region_asked: object = None  # and of the one that is computed

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

    # -- what is selected ------------------------------------------------------------------------

    def select_here(self, selection: Selection) -> bool:
        """The scalar, or inside the cell or head; of anything else its box, if it is in sight."""
        explorer, pane = self.explorer, self.pane
        if explorer is None or explorer.why_still or explorer.graph.region is not None:
            return explorer is not None
        if pane.shows_map and selection.about not in ("node", "cell", "head"):
            return pane.select_on_map(selection)
        if go_to(selection, explorer):
            if explorer.focus.parent is not None and selection.about in ("cell", "head"):
                pane.way_back = explorer.focus.key
            self._stood = explorer.focus.key, explorer.selected
            pane.show()
        return True

    @on(MapPanel.Selected)
    def _select_cell(self, event: MapPanel.Selected) -> None:
        self.selected(select_cell(self.selection, event.map, event.cell))

    @on(DebuggerPane.Moved)
    def _note_box(self) -> None:
        """The person has gone to another box; where the walk leads, the event is what it is."""
        explorer, pane = self.explorer, self.pane
        if explorer is None or explorer.why_still or pane.shows_map:
            return
        stands = explorer.focus.key, explorer.selected
        before, self._stood = self._stood, stands
        if before is None or before == stands:
            return
        box = explorer.selected_box
        if box.kind == "node" and box.node == explorer.visited:
            visited = explorer.graph.scope(box.node)
            self.selected(self.selection.nothing().at_event(self.selection.moment, visited))
        else:
            self.selected(select_box(self.selection, explorer, box))

    def _show(self, step: OpenedStep) -> None:
        if isinstance(step.explorer, StillExplorer):
            self._stood = None
            self._left_at = self._moment_of(step.explorer)
            self._show_region(step, step.explorer)
            return
        self._stood = step.explorer.focus.key, step.explorer.selected
        self.pane.mark(self.at_hand.marked)
        super()._show(step)

    # -- a step of which only regions are opened -------------------------------------------------

    def _show_region(self, step: OpenedStep, still: StillExplorer) -> None:
        """The scope that was opened last, of this step; until it is there, what is waited for."""
        shown = (step.origin.key, self._region_path)
        if not self._region_path:
            self._said = "⏎ on a cell of the Map opens its scalars here"
            self.query_one(self.TITLE_OF).border_title = Text(self._said)
        elif shown not in (self._region_shown, self._region_asked):
            self._region_asked = shown
            self._open_region(step, still, self._region_path)

    @in_thread("region")
    def _open_region(self, step: OpenedStep, still: StillExplorer, path: str) -> None:
        try:
            self.post_message(self.RegionOpened(step, path, still.region(path)))
        except MicrogptError as error:
            self.post_message(self.NotOpened(str(error)))

    @on(RegionOpened)
    def _take_region(self, event: RegionOpened) -> None:
        self._region_shown = (event.step.origin.key, event.path)
        region = event.explorer.graph.region
        assert region is not None
        caption = f"a region of {region.n_whole:,} nodes · step {event.step.origin.step}"
        self.pane.way_back = event.explorer.focus.key
        self.pane.take(event.explorer, caption)

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
        if isinstance(step.explorer, StillExplorer):
            self._region_path = path
            self._show_region(step, step.explorer)
            return
        box = step.explorer.folding.scope(path)
        step.explorer.look_into(box)
        self.pane.way_back = box.key
        self._show(step)

    @on(DebuggerPane.WentBack)
    async def _back_to_map(self) -> None:
        if self.step is None or not self.step.explorer.why_still:
            self.pane.close_all()
        await self.app.run_action("app.mode('map')")

    def export_job(self) -> ExportJob | None:
        """The boxes in sight, drawn by Graphviz, or the Map."""
        if self.step is None:
            return None
        return self.pane.export_job(
            f"graph-step{self.shown_step}", f"“{self.step.origin.document}”, step {self.shown_step}"
        )
