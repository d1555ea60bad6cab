"""What Attention mode stands on: heads of the step at hand, read in a thread, with what-ifs."""

from __future__ import annotations

import time
from abc import abstractmethod

from textual import on
from textual.message import Message

from microgpt.debugger.console import Console
from microgpt.errors import MicrogptError
from microgpt.train.graph_origin import GraphOrigin, OriginKey
from tui.base.thread_work import in_thread
from tui.debugger.explorer import Explorer
from tui.debugger.marked import Marked
from tui.debugger.shown_heads import ShownHeads
from tui.debugger.step_at_hand import OpenedStep, opened
from tui.modes.mode_screen import ModeScreen
from tui.training.newest_only import NewestOnly
from tui.training.other_run import file_and_step, step_of_other_run
from tui.training.run_frame import RunFrame

SHARE = 0.05
"""Of the time, what computing graphs may take while training runs, since both need the
interpreter's lock."""


class HeadsScreen(ModeScreen):
    """A mode that shows heads: their weights live, all their numbers where they are asked for."""

    shown: ShownHeads | None = None

    class Arrived(Message):
        """Heads with all their numbers are there, or cannot be had."""

        def __init__(
            self, shown: ShownHeads | None, problem: str = "", *, worked: float = 0.0
        ) -> None:
            super().__init__()
            self.shown = shown
            self.problem = problem
            self.worked = worked  # Units: seconds

    class Edited(Message):
        """A what-if is made, or cannot be."""

        def __init__(self, step: OpenedStep | None, problem: str = "") -> None:
            super().__init__()
            self.step = step
            self.problem = problem

    class OtherRead(Message):
        """A step of another run is there to be compared with, or cannot be had."""

        def __init__(self, marked: Marked | None, problem: str = "") -> None:
            super().__init__()
            self.marked = marked
            self.problem = problem

    def __init__(self) -> None:
        super().__init__()
        self._asked: OriginKey | None = None  # the step whose graph was asked for
        self._reader = NewestOnly("heads' numbers", self._read)
        self._next_at = 0.0  # when the next graph is computed while training runs
        self._pinned = ""  # the text pinned when a graph was asked for last
        self._marks = False  # whether what arrives next is marked
        self._edits = False  # whether a what-if is being made

    def on_unmount(self) -> None:
        """No thread outlives the screen."""
        self._reader.close()

    @property
    @abstractmethod
    def needs_graph(self) -> bool:
        """Whether more is shown than weights."""

    @abstractmethod
    def show_heads(self) -> None:
        """Shows what there is."""

    def marked(self) -> None:
        """A step has been marked."""

    # -- the step that is shown ----------------------------------------------------------------

    def show_frame(self, frame: RunFrame) -> None:
        """Before training has made a step, the untrained model's attention is shown."""
        is_again = frame is self.frame
        super().show_frame(frame)
        if not self.is_mounted:
            return
        step = self.run_app.at_hand.edited_at(frame)
        if step is not None:
            self._take(ShownHeads.of_edited(step))
            return
        weights = ShownHeads.of_frame(frame)
        if weights is not None and not self.needs_graph:
            self._take(weights)
        elif not self._has_enough(frame):
            self._ask(frame)
        elif is_again:
            self.show_heads()

    def show_result(self, frame: RunFrame) -> None:
        """A step is shown with or without a result."""

    def _has_enough(self, frame: RunFrame) -> bool:
        """Whether training runs, and a graph is on its way, or was there a moment ago."""
        if frame.status != "running" or frame.past or frame.pinned != self._pinned:
            return False
        shown = self.shown
        has_numbers = (
            shown is not None and shown.numbers is not None and not shown.without
            and self.run_app.is_of_run(shown.origin)
        )  # fmt: skip
        return self._asked is not None or (has_numbers and time.monotonic() < self._next_at)

    def _ask(self, frame: RunFrame) -> None:
        """Has a step's graph read; shows again what is there, in other colours perhaps."""
        origin = frame.origin or frame.upcoming
        if origin is None:
            return
        shown = self.shown
        is_whole = shown is not None and shown.numbers is not None and not shown.without
        if is_whole and shown is not None and shown.origin.key == origin.key:
            self.show_heads()
        elif self._asked != origin.key:
            self._asked, self._pinned = origin.key, frame.pinned
            self._reader.ask(origin)

    def _read(self, origin: GraphOrigin) -> None:
        began = time.thread_time()
        try:
            shown = ShownHeads.of_graph(origin, origin.model.graph(origin.document))
        except MicrogptError as error:
            self.post_message(self.Arrived(None, str(error)))
        else:
            self.post_message(self.Arrived(shown, worked=time.thread_time() - began))

    @on(Arrived)
    def _take_arrived(self, event: Arrived) -> None:
        self._asked = None
        self.run_app.pace.add(event.worked)
        self._next_at = time.monotonic() + event.worked / SHARE
        if event.shown is None:
            self._marks = False
            self.notify(event.problem, severity="error", markup=False)
            return
        if self.run_app.is_of_run(event.shown.origin):
            if self._marks:
                self._mark(event.shown)
            if self.run_app.at_hand.edited_at(self.frame) is None:
                self._take(event.shown)
        self._marks = False
        if self.frame is not None and not self._has_enough(self.frame):
            self.show_frame(self.frame)  # it may have gone on meanwhile

    def _take(self, shown: ShownHeads) -> None:
        self.shown = shown
        self.show_heads()

    def _mark(self, shown: ShownHeads) -> None:
        self._marks = False
        assert shown.numbers is not None
        name = shown.moment
        self.run_app.at_hand.marked = Marked(name, shown.origin.document, shown.numbers.graph)
        self.marked()
        self.notify(f"marked {name}: go to another step or text (d), and see the change", timeout=4)
        self.show_heads()

    @in_thread("other run", exclusive=True)
    def compare_with_run(self, told: str, shown: ShownHeads) -> None:
        """Has what is shown compared with a step of another run, `FILE:STEP`."""
        document = shown.origin.document
        try:
            self.run_app.check_path(file_and_step(told)[0])
            other = step_of_other_run(told, shown.origin.model, document)
        except MicrogptError as error:
            self.post_message(self.OtherRead(None, str(error)))
        else:
            self.post_message(self.OtherRead(Marked(other.name, document, other.graph)))

    @on(OtherRead)
    def _take_other(self, event: OtherRead) -> None:
        if event.marked is None:
            self.notify(event.problem, title="not compared", severity="warning", markup=False)
            return
        self.run_app.at_hand.marked = event.marked
        self.marked()
        self.show_heads()

    # -- what-ifs ------------------------------------------------------------------------------

    def say_edit(self, line: str) -> None:
        """Says that a what-if is being made."""

    def begin_edit(self, line: str) -> None:
        """Makes a what-if in what is shown, by a line of the debugger's."""
        shown, hand = self.shown, self.run_app.at_hand
        if shown is None or self._edits:
            return
        self._edits = True
        self.say_edit(line)
        step = hand.edited_at(self.frame)
        if step is None and hand.step is not None and hand.step.origin.key == shown.origin.key:
            step = hand.step
        self._edit(shown.origin, step, line)

    @in_thread("what-if", exclusive=True)
    def _edit(self, origin: GraphOrigin, step: OpenedStep | None, line: str) -> None:
        try:
            step = step or opened(origin, "", None)
            session = step.explorer.session
            Console(session).execute(line)
            explorer = Explorer(session)
            explorer.go_where(step.explorer.place)
        except MicrogptError as error:
            self.post_message(self.Edited(None, str(error)))
        else:
            self.post_message(self.Edited(OpenedStep(step.origin, explorer)))

    @on(Edited)
    def _take_edited(self, event: Edited) -> None:
        self._edits = False
        if event.step is None:
            self.notify(event.problem, title="no what-if", severity="warning", markup=False)
        else:
            self.run_app.at_hand.step = event.step
        if self.frame is not None:
            self.show_frame(self.frame)
