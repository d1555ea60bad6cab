"""The debugger's panes around one graph, and the keys and verbs that work there.

Layouts are computed in worker threads, as are verbs that take long; each posts one message with a
frozen result, and the handlers alone change widgets. What a verb means is the debugger's own
affair: keys, the `:` line and the headless prompt all go through the same parser.
"""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.geometry import Size
from textual.message import Message
from textual.timer import Timer
from textual.widgets import RichLog

from microgpt.debugger import DebugSession, transcript
from microgpt.debugger.console import Console
from microgpt.debugger.outcome import Found, Outcome, Shown
from microgpt.debugger.verbs import parse
from microgpt.errors import MicrogptError
from tui.bindings import bindings_for
from tui.debugger.canvas import CanvasState, GraphCanvas
from tui.debugger.command_line import CommandLine
from tui.debugger.explorer import Explorer
from tui.debugger.inspector import Inspector
from tui.debugger.layout import Layout, lay_out
from tui.debugger.scope_tree import ScopeTree
from tui.debugger.source_pane import SourcePane
from tui.debugger.stops_panel import StopsPanel
from tui.keys import GRAPH
from tui.themes import theme_color
from viz.view import View

MAX_CONSOLE_LINES = 2_000

PLAY_EVENTS = 12
"""Events a second while playing: as fast as one can follow."""


