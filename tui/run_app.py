"""An app over one run: it trains on or is followed, and goes to past steps.

How its steps look is the affair of the modes, of which it knows nothing.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from textual import on
from textual.events import Event, Key
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from microgpt import Corpus, Training
from microgpt.errors import MicrogptError
from microgpt.runs import Run, RunRecorder
from microgpt.runs.run_info import RunInfo
from microgpt.train.graph_origin import GraphOrigin
from tui.base.base_app import BaseApp
from tui.debugger.step_at_hand import StepAtHand
from tui.dialogs.go_to_step import GoToStepScreen
from tui.dialogs.pin import PinScreen
from tui.training.frame_pace import FramePace
from tui.training.head_watch import HeadsMeasured, HeadWatch
from tui.training.pinned_text import PinnedText
from tui.training.run_frame import RunFrame
from tui.training.run_session import RunSession
from tui.training.time_travel import PastStep, TimeTravel
from tui.training.training_session import TrainingSession
from tui.widgets.scrubber import Scrubber


class RunApp(BaseApp):
    """Drives a training, or follows a recorded run, and knows which of its steps is shown."""

    class FrameReady(Message):
        """Training has something new to show."""

    class Arrived(Message):
        """A past step is there to be shown, or cannot be."""

        def __init__(self, arrival: PastStep) -> None:
            super().__init__()
            self.arrival = arrival

    class PinnedArrived(Message):
        """The pinned text has been computed at another step."""

    def __init__(
        self,
        source: Training | Run,
        folder: Path | None = None,
        recorder: RunRecorder | None = None,
        *,
        paused: bool = False,
        speed: float = 0.0,
    ) -> None:
        """Shows a run.

        Args:
            source: a training, which the app's session will drive, or a recorded run to look at.
            folder: where exports go.
            recorder: takes the training down; into a file that goes with the app if not given.
            paused: do not train until asked to.
            speed: one of `SPEEDS`.
        """
        super().__init__(folder)
        self._scratch: TemporaryDirectory[str] | None = None
        self.session: TrainingSession | RunSession
        self._corpus: Corpus | None
        self._run_info: RunInfo
        if isinstance(source, Run):
            self._run_path, self._corpus = source.path, None
            self._run_info = source.info
            self.session = RunSession(source, self._announce)
        else:
            recorder = recorder or self._scratch_recorder(source)
            self._run_path, self._corpus = recorder.path, source.corpus
            self._run_info = recorder.info
            self.session = TrainingSession(
                source, self._announce, recorder, paused=paused, speed=speed
            )
        self._frame: RunFrame | None = None
        self._past: PastStep | None = None
        self._heads: HeadWatch | None = None
        self._pinned: PinnedText | None = None  # what is shown in place of training's documents
        self._travel = TimeTravel(self._run_path, self._announce_arrival)
        self.pace = FramePace()
        self.at_hand = StepAtHand()  # what the modes show of one step

    def on_mount(self) -> None:
        """The training thread starts with the screen."""
        self.session.start()

    def on_unmount(self) -> None:
        """No thread outlives the app."""
        self._close_run()
        if self._scratch:
            self._scratch.cleanup()

    def _close_run(self) -> None:
        """Readers go first: only then can whoever records leave one plain file."""
        if self._pinned is not None:
            self._pinned.close()
        if self._heads is not None:
            self._heads.close()
            self._heads = None
        self._travel.close()
        self.session.close()

    def _scratch_recorder(self, training: Training) -> RunRecorder:
        """Time travel needs a file, also where nobody asked for one."""
        return RunRecorder.create(self._scratch_path(), training)

    def _scratch_path(self, number: int = 1) -> Path:
        """Of a run that nobody asked to keep, one of several."""
        if self._scratch is None:
            prefix = "microgpt-tui-"
            self._scratch = TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
        return Path(self._scratch.name) / f"unsaved-{number}.run"

    def _announce(self) -> None:
        self.post_message(self.FrameReady())

    @on(FrameReady)
    def _take_frame_in_time(self) -> None:
        if (wait := self.pace.wait) > 0:
            self.set_timer(wait, self._take_frame_in_time)  # a key may have come meanwhile
        else:
            self._take_frame()

    def _take_frame(self) -> None:
        self.pace.drawn()
        before, self._frame = self._frame, self.session.take_frame()
        for title, told, text in (
            ("training stopped", before and before.problem, self._frame.problem),
            ("not recorded", before and before.warning, self._frame.warning),
        ):
            if text and not told:
                self.notify(text, title=title, severity="error", timeout=30, markup=False)
        self._show_step()

    def _show_step(self) -> None:
        """Shows what has come, and has the pinned text computed there."""
        if self._pinned is not None and (shown := self._step_frame) is not None:
            self._pinned.ask(shown)
        self.show_run()

    def beside_modes(self) -> Iterable[Widget]:
        """What stands beside every mode, made anew for each."""
        return ()

    @abstractmethod
    def show_run(self) -> None:
        """Shows `frame`, if there is one."""

    @property
    def frame(self) -> RunFrame | None:
        """The step shown, live or past, None before there is any; with the pinned text in it."""
        frame = self._step_frame
        return frame if frame is None or self._pinned is None else self._pinned.in_place_of(frame)

    def is_of_run(self, origin: GraphOrigin) -> bool:
        """Whether a step is of the run at hand, and not of one that was left meanwhile."""
        live = self._frame
        newest = (live.origin or live.upcoming) if live is not None else None
        return newest is None or origin.run == newest.run

    @property
    def _step_frame(self) -> RunFrame | None:
        """The step shown, with its own document."""
        live, past = self._frame, self._past
        return live if live is None or past is None else past.as_frame(live)

    async def on_event(self, event: Event) -> None:
        """A key is answered before training is drawn again."""
        if isinstance(event, Key):
            self.pace.key_pressed()
        await super().on_event(event)

    # -- training ------------------------------------------------------------------------------

    def action_run_or_halt(self) -> None:
        """Pauses training, or goes on."""
        self.session.toggle()
        self._answer_with_a_frame()
        self._say_if_only_looked_at()

    def _answer_with_a_frame(self) -> None:
        """A key that changes the run is answered at once, and not when a frame is due again."""
        self.pace.asked_for()
        self._take_frame_in_time()

    def _say_if_only_looked_at(self) -> None:
        if isinstance(self.session, RunSession):
            self.notify("a recorded run: B at a past step trains on as a new one", timeout=4)

    def action_faster(self, by: int) -> None:
        """Raises the speed limit, or lowers it."""
        self.session.change_speed(by)
        self._answer_with_a_frame()

    # -- time travel ---------------------------------------------------------------------------

    def action_travel(self, by: int) -> None:
        """Some steps back or on, from the step shown.

        On past the newest one it is live again; on from the newest, training does so many and
        pauses.
        """
        live, wanted = self._frame, self._travel.wanted
        if live is not None and wanted is None and by > 0:
            self.session.train_steps(by)
            self._answer_with_a_frame()
            self._say_if_only_looked_at()
        elif live is None or live.live_step == live.first_step:
            self.notify("no step recorded yet", timeout=2)
        elif wanted is not None and wanted + by > live.live_step:
            self.action_live()
        else:
            self.travel_to((live.live_step if wanted is None else wanted) + by)

    def travel_to(self, step: int) -> None:
        """Shows a recorded step in every mode until told otherwise; the run goes on meanwhile."""
        live = self._frame
        if live is not None and live.live_step > live.first_step:
            self._travel.go_to(max(live.first_step + 1, min(step, live.live_step)))

    def action_live(self) -> None:
        """Back to the latest step."""
        self._travel.stay_live()
        self._past = None
        self._show_step()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In a line that is typed into, a `g` or a `d` is a letter; see `Key.first`."""
        is_typing = self.has_dialog or isinstance(self.focused, Input)
        if is_typing and action in ("go_to_step", "pin", "new_run"):
            return False
        return super().check_action(action, parameters)

    def action_go_to_step(self) -> None:
        """Asks for a step and goes there."""
        live = self._frame
        if live is None or live.live_step == live.first_step:
            self.notify("no step recorded yet", timeout=2)
            return

        def go(step: int | None) -> None:
            if step is not None:
                self.travel_to(step)

        self.open_dialog(GoToStepScreen(live.first_step + 1, live.live_step), go)

    @on(Scrubber.StepPicked)
    def _pick_step(self, event: Scrubber.StepPicked) -> None:
        self.travel_to(event.step)

    def _announce_arrival(self, arrival: PastStep) -> None:
        self.post_message(self.Arrived(arrival))

    @on(Arrived)
    def _arrive(self, event: Arrived) -> None:
        arrival = event.arrival
        if arrival.step != self._travel.wanted:
            return
        if arrival.recorded is None:
            self.notify(
                arrival.problem, title=f"step {arrival.step}", severity="error", markup=False
            )
            self._travel.wanted = self._past.step if self._past else None
            return
        self._past = arrival
        self._show_step()

    # -- a text of one's own -------------------------------------------------------------------

    @property
    def text_at_hand(self) -> str:
        """What a person who asks for a text of their own may mean, `""` if nothing is at hand."""
        return ""

    def action_pin(self) -> None:
        """Asks for a text to be shown in place of training's documents; or lets go of it."""
        live = self._frame
        if self._pinned is not None:
            self.notify("training's own documents again", timeout=2)
            self._pin(None)
        elif live is not None:
            dialog = PinScreen(live.model, self.text_at_hand)
            self.open_dialog(dialog, lambda text: self._pin(text) if text else None)

    def _pin(self, text: str | None) -> None:
        if self._pinned is not None:
            self._pinned.close()
        self._pinned = None
        if text is not None:
            self._pinned = PinnedText(text, self._announce_pinned)
        self._show_step()

    def _announce_pinned(self) -> None:
        self.post_message(self.PinnedArrived())

    @on(PinnedArrived)
    def _show_pinned(self) -> None:
        latest = self._pinned.latest if self._pinned else None
        if latest is not None and latest.problem:
            self.notify(latest.problem, title=f"“{latest.origin.document}”", severity="error",
                markup=False)  # fmt: skip
        self.show_run()

    # -- what heads do -------------------------------------------------------------------------

    def heads_measured(self, frame: RunFrame) -> HeadsMeasured | None:
        """What heads do at the step of a frame, as far as it is measured; the rest comes later."""
        if self._heads is None:
            self._heads = HeadWatch(self._run_path, self._announce_heads)
        return self._heads.ask(frame)

    def _announce_heads(self) -> None:
        self.post_message(self.FrameReady())

    # -- what-ifs ------------------------------------------------------------------------------

    def action_undo(self) -> None:
        """Takes the last what-if back, in the modes that show no graph."""
        try:
            self.at_hand.undo()
        except MicrogptError as error:
            self.notify(str(error), timeout=2)
        else:
            self.show_run()

    # -- another run ----------------------------------------------------------------------------

    def go_over_to(self, training: Training, recorder: RunRecorder) -> None:
        """Leaves the run for another, which trains at once, at the same speed."""
        self._close_run()
        pinned, self._pinned = self._pinned, None
        speed = self._frame.speed if self._frame else 0.0
        self._frame = self._past = None
        self.at_hand = StepAtHand()  # its step was of another run
        self._run_path, self._corpus = recorder.path, training.corpus
        self._run_info = recorder.info
        self._travel = TimeTravel(self._run_path, self._announce_arrival)
        self.session = TrainingSession(training, self._announce, recorder, speed=speed)
        self.session.start()
        if pinned is not None:
            self._pin(pinned.text)
        self._take_frame()
