"""The debugger in the terminal: panes around one graph, and the keys and verbs that work there.

What a verb means is the headless debugger's affair: keys, the `:` line and the prompt all go
through the same parser. Verbs that may take long run in a worker thread.
"""

from __future__ import annotations

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widgets import RichLog

from microgpt.debugger.console import Console
from microgpt.debugger.outcome import Outcome
from microgpt.debugger.verbs import TypedLine, parse
from microgpt.debugger.verbs.arguments import count_of
from microgpt.debugger.verbs.search import Found
from microgpt.debugger.verbs.shown import Shown
from microgpt.debugger.verbs.where import Standing
from microgpt.errors import MicrogptError
from tui.debugger.box_tree import BoxTree
from tui.debugger.canvas import GraphCanvas
from tui.debugger.command_line import CommandLine
from tui.debugger.explorer import Explorer, Standpoint
from tui.debugger.graph_pane import GraphPane
from tui.debugger.inspector import Inspector
from tui.debugger.source_pane import SourcePane
from tui.debugger.stops_panel import StopsPanel
from tui.keys import GRAPH, bindings_for
from tui.themes import theme_color

MAX_CONSOLE_LINES = 2_000

PLAY_EVENTS = 12
"""Events a second while playing: as fast as one can follow."""


class DebuggerPane(GraphPane):
    """Explores one graph at a time, in space and time."""

    BINDINGS = bindings_for(GRAPH.keys)

    class Answered(Message):
        """A verb that took long is done, or could not be."""

        def __init__(self, line: str, outcome: Outcome | None, problem: str = "") -> None:
            super().__init__()
            self.line = line
            self.outcome = outcome
            self.problem = problem

    class RunOn(Message):
        """The verb `run` was given: whoever runs the script lets it go on, and shows the graph."""

        def __init__(self, count: int) -> None:
            super().__init__()
            self.count = count

    _reader: Console | None = None
    _player: Timer | None = None
    _busy = ""  # the verb that is being computed

    def compose(self) -> ComposeResult:
        """Tree and stops, canvas and source, inspector; below them console and command line."""
        tree = BoxTree()
        tree.border_title = "boxes"
        inspector = Inspector(id="inspector")
        inspector.border_title = "inspector"
        log = RichLog(id="console", max_lines=MAX_CONSOLE_LINES, wrap=True, min_width=1)
        log.border_title = "console"
        log.border_subtitle = "esc hides"
        with Horizontal(id="panes"):
            yield Vertical(tree, StopsPanel(), id="left")
            with Vertical(id="center"):
                yield Vertical(GraphCanvas(id="canvas"), id="middle")
                yield SourcePane()
            yield inspector
        yield log
        yield CommandLine(self._completions)

    def on_mount(self) -> None:
        """Keys go to the canvas."""
        self.query_one(GraphCanvas).focus()

    @property
    def activity(self) -> str:
        """A verb that is being computed, or that the pass plays."""
        if self._busy:
            return f"computing {self._busy} …"
        return "▶ p stops" if self._player else ""

    # -- the graph -----------------------------------------------------------------------------

    @property
    def place(self) -> Standpoint | None:
        """Where the person stands, None before there is a graph."""
        return self.explorer.place if self.explorer else None

    def take(self, explorer: Explorer, caption: str) -> None:
        """Shows another graph, with the stops of the one before.

        Args:
            explorer: where in it.
            caption: what it is the graph of.
        """
        before, session = self.explorer, explorer.session
        if before is not None:
            session.take_stops(before.session)
        self.explorer = explorer
        self._reader = Console(session)
        self.caption = caption
        if session.state.stop.reason == "post mortem":
            self._tell("where", Standing.of(session).lines(), is_error=True)
        self.show()
        self._expect_moves(explorer)

    @work(thread=True, group="moves", description="what moves need")
    def _expect_moves(self, explorer: Explorer) -> None:
        explorer.expect_moves()

    def start_anew(self) -> None:
        """Closes every box and leaves time."""
        if self.explorer is not None:
            self.explorer = Explorer(self.explorer.session)
            self.show()

    # -- verbs ---------------------------------------------------------------------------------

    def run_line(self, line: str, *, quietly: bool = False) -> None:
        """Carries out a line of the debugger's language.

        Args:
            quietly: a move shows in the panes; it need not be told in the console, too.
        """
        if self._reader is None:
            self.notify("no graph is there yet", timeout=2)
            return
        if self._busy:
            self.notify(f"one moment: {self._busy} is being computed", timeout=2)
            return
        try:
            typed = parse(line)
            if typed is None:
                return
            if typed.verb.name == "run" and self._reader.session.debuggee is not None:
                self.post_message(self.RunOn(count_of(typed.argument)))
                return
            if typed.verb.is_slow:
                self._busy = typed.verb.name
                self.show_place()
                self._compute(self._reader, line, typed)
                return
            outcome = self._reader.carry_out(typed)
        except MicrogptError as error:
            self._tell(line, [str(error)], is_error=True)
            return
        self._follow(line, outcome, quietly=quietly)

    @work(thread=True, group="verb")
    def _compute(self, console: Console, line: str, typed: TypedLine) -> None:
        try:
            outcome = console.carry_out(typed)
        except MicrogptError as error:
            self.post_message(self.Answered(line, None, str(error)))
        else:
            self.post_message(self.Answered(line, outcome))

    @on(Answered)
    def _take_answer(self, event: Answered) -> None:
        self._busy = ""
        if event.outcome is None:
            self._tell(event.line, [event.problem], is_error=True)
            self.show_place()
        else:
            self._follow(event.line, event.outcome)

    def _follow(self, line: str, outcome: Outcome, *, quietly: bool = False) -> None:
        """Shows where a verb has led and tells what it found."""
        explorer = self.explorer
        assert explorer is not None
        session = explorer.session
        if quietly and outcome.state.stop.reason in ("start", "end"):
            self.notify(f"this is the {outcome.state.stop.reason}", timeout=2)
        if outcome.verb == "quit":
            self.app.exit()
            return
        if session.graph is not explorer.graph:
            self.explorer = Explorer(session)
            self.explorer.go_where(explorer.place)
            explorer = self.explorer
        match outcome.answer:
            case Standing() if outcome.verb != "where":
                explorer.follow()
            case Shown(view=view):
                explorer.reveal(view.id)
            case Found(nodes=(node, *_)):
                explorer.reveal(node)
        if not quietly:
            self._tell(line, outcome.lines())
        self.show()

    def _tell(self, line: str, lines: list[str], *, is_error: bool = False) -> None:
        log = self.query_one("#console", RichLog)
        self.add_class("-telling")
        begin = len(log.lines)
        style = theme_color(self.app, "error") if is_error else ""
        # While hidden it has no width, and would wrap after each letter; before there is any, it
        # waits for one by itself.
        width = self.size.width - log.gutter.width - log.styles.scrollbar_size_vertical
        for told in (Text(f": {line}", "bold"), *(Text(told, style) for told in lines)):
            log.write(told, width if width > 0 else None, expand=True, scroll_end=False)
        # A long answer is read from its beginning.
        self.call_after_refresh(log.scroll_to, y=begin, animate=False)

    def _completions(self, line: str) -> tuple[int, list[str]]:
        return self._reader.completions(line) if self._reader else (0, [])

    @on(CommandLine.Given)
    def _take_line(self, event: CommandLine.Given) -> None:
        self.run_line(event.line)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In the line, a `:` is a character; its key comes before all others' (see `Key.first`)."""
        if action in {"line", "edit"} and self.query_one(CommandLine).is_open:
            return False
        return super().check_action(action, parameters)

    # -- keys that are verbs -------------------------------------------------------------------

    def action_verb(self, line: str) -> None:
        """Carries out a move at once."""
        self._stop_playing()
        self.run_line(line, quietly=True)

    def action_step(self, verb: str) -> None:
        """Goes by one event; the first time, to the selected node's visit or the backward pass."""
        self._stop_playing()
        self._step(verb)

    def _step(self, verb: str) -> None:
        explorer = self.explorer
        if explorer is not None and not explorer.stepping and (place := explorer.first_place()):
            self.run_line(f"goto {place}", quietly=True)
        else:
            self.run_line(verb, quietly=True)

    def action_first_event(self) -> None:
        """To the first event of the pass at hand; from there to the first of the other one."""
        explorer = self.explorer
        if explorer is None:
            return
        at_backward_0 = explorer.stepping and explorer.state.event == 0
        has_backward = explorer.graph.backpropagated
        in_forward = explorer.stepping and explorer.state.phase == "forward"
        to_start = in_forward or at_backward_0 or not has_backward
        self.action_verb("goto start" if to_start else "goto backward 0")

    def action_on_selection(self, verb: str) -> None:
        """Carries out a verb about the selected box, or the visited node."""
        if self.explorer is None:
            return
        if reference := self.explorer.reference():
            self.run_line(f"{verb} {reference}")
        else:
            self.notify(f"{verb} is about a node, a scope or a matrix: open the box", timeout=3)

    def action_why(self) -> None:
        """Asks why a gradient has its value: the selected node's, else the visited one's."""
        explorer = self.explorer
        is_node = explorer is not None and explorer.selected_box.kind == "node"
        self.run_line(f"why {explorer.reference()}" if explorer and is_node else "why")

    def action_zero(self) -> None:
        """What if the selected box gave 0."""
        explorer = self.explorer
        if explorer is not None and explorer.selected_box.kind == "node":
            self.run_line(f"set {explorer.reference()} = 0")
        else:
            self.action_on_selection("zero")

    def action_line_now(self, line: str) -> None:
        """Carries out a line as if it had been typed."""
        self.run_line(line)

    def action_line(self, beginning: str = "") -> None:
        """Opens the `:` line."""
        self._stop_playing()
        self.query_one(CommandLine).open(beginning)

    def action_edit(self) -> None:
        """Opens the `:` line on a new value for the selected node."""
        explorer = self.explorer
        if explorer is not None and explorer.selected_box.kind == "node":
            node = explorer.selected_box.node
            value = float(explorer.graph.data[node])
            self.action_line(f"set {explorer.reference()} = {value!r}")
        else:
            self.notify("a value is a single node's: open the box", timeout=3)

    def action_play(self) -> None:
        """Steps by itself until a stop, the end, or any other verb."""
        if self._player is not None:
            self._stop_playing()
            self.show_place()
        elif self.explorer is not None:
            self._player = self.set_interval(1 / PLAY_EVENTS, self._play_on)

    def _play_on(self) -> None:
        if self._player is None:
            return  # a tick that was under way when it was stopped
        self._step("step")
        explorer = self.explorer
        if explorer is None or explorer.state.stop.points or explorer.state.stop.reason == "end":
            self._stop_playing()
            self.show_place()

    def _stop_playing(self) -> None:
        if self._player is not None:
            self._player.stop()
            self._player = None

    def action_hide_console(self) -> None:
        """Gives the console's room back to the canvas."""
        self.remove_class("-telling")