class DebuggerPane(Vertical):
    """Explores one graph at a time.

    Attributes:
        explorer: where the person stands, None until the first graph is there.
        caption: what the graph is of, shown under the canvas.
    """

    BINDINGS = bindings_for(GRAPH)

    class Moved(Message):
        """The person stands somewhere else, in space or time."""

    class LaidOut(Message):
        """A view has its places, for a window of some size."""

        def __init__(self, layout: Layout, size: Size) -> None:
            super().__init__()
            self.layout = layout
            self.size = size

    class LayoutFailed(Message):
        """A view cannot be laid out."""

        def __init__(self, problem: str) -> None:
            super().__init__()
            self.problem = problem

    class Answered(Message):
        """A verb that took long is done, or could not be."""

        def __init__(self, line: str, outcome: Outcome | None, problem: str = "") -> None:
            super().__init__()
            self.line = line
            self.outcome = outcome
            self.problem = problem

    explorer: Explorer | None = None
    caption = ""
    _reader: Console | None = None
    _player: Timer | None = None
    _busy = ""  # the verb that is being computed

    def __init__(self) -> None:
        super().__init__(id="graph")
        self._layouts: dict[tuple[View, Size], Layout] = {}
        self._said = ""

    def compose(self) -> ComposeResult:
        """Tree and stops, canvas and source, inspector; below them console and command line."""
        tree = ScopeTree()
        tree.border_title = "boxes"
        inspector = Inspector(id="inspector")
        inspector.border_title = "inspector"
        log = RichLog(id="console", max_lines=MAX_CONSOLE_LINES, wrap=True, min_width=1)
        log.border_title = "console"
        log.border_subtitle = "esc hides"
        log.display = False
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

    # -- the graph -----------------------------------------------------------------------------

    @property
    def is_pinned(self) -> bool:
        """Whether the person is in the middle of something: a box is open or events are stepped."""
        return self.explorer is not None and (
            self.explorer.focus.parent is not None or self.explorer.stepping
        )

    def take(self, session: DebugSession, caption: str, *, anew: bool = False) -> None:
        """Shows another graph, at the same place and moment, with the same stops.

        Args:
            caption: what it is the graph of.
            anew: from the top, and not where the person stood in the one before.
        """
        before = self.explorer
        if before is not None:
            session.take_stops(before.session)
        self.explorer = Explorer(session)
        self._reader = Console(session)
        if before is not None and not anew:
            self.explorer.go_where(before)
        self.caption = caption
        self.show()

    def start_anew(self) -> None:
        """Closes every box and leaves time."""
        if self.explorer is not None:
            self.explorer = Explorer(self.explorer.session)
            self.show()

    # -- showing where the person stands -------------------------------------------------------

    def show(self) -> None:
        """Brings every pane up to date; asks for a layout if the view has none yet."""
        explorer = self.explorer
        if explorer is None:
            return
        size = self.query_one(GraphCanvas).outer_size  # scrollbars come and go
        layout = self._layouts.get((explorer.view, size))
        if layout is None:
            self._lay_out(explorer.view, size)
        else:
            self._draw(layout)
        self.query_one(ScopeTree).show(explorer.folding, explorer.focus, explorer.selected)
        self.query_one(Inspector).show(explorer)
        box = explorer.selected_box
        visited = explorer.visited
        self.query_one(SourcePane).show(explorer.graph, box.node if box.kind == "node" else visited)
        self.query_one(StopsPanel).show(explorer.session.stops.listed(), explorer.state)
        self._show_place()
        self.post_message(self.Moved())

    def _show_place(self) -> None:
        explorer = self.explorer
        assert explorer is not None
        title = explorer.view.title
        if explorer.focus.parent is None:
            title = f"{title}: {len(explorer.graph):,} nodes"
        parts = [self.caption]
        if explorer.stepping:
            state, timeline = explorer.state, explorer.session.timeline
            last = timeline.n_forward if state.phase == "forward" else explorer.graph.n_events - 1
            parts.append(f"{state.phase} event {state.event:,}/{last:,}")
            parts += [f"{point.kind} {point.number}" for point in state.stop.points]
        if self._busy:
            parts.append(f"computing {self._busy} …")
        elif self._player:
            parts.append("▶ p stops")
        middle = self.query_one("#middle")
        middle.border_title = Text(title)  # as text: documents may look like markup
        middle.border_subtitle = Text(" · ".join(filter(None, parts)))

    @work(thread=True, exclusive=True, group="layout")
    def _lay_out(self, view: View, size: Size) -> None:
        try:
            layout = lay_out(view, max(1, size.width), max(1, size.height))
        except MicrogptError as error:
            self.post_message(self.LayoutFailed(str(error)))
        else:
            self.post_message(self.LaidOut(layout, size))

    @on(LaidOut)
    def _take_layout(self, event: LaidOut) -> None:
        if self.explorer is None or event.layout.view.graph is not self.explorer.graph:
            return
        self._layouts = {
            key: layout
            for key, layout in self._layouts.items()
            if layout.view.graph is self.explorer.graph
        }
        self._layouts[event.layout.view, event.size] = event.layout
        if event.layout.view is not self.explorer.view:
            return
        if event.size == self.query_one(GraphCanvas).outer_size:
            self._draw(event.layout)
        else:
            self.show()  # the window has another size by now

    @on(LayoutFailed)
    def _say_not_laid_out(self, event: LayoutFailed) -> None:
        if event.problem != self._said:  # once: the next view may have the same trouble
            self._said = event.problem
            self.notify(event.problem, severity="error", markup=False)

    def _draw(self, layout: Layout) -> None:
        explorer = self.explorer
        assert explorer is not None
        visited = explorer.visited
        box = explorer.view.box_of(visited) if visited is not None else None
        visits = {b.key: (explorer.n_visited(b), explorer.n_visits(b)) for b in layout.view.boxes}
        state = CanvasState(
            grads=explorer.grads(),
            selected=explorer.selected,
            visited=box.key if box else "",
            visits=visits if explorer.stepping else {},
            forward=explorer.stepping and explorer.state.phase == "forward",
        )
        canvas = self.query_one(GraphCanvas)
        canvas.show(layout, state)
        canvas.reveal(explorer.selected)

    def on_resize(self) -> None:
        """Another window may want another layout."""
        self.call_after_refresh(self.show)

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
            understood = parse(line)
            if understood is None:
                return
            if understood.verb.is_slow:
                self._busy = understood.verb.name
                self._show_place()
                self._compute(self._reader, line)
                return
            outcome = self._reader.execute(line)
        except MicrogptError as error:
            self._tell(line, [str(error)], is_error=True)
            return
        if outcome is not None:
            self._follow(line, outcome, quietly=quietly)

    @work(thread=True, group="verb")
    def _compute(self, console: Console, line: str) -> None:
        try:
            outcome = console.execute(line)
        except MicrogptError as error:
            self.post_message(self.Answered(line, None, str(error)))
        else:
            self.post_message(self.Answered(line, outcome))

    @on(Answered)
    def _take_answer(self, event: Answered) -> None:
        self._busy = ""
        if event.outcome is None:
            self._tell(event.line, [event.problem], is_error=True)
            self._show_place()
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
            self.explorer.go_where(explorer)
            explorer = self.explorer
        match outcome.answer:
            case None if outcome.verb != "where":
                explorer.follow()
            case Shown(node=node):
                explorer.reveal(node)
            case Found(nodes=(node, *_)):
                explorer.reveal(node)
        if not quietly:
            self._tell(line, transcript.lines(session, outcome))
        self.show()

    def _tell(self, line: str, lines: list[str], *, is_error: bool = False) -> None:
        log = self.query_one("#console", RichLog)
        log.display = True
        log.write(Text(f": {line}", "bold"))
        style = theme_color(self.app, "error") if is_error else ""
        for told in lines:
            log.write(Text(told, style))

    def _completions(self, line: str) -> tuple[int, list[str]]:
        return self._reader.completions(line) if self._reader else (0, [])

    @on(CommandLine.Given)
    def _take_line(self, event: CommandLine.Given) -> None:
        self.run_line(event.line)

    @on(CommandLine.Left)
    def _leave_line(self) -> None:
        self.query_one(GraphCanvas).focus()

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
            self._show_place()
        elif self.explorer is not None:
            self._player = self.set_interval(1 / PLAY_EVENTS, self._play_on)

    def _play_on(self) -> None:
        self._step("step")
        explorer = self.explorer
        if explorer is None or explorer.state.stop.points or explorer.state.stop.reason == "end":
            self._stop_playing()
            self._show_place()

    def _stop_playing(self) -> None:
        if self._player is not None:
            self._player.stop()
            self._player = None

    def action_hide_console(self) -> None:
        """Gives the console's room back to the canvas."""
        self.query_one("#console").display = False

    # -- keys and mouse in space ---------------------------------------------------------------

    def _move(self, move: Callable[[Explorer], bool], otherwise: str) -> None:
        if self.explorer is None:
            return
        if move(self.explorer):
            self.show()
        else:
            self.notify(otherwise, timeout=2)

    def action_open(self) -> None:
        """Looks into the selected box."""
        self._move(lambda explorer: explorer.open(), "a single scalar: nothing is inside")

    def action_close(self) -> None:
        """Backs out."""
        self._move(lambda explorer: explorer.close(), "this is the whole graph")

    def action_select(self, direction: str) -> None:
        """Selects the box in a direction."""
        layout = self.query_one(GraphCanvas).placed
        # Keys of boxes last from graph to graph, so the picture of the one before will do.
        if self.explorer and layout and layout.view.focus.key == self.explorer.focus.key:
            beside = layout.beside(self.explorer.selected, direction)
            if beside:
                self.explorer.select(beside.box.key)
                self.show()

    def action_pan(self, x: int, y: int) -> None:
        """Moves the window over the canvas by a box's size."""
        self.query_one(GraphCanvas).scroll_relative(10 * x, 5 * y, animate=False)

    def action_find_visited(self) -> None:
        """Shows the visited node again after looking elsewhere."""
        explorer = self.explorer
        if explorer and explorer.visited is not None:
            explorer.reveal(explorer.visited)
            self.show()
        else:
            self.notify("nothing is being visited: s begins", timeout=2)

    @on(GraphCanvas.BoxPicked)
    def _pick(self, event: GraphCanvas.BoxPicked) -> None:
        if self.explorer:
            self.explorer.select(event.key)
            if event.again:
                self.action_open()
            else:
                self.show()

    @on(ScopeTree.BoxChosen)
    def _choose(self, event: ScopeTree.BoxChosen) -> None:
        if self.explorer:
            self.explorer.look_into(event.box)
            self.show()
