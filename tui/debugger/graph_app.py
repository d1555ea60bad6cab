"""The debugger on its own: one graph in the terminal, for `microgpt.debug(loss)`."""

from __future__ import annotations

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import Static

from microgpt.debugger import DebugSession
from microgpt.graph.graph import Graph
from tui.base.app_runner import prompt_keys
from tui.base.base_app import ExportJob
from tui.base.thread_work import in_thread
from tui.debugger.debugger_pane import DebuggerPane
from tui.debugger.explorer import Explorer
from tui.debugger.program_app import ProgramApp
from tui.doctor.doctor_panel import DoctorPanel
from tui.doctor.pass_doctor import Checkup, checkup_of
from tui.keys import ALONE, BOXES, MAP, WALK, bindings_for
from tui.widgets.findings_view import FindingsView
from tui.widgets.key_footer import KeyFooter


class GraphApp(ProgramApp):
    """Shows one session's graph until the person leaves."""

    INTRODUCTION = (
        "A computation, scalar by scalar. Boxes open down to single scalars; both passes go on and "
        "back one event at a time; every number is read from the graph. `:` takes any verb of the "
        "debugger, and `help` there lists them."
    )
    KEY_SECTIONS = (ALONE, WALK, MAP, BOXES)
    BINDINGS = bindings_for(ALONE.keys)

    class Examined(Message):
        """The doctor has looked at the graph."""

        def __init__(self, checkup: Checkup) -> None:
            super().__init__()
            self.checkup = checkup

    def __init__(self, session: DebugSession, title: str = "") -> None:
        super().__init__()
        self._session = session
        self._title = title

    def compose(self) -> ComposeResult:
        """What it is, the panes, the keys."""
        yield Static(Text(f" {self._title or self._session.graph!r}"), classes="title")
        yield DebuggerPane()
        yield KeyFooter()

    def on_mount(self) -> None:
        """The graph is there from the start."""
        self.query_one(DebuggerPane).take(Explorer.arriving(self._session, None), self._title)
        self.query_one(DoctorPanel).works()
        self._examine(self._session.graph)

    @in_thread("doctor")
    def _examine(self, graph: Graph) -> None:
        checkup = checkup_of(graph, self._session.methods)
        if checkup.seen is not None:
            _ = checkup.seen.off, checkup.seen.slopes  # computed here, and not on screen
        self.post_message(self.Examined(checkup))

    @on(Examined)
    def _show_checkup(self, event: Examined) -> None:
        if not self.is_left:
            self.query_one(DebuggerPane).take_checkup(event.checkup)

    @on(FindingsView.Chosen)
    def _go_to_finding(self, event: FindingsView.Chosen) -> None:
        finding = self.query_one(DoctorPanel).finding(event.place)
        if finding is not None:
            self.query_one(DebuggerPane).go_to_finding(finding)

    def export_job(self) -> ExportJob | None:
        """The boxes in sight."""
        return self.query_one(DebuggerPane).export_job("graph", self._title)


def open_session(session: DebugSession, title: str) -> None:
    """Shows a session until the person leaves it; a front end of `microgpt.debug`."""
    with prompt_keys():
        GraphApp(session, title).run()
