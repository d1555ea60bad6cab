"""`microgpt-tui run mine.run`: a script's recorded passes, gone through in any order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import Static

from microgpt.code_places import line_called
from microgpt.debugger import DebugSession
from microgpt.diagnosis.finding import Finding
from microgpt.errors import MicrogptError
from microgpt.graph.debuggee import Stop
from microgpt.printable import printable
from microgpt.script_runs.recorded_script import RecordedScript
from tui.base.base_app import ExportJob
from tui.base.thread_work import in_thread
from tui.debugger.debugger_pane import DebuggerPane
from tui.debugger.explorer import Explorer, Standpoint
from tui.debugger.marked import Marked
from tui.debugger.program_app import ProgramApp, ProgramPlace
from tui.dialogs.go_to_step import GoToStepScreen
from tui.doctor.doctor_panel import WORKS, DoctorPanel
from tui.doctor.pass_doctor import Checkup
from tui.doctor.recording_doctor import RecordingDoctor
from tui.keys import ALONE, BOXES, MAP, RECORDING, WALK, bindings_for
from tui.themes import theme_color
from tui.widgets.findings_view import FindingsView
from tui.widgets.key_footer import KeyFooter
from tui.widgets.pass_line import PassLine


@dataclass(frozen=True, slots=True)
class _Asked:
    """A pass that is to be shown, and where to go in it."""

    place: int  # of the pass, among those recorded
    finding: Finding | None = None
    stands_at: ProgramPlace | None = None
    by: int = 0  # how far back or forward it was gone for that


class RecordingApp(ProgramApp):
    """Shows one pass at a time, in both of its directions, and compares it with another."""

    INTRODUCTION = (
        "The recorded passes of a script, which does not run: the line below the picture holds "
        "them with their losses, and a click or `,` and `.` go from one to another. Where you "
        "stand in a pass stays. `m` marks one, and the Map of others shows what has changed "
        "since. The doctor looks at the pass shown, and what was done right before and after it: "
        "`F` shows what it says, and `6` the matrices. `:` takes any verb of the debugger, and "
        "`help` there lists them."
    )
    KEY_SECTIONS = (ALONE, RECORDING, WALK, MAP, BOXES)
    BINDINGS = bindings_for(ALONE.keys) + bindings_for(RECORDING.keys)

    class Opened(Message):
        """A pass has been read."""

        def __init__(self, place: int, stop: Stop, explorer: Explorer) -> None:
            super().__init__()
            self.place = place
            self.stop_at = stop
            self.explorer = explorer

    class Examined(Message):
        """The doctor has looked at a pass."""

        def __init__(self, stop: Stop, checkup: Checkup) -> None:
            super().__init__()
            self.stop_at = stop
            self.checkup = checkup

    class Failed(Message):
        """A pass cannot be read."""

        def __init__(self, problem: str) -> None:
            super().__init__()
            self.problem = problem

    def __init__(self, recording: RecordedScript) -> None:
        """Takes a recording of one pass or more."""
        super().__init__()
        self._recording = recording
        self._losses = recording.losses
        self._place = 0  # of the pass that is being read, else of the one that is shown
        self._shown_place = 0
        self._reading: _Asked | None = None
        self._next: _Asked | None = None  # the last one asked for while that is read
        self._shown: Stop | None = None
        self._marked: Marked | None = None
        self._doctor = RecordingDoctor(
            recording, lambda stop, told: self.post_message(self.Examined(stop, told))
        )
        self._examined: Stop | None = None  # the pass that the doctor has looked at last

    def compose(self) -> ComposeResult:
        """Which pass it is, the panes, all passes, the keys."""
        yield Static(id="script-status", classes="title", markup=False)
        yield DebuggerPane()
        yield PassLine(self._losses)
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begins with the first pass."""
        self._go(0)

    def on_unmount(self) -> None:
        """The recording is closed when the app is left."""
        self._doctor.close()

    # -- from pass to pass -----------------------------------------------------------------------

    @property
    def is_on_the_way(self) -> bool:
        """Whether a pass is being read."""
        return self._reading is not None

    def go_to_stop(self, place: ProgramPlace, by: int) -> None:
        """Its pass is read first."""
        _, number = place.stop
        self._ask(_Asked(self._numbers.index(number), stands_at=place, by=by))

    @property
    def _numbers(self) -> list[int]:
        return [number for number, _ in self._losses]

    def _go(self, place: int) -> None:
        """To a pass, or the nearest there is."""
        self._ask(_Asked(min(max(place, 0), len(self._losses) - 1)))

    def _ask(self, asked: _Asked) -> None:
        """To the last pass asked for, once the one that is being read is there."""
        if self._reading is not None:
            before = 0 if self._next is None else self._next.by
            self._next = replace(asked, by=before + asked.by)
        elif self._pane is None:
            return
        elif self._shown is not None and asked.place == self._place:
            self._arrive(asked)
        else:
            self._place, self._reading = asked.place, asked
            self.query_one(PassLine).show(asked.place)
            self._read(asked.place, self._pane.place)

    def _arrive(self, asked: _Asked) -> None:
        """The pass that was asked for is shown."""
        if asked.finding is not None:
            self.query_one(DebuggerPane).go_to_finding(asked.finding)
        if asked.stands_at is not None:
            self.stand_at(asked.stands_at)

    @in_thread()
    def _read(self, place: int, stands: Standpoint | None) -> None:
        try:
            stop = self._recording.stand_at(self._losses[place][0])
            session = DebugSession.at(stop, self._recording)
            explorer = Explorer.arriving(session, stands)
        except MicrogptError as error:
            self.post_message(self.Failed(str(error)))
            return
        _ = explorer.map.grad_norm  # found here, and not on screen
        self.post_message(self.Opened(place, stop, explorer))

    @on(Opened)
    def _show(self, event: Opened) -> None:
        pane, stop = self._pane, event.stop_at
        if pane is None:
            return
        asked, self._reading = self._reading, None
        self._shown, self._shown_place = stop, event.place
        at = line_called(stop.file, stop.line)
        pane.take(event.explorer, f"pass {stop.number} · {at}")
        pane.mark(self._marked)
        self.query_one(DoctorPanel).works()
        self._doctor.ask(stop)
        self._show_status()
        if asked is not None:
            self._arrive(asked)
        self._go_on()

    def _show_status(self) -> None:
        stop = self._shown
        if stop is None:
            return
        script, _ = self._recording.script
        at, panel = line_called(stop.file, stop.line), self.query_one(DoctorPanel)
        line = Text(f" {printable(Path(script).name)}, recorded  ", "bold")
        line.append(f"pass {stop.number:,} · loss {stop.loss:.6g} · {at}")
        if self._examined is not stop:
            line.append(f"  {WORKS}", theme_color(self, "muted"))
        elif panel.checkup is not None:
            is_bad = panel.checkup.diagnosis.verdict in ("faulty", "suspect")
            line.append(f"  doctor: {panel.verdict_in_short} · F",
                        theme_color(self, "error" if is_bad else "muted"))  # fmt: skip
        self.query_one("#script-status", Static).update(line)

    @on(Examined)
    def _show_checkup(self, event: Examined) -> None:
        if event.stop_at is self._shown and not self.is_left:
            self._examined = event.stop_at
            self.query_one(DebuggerPane).take_checkup(event.checkup)
            self._show_status()

    @on(FindingsView.Chosen)
    def _go_to_finding(self, event: FindingsView.Chosen) -> None:
        finding = self.query_one(DoctorPanel).finding(event.place)
        if finding is None or self._shown is None:
            return
        if finding.pass_number is None:
            self.query_one(DebuggerPane).go_to_finding(finding)
        elif finding.pass_number in self._numbers:
            self._ask(_Asked(self._numbers.index(finding.pass_number), finding))

    @on(Failed)
    def _say_failed(self, event: Failed) -> None:
        if self._pane is None:
            return
        asked, self._reading, self._place = self._reading, None, self._shown_place
        if asked is not None and asked.by:
            self.not_come_to(asked.by)
        self.query_one(PassLine).show(self._place)  # it can be asked for again
        self.notify(event.problem, severity="error", timeout=10, markup=False)
        self._go_on()

    def _go_on(self) -> None:
        if self._next is not None:
            asked, self._next = self._next, None
            self._ask(asked)

    @on(PassLine.Picked)
    def _pick(self, event: PassLine.Picked) -> None:
        self._go(event.place)

    @on(DebuggerPane.RunOn)
    def _run_on(self, event: DebuggerPane.RunOn) -> None:
        self.action_travel(event.count)

    def action_travel(self, passes: int) -> None:
        """So many passes on, or back."""
        at = self._place if self._next is None else self._next.place
        if not 0 <= at + passes < len(self._losses) and abs(passes) == 1:
            self.notify(f"this is the {'last' if passes > 0 else 'first'} pass recorded", timeout=2)
        self._go(at + passes)

    def action_go_to_pass(self) -> None:
        """Asks for a pass."""
        numbers = [number for number, _ in self._losses]

        def answered(number: int | None) -> None:
            if number is not None:  # else the nearest before it
                self._go(sum(each <= number for each in numbers) - 1)

        self.open_dialog(GoToStepScreen(numbers[0], numbers[-1], "pass"), answered)

    def action_mark_pass(self) -> None:
        """Has other passes compared with this one; again, compares no more."""
        pane = self.query_one(DebuggerPane)
        if self._marked is not None:
            self._marked = None
            self.notify("compared no more", timeout=2)
        elif self._shown is not None and pane.explorer is not None:
            self._marked = Marked(f"pass {self._shown.number}", "", pane.explorer.graph)
            self.notify(f"marked {self._marked.name}: go to another, and see the change", timeout=4)
        pane.mark(self._marked)

    def export_job(self) -> ExportJob | None:
        """The boxes in sight."""
        pane, name = self.query_one(DebuggerPane), self._recording.path.stem
        return pane.export_job(f"{name}-graph", f"{name}: {pane.caption}")
