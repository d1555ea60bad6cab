"""What Map and Graph mode share: the step at hand, which follows training until one walks in it.

A step's graph is computed in a worker thread, which posts one message with the frozen result.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace

from rich.text import Text
from textual import on
from textual.dom import DOMNode
from textual.message import Message

from microgpt.errors import MicrogptError
from microgpt.printable import printable
from microgpt.train.graph_origin import GraphOrigin
from tui.base.thread_work import in_thread
from tui.debugger.explorer import Explorer, Standpoint
from tui.debugger.marked import Marked
from tui.debugger.step_at_hand import OpenedStep, StepAtHand, as_computed, opened, own_text
from tui.debugger.walk_pane import WalkPane
from tui.keys import STEP, WALK, Key, KeySection, bindings_for
from tui.modes.mode_screen import ModeScreen
from tui.selection import Selection
from tui.training.run_frame import RunFrame

MOST_OF_TEXT = 30
"""Of a document, in a title that has to say more. Units: characters."""


class StepScreen(ModeScreen):
    """A mode that shows one training step as a graph."""

    KEYS = STEP.keys
    BINDINGS = bindings_for(KEYS)
    PLACE_KEYS: KeySection  # of how the graph is shown there
    WAITING: str  # what is computed until the first step is there
    TITLE_OF: str  # what that is said on

    class Opened(Message):
        """A step's graph is there, ready to be shown where the person stood."""

        def __init__(self, step: OpenedStep, place: Standpoint | None, worked: float) -> None:
            super().__init__()
            self.step = step
            self.place = place  # where the person stood
            self.worked = worked  # how long the worker did. Units: seconds.

    class NotOpened(Message):
        """A step's graph cannot be computed."""

        def __init__(self, problem: str) -> None:
            super().__init__()
            self.problem = problem

    def __init__(self) -> None:
        super().__init__()
        self._building = False
        self._wants_newest = False
        self._wants_this = False  # the step gone to in time, whatever is open
        self._said = ""
        self._since = time.monotonic()  # the first step is waited for
        self._left_at: tuple[int, int, bool] | None = None  # where this mode has shown the person
        self._shown_selection: Selection | None = None  # what this mode has selected

    def on_mount(self) -> None:
        """Until the first step is there, says what is waited for; of a large graph, how long."""
        self._say_waiting(0)
        timer = self.set_interval(1.0, lambda: self._say_waiting(time.monotonic() - self._since))
        self._waiting_timer = timer

    def _say_waiting(self, seconds: float) -> None:
        if self.explorer is not None:
            self._waiting_timer.stop()
            return
        so_long = f" {seconds:.0f} s" if seconds >= 1 else ""
        title = Text(self._said or f"{self.WAITING} …{so_long}")
        self.query_one(self.TITLE_OF).border_title = title

    @property
    @abstractmethod
    def pane(self) -> WalkPane:
        """The panes around the graph."""

    @property
    def is_held(self) -> bool:
        """Whether the step shown stays, though training goes on."""
        return self.step is not None and self.pane.is_walking

    def preparation(self) -> Callable[[Explorer], None]:
        """What is best done in the worker, once a graph is there."""
        return lambda explorer: None  # noqa: ARG005  # a mode may have nothing to prepare

    @property
    def at_hand(self) -> StepAtHand:
        """What the modes share."""
        return self.run_app.at_hand

    @property
    def step(self) -> OpenedStep | None:
        """The step that is shown, None until the first is there."""
        return self.at_hand.step

    @property
    def explorer(self) -> Explorer | None:
        """Where the person stands in it, None until the first is there."""
        return self.pane.explorer

    @classmethod
    def key_sections(cls) -> tuple[KeySection, ...]:
        """Those of any graph, and its own beside them."""
        return (WALK, cls.PLACE_KEYS, STEP)

    @property
    def keys_by_owner(self) -> tuple[tuple[tuple[Key, ...], DOMNode], ...]:
        """The panes have the keys of any graph."""
        return (
            (WALK.keys, self.pane),
            (self.PLACE_KEYS.keys, self.place_keys_owner),
            (self.KEYS, self),
        )

    @property
    def place_keys_owner(self) -> DOMNode:
        """What the keys of the place belong to."""
        return self.pane

    # -- the step that is shown ------------------------------------------------------------------

    def show_frame(self, frame: RunFrame) -> None:
        """Follows training; before it has made a step, the untrained model is shown."""
        super().show_frame(frame)
        if not self.pane.is_mounted:
            return
        if self.step is not None and self._moment_of(self.step.explorer) != self._left_at:
            self.arrive(self.step)
        self.show_selected()
        origin = frame.origin or frame.upcoming
        if origin is not None:
            self._follow(origin, frame)

    # -- what is selected ------------------------------------------------------------------------

    def show_selected(self) -> None:
        """Selects what was selected in another mode, or gone back to."""
        selection = replace(self.selection, moment=None)
        if self.explorer is None or selection == self._shown_selection:
            return
        if self.select_here(selection):
            self._shown_selection = selection

    @abstractmethod
    def select_here(self, selection: Selection) -> bool:
        """Selects something that was selected elsewhere; False if that cannot be yet."""

    def selected(self, selection: Selection) -> None:
        """The person has selected something in this mode."""
        self._shown_selection = replace(selection, moment=None)
        self.run_app.select(selection)

    def _note_moment(self, explorer: Explorer) -> None:
        """The walk has gone on, in all modes."""
        if explorer.why_still:
            return
        state = explorer.state
        moment = (state.phase, state.event) if explorer.stepping else None
        visited = explorer.visited
        scope = explorer.graph.scope(visited) if visited is not None else ""
        if moment != self.selection.moment:
            self.selected(self.selection.at_event(moment, scope))

    def arrive(self, step: OpenedStep) -> None:
        """Shows what another mode has opened, or where the person has gone in it."""
        self._show(step)

    @staticmethod
    def _moment_of(explorer: Explorer) -> tuple[int, int, bool]:
        """What tells a mode, when it comes on screen, whether anything moved in another."""
        return id(explorer), explorer.state.moment, explorer.stepping

    def show_result(self, frame: RunFrame) -> None:
        """What there is to show is the graph's."""

    def _follow(self, origin: GraphOrigin, frame: RunFrame) -> None:
        hand = self.at_hand
        step = hand.step
        travels = frame.past or hand.was_past
        travels = travels or (step is not None and own_text(origin) != own_text(step.origin))
        self._wants_this = self._wants_this or travels
        is_there = step is not None and origin.key == step.origin.key
        if is_there or (self.is_held and not travels):
            begins = not self._building  # else what is built was asked for before
        else:
            begins = self._open(origin, self.pane.place if step else None)
        if begins:
            hand.was_past = frame.past
        self.say_if_behind()

    def _open(self, origin: GraphOrigin, place: Standpoint | None) -> bool:
        """Has a step computed; False while another is."""
        if self._building:
            return False
        self._building = True
        edits = self.step.explorer.edits if self.step and place is not None else ()
        self._open_step(origin, self._problem_of(origin), place, edits, self.preparation())
        return True

    def _problem_of(self, origin: GraphOrigin) -> str:
        """Why training stopped at a step, `""` at any other."""
        frame = self.frame
        failed = frame is not None and frame.status == "failed" and frame.origin is origin
        return frame.problem if frame is not None and failed else ""

    @in_thread()
    def _open_step(
        self,
        origin: GraphOrigin,
        problem: str,
        place: Standpoint | None,
        edits: tuple[str, ...],
        prepare: Callable[[Explorer], None],
    ) -> None:
        began = time.thread_time()
        try:
            step = opened(origin, problem, place, edits)
        except MicrogptError as error:
            self.post_message(self.NotOpened(str(error)))
        else:
            prepare(step.explorer)
            self.post_message(self.Opened(step, place, time.thread_time() - began))
            origin.model.expect_graphs(origin.document)  # the next step's will be wanted soon

    @on(Opened)
    def _take(self, event: Opened) -> None:
        self._building = False
        self.run_app.pace.add(event.worked)
        if self.is_held and not (self._wants_newest or self._wants_this):
            return  # the person began something meanwhile
        if not self.run_app.is_of_run(event.step.origin):
            self._follow_on()
            return
        if self._wants_newest and event.place is not None:
            self.action_newest()  # it was asked for while this was computed, for where one stood
            return
        place = None if self._wants_newest or self.step is None else self.pane.place
        self._wants_newest = self._wants_this = False
        step = event.step
        if event.place != place and place is not None:  # moved meanwhile
            step = replace(step, explorer=Explorer.arriving(step.explorer.session, place))
        self.at_hand.take(step)
        self.run_app.step_opened()
        self._show(step)
        self.show_selected()
        self.show_status()
        if step.dropped:
            self.notify("; ".join(step.dropped), title="not made in this step", severity="warning",
                markup=False)  # fmt: skip
        if self._problem_of(step.origin):
            self.pane.run_line("anomalies")
        self._follow_on()

    def _follow_on(self) -> None:
        """Training may have gone on while a step was computed, and then paused."""
        frame = self.frame
        if frame and (origin := frame.origin or frame.upcoming):
            self._follow(origin, frame)

    @on(NotOpened)
    def _say_not_opened(self, event: NotOpened) -> None:
        self._building = self._wants_newest = self._wants_this = False
        if event.problem != self._said:  # once: the next step may have the same trouble
            self._said = event.problem
            self.notify(event.problem, severity="error", markup=False)

    def _show(self, step: OpenedStep) -> None:
        self._left_at = self._moment_of(step.explorer)
        self.pane.take(step.explorer, self._caption(step))

    def _caption(self, step: OpenedStep) -> str:
        """What is looked at."""
        origin = step.origin
        is_trained = origin.state.step > 0
        untrained = "" if is_trained else ", untrained"
        read = list(origin.document)
        tokens = step.explorer.session.edit_stack.tokens
        for position, character in tokens.items():
            read[position - 1] = character  # after the first, which begins the document
        changed = f", read as {_quoted(''.join(read))}" if tokens else ""
        return f"{_quoted(origin.document)}{changed} · step {origin.step}{untrained}"

    @on(WalkPane.Moved)
    def _note_move(self) -> None:
        """The other mode finds the person where this one has left them."""
        step, explorer = self.step, self.explorer
        if step is not None and step.explorer.why_still:
            return
        if explorer is not None:
            self._left_at = self._moment_of(explorer)
            self._note_moment(explorer)
        if step is not None and explorer is not None and explorer is not step.explorer:
            self.at_hand.step = OpenedStep(step.origin, explorer)
            self.show_status()  # an edit is made, or taken back
            self.pane.caption = self._caption(self.at_hand.step)  # a token may be another
            self.pane.show_place()
        self.say_if_behind()

    def say_if_behind(self) -> None:
        """Says that training has gone on without the step shown, where that is so."""

    @property
    def is_behind(self) -> bool:
        """Whether training has gone on while the step shown is held."""
        origin = self.frame.origin if self.frame else None
        step = self.step
        return bool(self.is_held and origin and step and origin.key != step.origin.key)

    @on(WalkPane.PaceAsked)
    async def _change_pace(self, event: WalkPane.PaceAsked) -> None:
        await self.app.run_action(f"app.faster({event.by})")

    def action_newest(self) -> None:
        """Drops what is open, walked and edited, and shows the newest step."""
        self.pane.player.stop()
        frame, step = self.frame, self.step
        origin = (frame.origin or frame.upcoming) if frame else None
        if origin is None or step is None:
            return
        if origin.key == step.origin.key and not self._building and not self._problem_of(origin):
            self.at_hand.step = as_computed(step)  # at once: what is pressed next is about it
            self._show(self.at_hand.step)
            self.show_status()
        else:
            self._wants_newest = True
            self._open(origin, None)

    def number_at_hand(self) -> str:
        """Data and gradient of the selected node, else of the one that is visited."""
        explorer = self.explorer
        node = self.pane.selected_node()
        if explorer is None:
            return ""
        node = explorer.visited if node is None else node
        if node is None:
            return ""
        return f"{float(explorer.graph.data[node])!r} {float(explorer.grads()[node])!r}"

    def action_mark(self) -> None:
        """Has other steps compared with this one; again, compares no more."""
        hand, explorer = self.at_hand, self.explorer
        if explorer is None or hand.step is None:
            return
        if hand.marked is not None:
            hand.marked = None
            self.notify("compared no more", timeout=2)
        else:
            origin = hand.step.origin
            name = f"step {origin.step}{', what-if' if explorer.edits else ''}"
            hand.marked = Marked(name, origin.document, explorer.graph)
            then = "go to another, and see the change"
            if not origin.trained_on:
                then = f"others are compared on “{printable(origin.document)}”: pin it with d"
            self.notify(f"marked {hand.marked.name}: {then}", timeout=4)
        self.show_marked()

    def show_marked(self) -> None:
        """Compares with the step that is marked, or no more."""


def _quoted(document: str) -> str:
    """A document as it is called in titles, a long one by its beginning."""
    text = printable(document)
    return f"“{text if len(text) <= MOST_OF_TEXT else f'{text[: MOST_OF_TEXT - 1]}…'}”"
