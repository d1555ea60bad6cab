"""The Map in the terminal, with the debugger's keys and verbs: a walk that lights it up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.text import Text
from textual import on
from textual.app import ComposeResult

from microgpt.debugger.outcome import Outcome
from microgpt.debugger.verbs.search import Found
from microgpt.debugger.verbs.shown import Shown
from microgpt.debugger.verbs.why import Why
from tui.base.base_app import ExportJob
from tui.debugger.map_panel import MapPanel
from tui.debugger.walk_pane import WalkPane
from tui.widgets.map_view import MapView
from viz.maps.export import write_map


class MapPane(WalkPane):
    """Shows one graph's Map at a moment of its passes."""

    histories: Mapping[str, Sequence[float]] = {}
    """Of each row its gradient over the last steps, by `row_keys`."""

    def __init__(self) -> None:
        super().__init__(id="map-pane")

    def compose(self) -> ComposeResult:
        """The Map, what verbs say, and the line that they are typed in."""
        yield MapPanel()
        yield from self.compose_console()

    def on_mount(self) -> None:
        """Keys go to the Map."""
        self.query(MapView).focus()  # none, where the app is left before it is composed

    @property
    def panel(self) -> MapPanel:
        """The Map, and what is selected on it."""
        return self.query_one(MapPanel)

    @property
    def is_walking(self) -> bool:
        """Also while one looks at why a gradient has its value: it is that gradient's step."""
        return super().is_walking or self.panel.lens == "why"

    # -- what is shown -----------------------------------------------------------------------------

    def show(self) -> None:
        """Brings the Map up to date."""
        if self.explorer is not None:
            self.panel.show(self.explorer, self.histories)
            self.show_place()
            self.post_message(self.Moved())

    def show_place(self) -> None:
        """Says around the Map what it is of, through which lens, and when."""
        explorer = self.explorer
        if explorer is None:
            return
        middle = self.panel.query_one("#map-middle")
        middle.border_title = Text(f"{self.caption} · view: {self.panel.lens_in_words()}")
        parts = [*explorer.moment_in_words(), self.activity]
        if not explorer.stepping:
            parts = ["n: walk the backward pass · arrows: a cell · v: view", self.activity]
        middle.border_subtitle = Text(" · ".join(filter(None, parts)))

    @on(MapPanel.LookChanged)
    def _say_lens(self) -> None:
        self.show_place()

    # -- what verbs are about ----------------------------------------------------------------------

    def reference(self) -> str:
        """The selected cell's scope or matrix, else the node visited."""
        return self.panel.reference()

    def selected_node(self) -> int | None:
        """A cell is of many; without one, the node visited."""
        return self.panel.node()

    def show_outcome(self, outcome: Outcome) -> None:
        """Selects the cell of what was found; of a `why`, shows the cells that it comes through."""
        match outcome.answer:
            case Shown(view=view):
                self._select_cell_of(view.id)
            case Found(nodes=(node, *_)):
                self._select_cell_of(node)
            case Why(node=node) if self.explorer is not None:
                self.panel.show(self.explorer, self.histories)
                self.panel.ask_why(node)

    def _select_cell_of(self, node: int) -> None:
        if self.explorer is not None:
            self.panel.show(self.explorer, self.histories)
            self.panel.select_cell_of(node)

    def action_why(self) -> None:
        """Asks about the visited node; with a cell selected, about its strongest output."""
        node = self.panel.strongest_output()
        if node is None:
            super().action_why()
        else:
            self.run_line(f"why #{node}")

    def select_nothing(self) -> None:
        """Heads show all their weights again."""
        self.panel.select(-1)

    # -- writing -----------------------------------------------------------------------------------

    def export_job(self, name: str, caption: str) -> ExportJob | None:
        """The Map as an SVG, all of its rows; None before there is a graph."""
        seen = self.panel.whole_look()
        return None if seen is None else (name, lambda path: write_map(seen, path, caption))
