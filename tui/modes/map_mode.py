"""Map mode: the step that is shown as one grid of cells, live, and a walk along its passes."""

from __future__ import annotations

from collections.abc import Callable

from textual import on
from textual.dom import DOMNode
from textual.widget import Widget

from tui.base.base_app import ExportJob
from tui.debugger.explorer import Explorer
from tui.debugger.map_pane import MapPane
from tui.debugger.map_panel import MapPanel
from tui.debugger.selecting import select_cell
from tui.debugger.step_at_hand import OpenedStep
from tui.keys import MAP
from tui.modes.step_mode import StepScreen
from tui.selection import Selection


class MapScreen(StepScreen):
    """Shows the Map of one step."""

    MODE = "map"
    TOOLTIP = "Map mode: the step as one grid of cells"
    ON_SCREEN = (
        "The Map is all numbers of the step, as cells. A column is a position: the letter that is "
        "read, and the one to come. A row is a part of the model, from the embeddings on top to "
        "the loss. The fuller a cell, the larger its numbers: gradients to begin with, v has "
        "others. At the right are the parameters of each row. The pane beside it tells the numbers "
        "of the selected cell, or of the event that the pass is at."
    )
    PLACE_KEYS = MAP
    WAITING, TITLE_OF = "computing the first map", "#map-middle"

    def body(self) -> Widget:
        """The Map, with the debugger's keys."""
        return MapPane()

    @property
    def pane(self) -> MapPane:
        """The Map, and what goes on around it."""
        return self.query_one(MapPane)

    @property
    def panel(self) -> MapPanel:
        """What is selected on the Map, and through which lens it is seen."""
        return self.pane.panel

    @property
    def cell_to_open(self) -> str:
        """Path of the selected cell's scope; none without one, or if one looks into it already."""
        path, explorer = self.panel.path, self.explorer
        return "" if explorer is None or explorer.looks_into(path) else path

    @property
    def place_keys_owner(self) -> DOMNode:
        """The Map."""
        return self.panel

    def preparation(self) -> Callable[[Explorer], None]:
        """The Map at as many rows as there is room for."""
        room = self.panel.room_for_rows

        def fit(explorer: Explorer) -> None:
            explorer.map_fitting(room)

        return fit

    def _show(self, step: OpenedStep) -> None:
        self.pane.histories = self.at_hand.histories
        self.panel.marked = self.at_hand.marked
        super()._show(step)
        self.show_selected()

    def select_here(self, selection: Selection) -> bool:
        """Its cell."""
        return self.panel.show_selected(selection)

    @on(MapPanel.Selected)
    def _select(self, event: MapPanel.Selected) -> None:
        self.selected(select_cell(self.selection, event.map, event.cell))

    def show_marked(self) -> None:
        """Sees changes while a step is marked."""
        self.panel.marked = self.at_hand.marked
        self.panel.see_through("change" if self.panel.marked else "grad")

    def say_if_behind(self) -> None:
        """On the side pane's border."""
        side = self.query_one("#map-side")
        hint = "r: newest step" if self.is_behind else ""
        if side.border_subtitle != hint:  # to say it again would draw it again
            side.border_subtitle = hint

    @on(MapPanel.CellOpened)
    async def _open_cell(self, event: MapPanel.CellOpened) -> None:
        await self.app.run_action(f"app.open_scope({event.path!r})")

    def number_at_hand(self) -> str:
        """The selected cell's, through the lens."""
        return self.panel.number_at_hand() or super().number_at_hand()

    def export_job(self) -> ExportJob | None:
        """The Map as an SVG."""
        step = self.step
        if step is None:
            return None
        number = step.origin.step
        title = f"“{step.origin.document}”, step {number}"
        return self.pane.export_job(f"map-step{number}", title)
