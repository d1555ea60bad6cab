"""Graph mode: the graph of the step that is shown, in the debugger's panes.

The graph is built in a worker thread, which posts one message with the frozen result.
"""

from __future__ import annotations

from contextlib import suppress

from textual import on, work
from textual.dom import DOMNode
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from microgpt.debugger import DebugSession
from microgpt.debugger.post_mortem import compute
from microgpt.errors import MicrogptError
from microgpt.train.graph_origin import GraphOrigin
from tui.base.base_app import ExportJob
from tui.debugger.box_tree import BoxTree
from tui.debugger.debugger_pane import DebuggerPane
from tui.debugger.explorer import Explorer, Standpoint
from tui.debugger.layout import Layout, lay_out
from tui.keys import GRAPH, Key, KeySection, bindings_for
from tui.modes.mode_screen import ModeScreen
from tui.training.run_frame import RunFrame
from viz.dot import printable


class GraphScreen(ModeScreen):
    """Explores the graph of one step."""

    MODE = "graph"
    TOOLTIP = "Graph mode: the current step's graph"
    KEYS = (
        Key("r", "newest", "Newest", "Graph of the newest step, from the top", in_footer=False),
    )
    BINDINGS = bindings_for(KEYS)

    class GraphBuilt(Message):
        """A step's graph is there, ready to be shown where the person stood."""

        def __init__(
            self,
            origin: GraphOrigin,
            explorer: Explorer,
            layout: Layout | None,
            place: Standpoint | None,
            window: Size,
        ) -> None:
            super().__init__()
            self.origin = origin  # whose graph it is
            self.explorer = explorer  # stands there in it
            self.layout = layout  # of its view, None if there can be none
            self.place = place  # where the person stood
            self.window = window  # what the layout is for

    class BuildFailed(Message):
        """A step's graph cannot be built."""

        def __init__(self, problem: str) -> None:
            super().__init__()
            self.problem = problem

    shown_step = 0  # the training step whose graph is shown
    _building = 0
    _document = ""

    def __init__(self) -> None:
        super().__init__()
        self._wants_newest = False
        self._wants_this = False  # the step gone to in time, in whatever box is open
        self._was_past = False
        self._said = ""

    def body(self) -> Widget:
        """The debugger."""
        return DebuggerPane()

    @property
    def pane(self) -> DebuggerPane:
        """The debugger's panes."""
        return self.query_one(DebuggerPane)

    @classmethod
    def key_sections(cls) -> tuple[KeySection, ...]:
        """Those of any graph, and its own beside them."""
        return (GRAPH, KeySection("graph of training", cls.KEYS))

    @property
    def keys_by_owner(self) -> tuple[tuple[tuple[Key, ...], DOMNode], ...]:
        """The panes have the keys of any graph."""
        return ((GRAPH.keys, self.pane), (self.KEYS, self))

    @property
    def explorer(self) -> Explorer | None:
        """Where the person stands in the graph, None until the first one is there."""
        return self.pane.explorer

    def on_mount(self) -> None:
        """Until the first graph is built, say so."""
        self.query_one("#middle").border_title = "building the graph of the first step …"

    # -- the graph of a step -------------------------------------------------------------------

    def show_frame(self, frame: RunFrame) -> None:
        """Says what is missing while there is no step to show."""
        super().show_frame(frame)
        if frame.result is None and frame.origin is not None:
            self._follow(frame.origin, frame)  # the first step of all has failed
        elif frame.result is None and frame.status == "paused":
            self.query_one("#middle").border_title = "no step yet: n in mode 1 trains one"

    def show_result(self, frame: RunFrame) -> None:
        """Follows training at the overview; an opened box keeps its step until asked."""
        assert frame.origin is not None
        self._follow(frame.origin, frame)

    def _follow(self, origin: GraphOrigin, frame: RunFrame) -> None:
        travels = frame.past or self._was_past
        self._was_past = frame.past
        self._wants_this = self._wants_this or travels
        if (travels or not self.pane.is_pinned) and origin.step != self.shown_step:
            self._build(origin)
        self._say_if_behind()

    def _build(self, origin: GraphOrigin) -> None:
        if not self._building:
            self._building = origin.step
            self._build_graph(origin, self._problem_of(origin), self.pane.place, self.pane.window)

    def _problem_of(self, origin: GraphOrigin) -> str:
        """Why training stopped at a step, `""` at any other."""
        frame = self.frame
        failed = frame is not None and frame.status == "failed" and frame.origin is origin
        return frame.problem if frame is not None and failed else ""

    # Without a description Textual makes one of all parameters.
    @work(thread=True, exit_on_error=True, description="a graph")
    def _build_graph(
        self, origin: GraphOrigin, problem: str, place: Standpoint | None, window: Size
    ) -> None:
        try:
            computed = compute(origin.model, origin.document)
            session = DebugSession(computed.graph, origin, computed.problem or problem)
            explorer = Explorer.arriving(session, place)
        except MicrogptError as error:
            self.post_message(self.BuildFailed(str(error)))
        else:
            layout = None
            with suppress(MicrogptError):  # the pane will ask for it again, and say why
                layout = lay_out(explorer.view, *window)
            self.post_message(self.GraphBuilt(origin, explorer, layout, place, window))
            origin.model.expect_graphs(origin.document)  # the next step's will be wanted soon

    @on(GraphBuilt)
    def _take_graph(self, event: GraphBuilt) -> None:
        self._building = 0
        if self.pane.is_pinned and not (self._wants_newest or self._wants_this):
            return  # a box was opened meanwhile
        self._wants_newest = self._wants_this = False
        self.shown_step, self._document = event.origin.step, event.origin.document
        caption = f"“{printable(self._document)}” · step {self.shown_step}"
        explorer = event.explorer
        if event.layout is not None:
            self.pane.expect(event.layout, event.window)
        if event.place != self.pane.place:  # moved meanwhile
            explorer = Explorer.arriving(explorer.session, self.pane.place)
        self.pane.take(explorer, caption)
        if self._problem_of(event.origin):
            self.pane.run_line("anomalies")
        frame = self.frame
        if frame and frame.origin:  # training may have gone on meanwhile, and then paused
            self._follow(frame.origin, frame)

    @on(BuildFailed)
    def _say_not_built(self, event: BuildFailed) -> None:
        self._building = 0
        self._wants_newest = False
        if event.problem != self._said:  # once: the next step may have the same trouble
            self._said = event.problem
            self.notify(event.problem, severity="error", markup=False)

    @on(DebuggerPane.Moved)
    def _note_move(self) -> None:
        if self.pane.is_pinned:
            self._wants_newest = False
        self._say_if_behind()

    def _say_if_behind(self) -> None:
        """While a box is open, training goes on without the graph."""
        origin = self.frame.origin if self.frame else None
        is_behind = self.pane.is_pinned and origin is not None and origin.step != self.shown_step
        hint, tree = "r: newest step" if is_behind else "", self.query_one(BoxTree)
        if tree.border_subtitle != hint:  # to say it again would draw it again
            tree.border_subtitle = hint

    def action_newest(self) -> None:
        """Drops what is open and shows the newest step's graph."""
        if self.frame and self.frame.origin and self.explorer:
            self.pane.start_anew()
            self._wants_newest = True
            self._build(self.frame.origin)

    def open_from_map(self, origin: GraphOrigin, session: DebugSession, path: str) -> None:
        """Looks into a scope where the Map stands; closing it leads back to the Map."""
        stands = DebugSession(session.graph, origin, session.problem)
        stands.goto_moment(session.state.moment)
        explorer = Explorer(stands)
        explorer.stepping = session.state.moment > 0
        box = explorer.folding.scope(path)
        explorer.look_into(box)
        self.shown_step, self._document = origin.step, origin.document
        self.pane.way_back = box.key
        self.pane.take(explorer, f"“{printable(origin.document)}” · step {origin.step}")

    @on(DebuggerPane.WentBack)
    async def _back_to_map(self) -> None:
        self.pane.start_anew()
        await self.app.run_action("app.mode('map')")

    def export_job(self) -> ExportJob | None:
        """The boxes in sight, drawn by Graphviz."""
        return self.pane.export_job(
            f"graph-step{self.shown_step}", f"“{self._document}”, step {self.shown_step}"
        )
