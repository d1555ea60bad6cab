"""The debugger on its own: one graph in the terminal, for `microgpt.debug(loss)`."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import Static

from microgpt.debugger import DebugSession
from tui.base.app_runner import prompt_keys
from tui.base.base_app import BaseApp, ExportJob
from tui.debugger.debugger_pane import DebuggerPane
from tui.debugger.explorer import Explorer
from tui.keys import ALONE, BOXES, MAP, WALK, bindings_for
from tui.widgets.key_footer import KeyFooter


class GraphApp(BaseApp):
    """Shows one session's graph until the person leaves."""

    INTRODUCTION = (
        "A computation, scalar by scalar. Boxes open down to single scalars; both passes go on and "
        "back one event at a time; every number is read from the graph. `:` takes any verb of the "
        "debugger, and `help` there lists them."
    )
    KEY_SECTIONS = (ALONE, WALK, MAP, BOXES)
    BINDINGS = bindings_for(ALONE.keys)

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

    def export_job(self) -> ExportJob | None:
        """The boxes in sight."""
        return self.query_one(DebuggerPane).export_job("graph", self._title)


def open_session(session: DebugSession, title: str) -> None:
    """Shows a session until the person leaves it; a front end of `microgpt.debug`."""
    with prompt_keys():
        GraphApp(session, title).run()
