"""What every pane around a graph has: the walk along its passes, and the debugger's verbs.

What a verb means is the headless debugger's affair: keys, the `:` line and the prompt all go
through the same parser. Verbs that may take long run in a worker thread. How the graph is shown,
as a Map or as boxes, is told by the panes that are built on this one.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal, TypeAlias

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from microgpt.debugger.console import Console
from microgpt.debugger.outcome import Outcome
from microgpt.debugger.verbs import TypedLine, parse
from microgpt.debugger.verbs.arguments import count_of
from microgpt.debugger.verbs.where import Standing
from microgpt.errors import MicrogptError
from tui.base.thread_work import in_thread
from tui.debugger.answer_log import AnswerLog
from tui.debugger.cell_walk import Stage
from tui.debugger.command_line import CommandLine
from tui.debugger.explorer import Explorer, Standpoint, why_not
from tui.debugger.player import Player
from tui.debugger.said import Said
from tui.debugger.seeking import carried_out
from tui.keys import WALK, bindings_for

Stride: TypeAlias = Literal["event"] | Stage
"""By what a walk goes on."""


class WalkPane(Vertical):
    """Shows one graph at a moment of its passes, and goes on and back in time."""

    BINDINGS = bindings_for(WALK.keys)

    class Moved(Message):
        """The person stands somewhere else, in space or time."""

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

    class PaceAsked(Message):
        """Faster or slower was asked for while nothing plays here."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    explorer: Explorer | None = None  # where the person stands, None until the first graph is there
    caption = ""  # what the graph is of

    def __init__(self, id: str) -> None:  # noqa: A002  # Textual's own name for it
        super().__init__(id=id)
        self._reader: Console | None = None
        self._busy = ""  # the verb that is being computed
        self._remark = Said(self, self.show_place)
        self._stride: Stride | None = None  # of the last key that went on or back
        self.player = Player(self, self._play_on)

    def compose_console(self) -> ComposeResult:
        """What verbs say, and the line that they are typed in."""
        yield AnswerLog()
        yield CommandLine(self._completions)

    # -- what the panes built on this one say ----------------------------------------------------

    @abstractmethod
    def show(self) -> None:
        """Brings every pane up to date."""

    @abstractmethod
    def show_place(self) -> None:
        """Says what is looked at, and when."""

    @abstractmethod
    def reference(self) -> str:
        """What is selected, in the debugger's words: a node, a scope or parameters; or `""`."""

    @abstractmethod
    def selected_node(self) -> int | None:
        """The selected single node, None if none is."""

    @abstractmethod
    def show_outcome(self, outcome: Outcome) -> None:
        """Goes in space where a verb has led to in time, or what it has found."""

    @property
    def own_stride(self) -> Stride:
        """By what playing goes before a key has said so."""
        return "cell"

    # -- the graph -------------------------------------------------------------------------------

    @property
    def place(self) -> Standpoint | None:
        """Where the person stands, None before there is a graph."""
        return self.explorer.place if self.explorer else None

    @property
    def activity(self) -> str:
        """A verb that is being computed, that the pass plays, or what was just said."""
        if self._busy:
            return f"computing {self._busy} …"
        return self.player.in_words() or self._remark.words

    @property
    def is_walking(self) -> bool:
        """Whether the person is in the middle of something that another graph would end."""
        explorer = self.explorer
        return explorer is not None and (explorer.stepping or bool(explorer.edits))

    def take(self, explorer: Explorer, caption: str) -> None:
        """Shows another graph, with the stops of the one before.

        Args:
            explorer: where in it.
            caption: what it is the graph of.
        """
        before, session = self.explorer, explorer.session
        if before is not None and before.session is not session:
            session.take_stops(before.session)
        self.explorer, self.caption = explorer, caption
        if before is None or before.session is not session:
            self._reader = Console(session)
            if session.state.stop.reason == "post mortem":
                self._tell("where", Standing.of(session).lines(), is_error=True)
        self.show()
        self._expect_moves(explorer)

    @in_thread("moves")
    def _expect_moves(self, explorer: Explorer) -> None:
        explorer.expect_moves()

    # -- verbs -----------------------------------------------------------------------------------

    def run_line(self, line: str, *, quietly: bool = False) -> None:
        """Carries out a line of the debugger's language.

        Args:
            quietly: a move shows in the panes; it need not be told in the console, too.
        """
        if self._reader is None or why_not(self.explorer):
            self._say_none_yet()
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
            outcome = carried_out(self.explorer, self._reader, typed)
        except MicrogptError as error:
            self._tell(line, [str(error)], is_error=True)
            return
        self._follow(line, outcome, quietly=quietly)

    def _say_none_yet(self) -> None:
        self.notify(why_not(self.explorer), timeout=2)

    @in_thread("verb")
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
            self._remark.say(f"this is the {outcome.state.stop.reason}")
        if outcome.verb == "quit":
            self.app.exit()
            return
        if session.graph is not explorer.graph:
            self.explorer = Explorer(session)
            self.explorer.go_where(explorer.place)
            explorer = self.explorer
        if isinstance(outcome.answer, Standing) and outcome.verb != "where":
            explorer.stepping = True
        self.show_outcome(outcome)
        if not quietly:
            self._tell(line, outcome.lines())
        self.show()

    def _tell(self, line: str, lines: list[str], *, is_error: bool = False) -> None:
        self.add_class("-telling")
        width, room = self.size
        self.query_one(AnswerLog).tell(line, lines, is_error=is_error, width=width, room=room)

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

    # -- keys that go on and back ----------------------------------------------------------------

    def action_verb(self, line: str) -> None:
        """Carries out a move at once."""
        self.player.stop()
        self.run_line(line, quietly=True)

    def action_step(self, verb: str) -> None:
        """Goes by one event; the first time, to the selected node's visit or the backward pass."""
        self.player.stop()
        self._stride = "event"
        if not self._begin(self.selected_node()):
            self.run_line(verb, quietly=True)

    def _begin(self, node: int | None = None) -> bool:
        """Begins to walk, at a node's visit or with the backward pass; False if it is under way."""
        explorer = self.explorer
        if explorer is None or explorer.stepping:
            return False
        if not (place := explorer.first_place(node)):
            explorer.stepping = True
            return False
        self.run_line(f"goto {place}", quietly=True)
        return True

    def action_complete(self, stage: Stage, direction: int) -> None:
        """Goes to where the next cell or column is complete, or the one before was."""
        self.player.stop()
        self._stride = stage
        if self.explorer is None:
            self._say_none_yet()
        elif not self._begin() and not self._complete(stage, direction):
            self._remark.say("this is the end" if direction > 0 else "this is the start")

    def _complete(self, stage: Stage, direction: int) -> bool:
        explorer = self.explorer
        goes_on = explorer is not None and explorer.cells.go(stage, direction)
        if goes_on:
            self.show_moment()
            self.show()
        return goes_on

    def show_moment(self) -> None:
        """Goes in space where the walk has led to."""

    def action_first_event(self) -> None:
        """To the first event of the backward pass; from there to the first of the forward pass."""
        explorer = self.explorer
        if explorer is None:
            return
        state = explorer.state
        at_backward_0 = explorer.stepping and (state.phase, state.event) == ("backward", 0)
        in_forward = explorer.stepping and state.phase == "forward"
        to_start = in_forward or at_backward_0 or not explorer.graph.backpropagated
        self.action_verb("goto start" if to_start else "goto backward 0")

    def action_play(self, direction: int) -> None:
        """Goes on by itself until a stop, the end, or any other verb; again, stops."""
        if why_not(self.explorer):
            self._say_none_yet()
            return
        self.player.toggle(direction)
        self.show_place()

    def _play_on(self, moves: int) -> None:
        """Goes on or back as the last key did: by events, cells or columns."""
        explorer, direction = self.explorer, self.player.direction
        if explorer is None:
            return
        stride = self._stride or self.own_stride
        if self._begin(self.selected_node() if stride == "event" else None):
            return
        if stride == "event":
            self.run_line(f"{'step' if direction > 0 else 'back'} {moves}", quietly=True)
            goes_on = explorer.state.stop.reason not in ("end", "start")
        else:
            goes_on = all(
                explorer.cells.go(stride, direction) and not explorer.state.stop.points
                for _ in range(moves)
            )
            self.show_moment()
            self.show()
        if not goes_on or explorer.state.stop.points:
            self.player.stop()
            self.show_place()

    def action_faster(self, by: int) -> None:
        """Faster or slower: the pass while it plays, else what computes."""
        if not self.player.is_playing:
            self.post_message(self.PaceAsked(by))
            return
        self.player.change_speed(by)
        self.show_place()

    # -- keys that are verbs about what is selected ----------------------------------------------

    def action_on_selection(self, verb: str) -> None:
        """Carries out a verb about what is selected."""
        if self.explorer is None:
            return
        if reference := self.reference():
            self.run_line(f"{verb} {reference}")
        else:
            self.notify(f"{verb} is about a node, a scope or a matrix: select one", timeout=3)

    def action_why(self) -> None:
        """Asks why a gradient has its value: the selected node's, else the visited one's."""
        self.run_line("why" if self.selected_node() is None else f"why {self.reference()}")

    def action_zero(self) -> None:
        """What if what is selected gave 0."""
        if self.selected_node() is None:
            self.action_on_selection("zero")
        else:
            self.run_line(f"set {self.reference()} = 0")

    def action_undo(self) -> None:
        """Takes the last what-if back."""
        self.run_line("undo")

    def action_line(self, beginning: str = "") -> None:
        """Opens the `:` line."""
        self.player.stop()
        self.query_one(CommandLine).open(beginning)

    def action_edit(self) -> None:
        """Opens the `:` line on a new value for the selected node."""
        explorer, node = self.explorer, self.selected_node()
        if explorer is not None and node is not None:
            value = float(explorer.graph.data[node])
            self.action_line(f"set {self.reference()} = {value!r}")
        else:
            self.notify("a value is a single node's: open the cell or box", timeout=3)

    def action_leave(self) -> None:
        """Hides the console; without one, lets go of what is selected."""
        if self.has_class("-telling"):
            self.remove_class("-telling")
        else:
            self.select_nothing()

    def select_nothing(self) -> None:
        """Lets go of what is selected, where that can be."""
