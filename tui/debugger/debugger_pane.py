"""The debugger in the terminal: panes around one graph, and what verbs lead to in them."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message

from microgpt.debugger.outcome import Outcome
from microgpt.debugger.verbs.search import Found
from microgpt.debugger.verbs.shown import Shown
from microgpt.debugger.verbs.where import Standing
from microgpt.debugger.verbs.why import Why
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.pass_evidence import PassEvidence
from tui.base.base_app import BaseApp
from tui.base.thread_work import in_thread
from tui.debugger.box_tree import BoxTree
from tui.debugger.canvas import GraphCanvas
from tui.debugger.explorer import Explorer
from tui.debugger.graph_pane import GraphPane
from tui.debugger.inspector import Inspector
from tui.debugger.map_panel import MapPanel
from tui.debugger.marked import Marked
from tui.debugger.source_pane import SourcePane
from tui.debugger.stops_panel import StopsPanel
from tui.debugger.walk_pane import Stride
from tui.dialogs.program_parameters import ProgramParametersScreen
from tui.doctor.doctor_panel import DoctorPanel
from tui.doctor.pass_doctor import Checkup
from tui.selection import Selection
from tui.training.program_parameters import of_graph
from tui.training.shown_parameters import ShownParameters
from tui.widgets.map_view import MapView
from tui.widgets.small_map import SmallMap


class DebuggerPane(GraphPane):
    """Explores one graph at a time, in space and time."""

    class ParametersRead(Message):
        """The matrices of a graph are there to be shown."""

        def __init__(self, app: BaseApp, explorer: Explorer, shown: ShownParameters) -> None:
            super().__init__()
            self.app = app
            self.explorer = explorer
            self.shown = shown

    _should: PassEvidence | None = None  # the last pass that the doctor has looked at

    def compose(self) -> ComposeResult:
        """The Map; or small Map or list, canvas and source, inspector; console and line below."""
        tree, small = BoxTree(), SmallMap()
        tree.border_title, small.border_title = "boxes", "map"
        tree.add_class("beside")
        small.add_class("beside")
        inspector = Inspector(id="inspector")
        inspector.border_title = "inspector"
        yield MapPanel()
        with Horizontal(id="panes"):
            yield Vertical(small, tree, StopsPanel(), id="left")
            with Vertical(id="center"):
                yield Vertical(GraphCanvas(id="canvas"), id="middle")
                yield SourcePane()
            yield inspector
        yield DoctorPanel()
        yield from self.compose_console()

    def on_mount(self) -> None:
        """Until there is a Map, the canvas says what is waited for; keys go to it."""
        self.query(GraphCanvas).focus()  # none, where the app is left before it is composed

    def focus_view(self) -> None:
        """Gives the keys back to what stands in the middle."""
        self.query_one(MapView if self.shows_map else GraphCanvas).focus()

    # -- the doctor ------------------------------------------------------------------------------

    def take(self, explorer: Explorer, caption: str) -> None:
        """Shows another graph; what the doctor has found out about it stays."""
        if self._should is not None and self._should.graph is explorer.graph:
            explorer.should = self._should
        super().take(explorer, caption)

    def take_checkup(self, checkup: Checkup) -> None:
        """Shows what the doctor says, and marks what it has found wrong in the graph at hand."""
        self.query_one(DoctorPanel).take(checkup)
        self.compare(checkup.seen)

    def compare(self, seen: PassEvidence | None) -> None:
        """Marks where the pass at hand is another than it should be."""
        explorer = self.explorer
        if seen is None:
            return
        _ = seen.off, seen.slopes  # which whoever calls may have computed in a thread
        self._should = seen
        if explorer is not None and explorer.graph is seen.graph and explorer.should is not seen:
            explorer.should = seen
            self.show()

    def go_to_finding(self, finding: Finding) -> None:
        """To the event of a finding in the graph at hand, else to its first node."""
        explorer = self.explorer
        if explorer is None:
            self._say_none_yet()
            return
        if finding.event is not None and 0 <= finding.event < explorer.graph.n_events:
            self.run_line(f"goto backward {finding.event}", quietly=True)
        node = next((each for each in finding.nodes if each < len(explorer.graph)), None)
        if node is None:
            return
        if self.shows_map:
            self._panel.select_cell_of(node)
        else:
            explorer.reveal(node)
        self.show()

    def open_parameters(self, app: BaseApp) -> None:
        """Shows the program's matrices; a number that is chosen there is gone to."""
        if self.explorer is None:
            self._say_none_yet()
        else:
            self._read_parameters(app, self.explorer, self.caption)

    @in_thread("parameters", exclusive=True)
    def _read_parameters(self, app: BaseApp, explorer: Explorer, caption: str) -> None:
        halt = explorer.session.halt
        updates = halt.updates if halt is not None and not explorer.edits else None
        shown = of_graph(explorer.graph, caption, updates)
        self.post_message(self.ParametersRead(app, explorer, shown))

    @on(ParametersRead)
    def _show_parameters(self, event: ParametersRead) -> None:
        explorer = event.explorer
        if explorer is not self.explorer:
            return  # another pass has come meanwhile

        def go(name: str | None) -> None:
            if name is not None and explorer is self.explorer:
                explorer.reveal(explorer.graph.find(name))
                self.show()

        event.app.open_dialog(ProgramParametersScreen(event.shown, self.reference()), go)

    def close_all(self) -> None:
        """Back to the whole graph; where the walk stands stays."""
        if self.explorer is not None:
            self.explorer.look_into(self.explorer.folding.root)
            self.way_back = None
            self.show()

    def select_on_map(self, selection: Selection) -> bool:
        """Selects on the Map what was selected elsewhere; False while there is no Map."""
        return self._panel.show_selected(selection)

    def mark(self, marked: Marked | None) -> None:
        """Has the Map compare with a graph, or with none any more."""
        self._panel.marked = marked
        if self.shows_map and self.explorer is not None:
            self._panel.show(self.explorer)
            self._panel.see_through("change" if marked else "grad")

    # -- what verbs are about, and lead to -------------------------------------------------------

    @property
    def _panel(self) -> MapPanel:
        return self.query_one(MapPanel)

    def reference(self) -> str:
        """The selected box or cell; on the Map without one, the node visited."""
        if self.shows_map:
            return self._panel.reference()
        return self.explorer.reference() if self.explorer else ""

    def selected_node(self) -> int | None:
        """The selected box's, if it is a single node; on the Map the one visited."""
        if self.shows_map:
            return self._panel.node()
        box = self.explorer.selected_box if self.explorer else None
        return box.node if box is not None and box.kind == "node" else None

    def show_outcome(self, outcome: Outcome) -> None:
        """Opens the box of the node that a verb has led to, unless the Map is in the middle."""
        explorer = self.explorer
        assert explorer is not None
        on_map = self.shows_map
        match outcome.answer:
            case Standing() if outcome.verb != "where" and not on_map:
                explorer.follow()
            case Shown(view=view):
                explorer.reveal(view.id)
            case Found(nodes=(node, *_)):
                explorer.reveal(node)
            case Why(node=node) if on_map:
                self._panel.show(explorer)
                self._panel.ask_why(node)

    def show_moment(self) -> None:
        """Opens the box of the node visited, unless the Map is in the middle."""
        if self.explorer is not None and not self.shows_map:
            self.explorer.follow()

    @property
    def own_stride(self) -> Stride:
        """Inside a box by events; on the Map by cells."""
        return "cell" if self.shows_map else "event"

    def action_why(self) -> None:
        """Of a cell, why its strongest output has its gradient; else of the selected node."""
        node = self._panel.strongest_output() if self.shows_map else None
        if node is None or self.explorer is None:
            super().action_why()
        else:
            self.run_line(f"why #{self.explorer.graph.id_of(node)}")

    def select_nothing(self) -> None:
        """On the Map, heads show all their weights again."""
        if self.shows_map:
            self._panel.select(-1)
            self.query_one(MapView).focus()
