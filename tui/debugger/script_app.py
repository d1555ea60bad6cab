"""`microgpt-tui run SCRIPT`: the debugger on anyone's program, which runs in a process of its own.

The script goes on and stands still as it is told; what it prints is in a pane below.
"""

from __future__ import annotations

import threading

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Static

from microgpt.attach import Ended, ScriptProcess, Stop
from microgpt.code_places import line_called
from microgpt.debugger import DebugSession
from microgpt.printable import one_line, printable
from tui.base.base_app import ExportJob
from tui.base.thread_work import in_thread
from tui.debugger.debugger_pane import DebuggerPane
from tui.debugger.explorer import Explorer
from tui.debugger.program_app import ProgramApp, ProgramPlace
from tui.doctor.doctor_panel import WORKS, DoctorPanel
from tui.doctor.pass_doctor import Checkup, PassDoctor
from tui.keys import ALONE, BOXES, MAP, SCRIPT, WALK, bindings_for
from tui.themes import theme_color
from tui.widgets.findings_view import FindingsView
from tui.widgets.key_footer import KeyFooter

SHOW_OUTPUT_EVERY = 0.2
"""How often what the script printed is shown. Units: seconds."""

SHOWN_LINES = 500
"""Of all that the script prints, the last ones."""


class ScriptApp(ProgramApp):
    """Runs a script and shows each graph at which it stops."""

    INTRODUCTION = (
        "Your program, run as it is, with your rights. It stands still after each backward pass "
        "(or each that you asked for), and where it raises; its graph is shown scalar by scalar, "
        "in both passes, on and back. `:` takes any verb of the debugger, and `help` there lists "
        "them."
    )
    KEY_SECTIONS = (ALONE, SCRIPT, WALK, MAP, BOXES)
    BINDINGS = bindings_for(ALONE.keys) + bindings_for(SCRIPT.keys)

    class Stopped(Message):
        """The script stands still, with what it has computed, or is over."""

        def __init__(self, why: Stop | Ended, explorer: Explorer | None) -> None:
            super().__init__()
            self.why = why
            self.explorer = explorer  # where the person stood, in the graph there

    class Examined(Message):
        """The doctor has looked at a stop."""

        def __init__(self, stop: Stop, checkup: Checkup) -> None:
            super().__init__()
            self.stop_at = stop
            self.checkup = checkup

    def __init__(self, script: ScriptProcess) -> None:
        """Takes over a script, which ends with the app."""
        super().__init__()
        self._doctor = PassDoctor()
        self._has_examined = threading.Event()  # of the stop at hand
        self._has_examined.set()
        self._n_told = 0  # findings that are no notes
        self._wants_finding = False  # whether it runs on until there is another
        self._script = script
        self._stop: Stop | Ended | None = None
        self._shown_lines: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """How the script stands, the panes, what it prints, the keys."""
        yield Static(id="script-status", classes="title", markup=False)
        yield DebuggerPane()
        with VerticalScroll(id="output") as output:
            output.border_title = Text(f"output of {printable(self._script.path.name)}")
            yield Static(markup=False)
        yield KeyFooter()

    def on_mount(self) -> None:
        """Waits for the first stop."""
        self.query_one("#middle").border_title = "the graph comes with the first backward pass"
        self.set_interval(SHOW_OUTPUT_EVERY, self._show_output)
        self._show_status()
        self._run_on()

    def on_unmount(self) -> None:
        """No process outlives the app."""
        self._script.kill()

    # -- the script ----------------------------------------------------------------------------

    @in_thread()
    def _run_on(self, count: int = 1) -> None:
        self._has_examined.wait()  # the script has to stand still for the doctor
        stop = self._script.run_on(count)  # ends at the latest when the app does, and kills it
        explorer = None
        if isinstance(stop, Stop) and stop.graph is not None:
            pane = self._pane
            place = pane.place if pane else None
            explorer = Explorer.arriving(DebugSession.at(stop, self._script), place)
            _ = explorer.map.grad_norm  # found here, and not on screen
        if isinstance(stop, Stop):
            self._has_examined.clear()
        self.post_message(self.Stopped(stop, explorer))
        if isinstance(stop, Stop):
            self._examine(stop)

    def _examine(self, stop: Stop) -> None:
        """Has the doctor look, while the graph can be looked at already."""
        try:
            checkup = self._doctor.look(stop)
            if checkup.seen is not None:
                _ = checkup.seen.off, checkup.seen.slopes  # computed here, and not on screen
        finally:
            self._has_examined.set()
        self.post_message(self.Examined(stop, checkup))

    @on(Examined)
    def _show_checkup(self, event: Examined) -> None:
        if self.is_left:
            return
        self.query_one(DebuggerPane).take_checkup(event.checkup)
        found = [f for f in event.checkup.diagnosis.findings if f.certainty != "note"]
        is_new, self._n_told = len(found) > self._n_told, len(found)
        if self._wants_finding and event.stop_at is self._stop:
            if is_new:
                self._wants_finding = False
                self.notify(f"{found[-1].kind}: {found[-1].what}", title="doctor", markup=False)
            else:
                self._let_run(1)
        self._show_status()

    def action_next_finding(self) -> None:
        """Runs on until the doctor finds something more."""
        if isinstance(self._stop, Ended):
            self.notify("the script is over", timeout=2)
            return
        self._wants_finding = True
        self.notify("it runs on to the doctor's next finding", timeout=2)
        if isinstance(self._stop, Stop):
            self._let_run(1)

    @on(FindingsView.Chosen)
    def _go_to_finding(self, event: FindingsView.Chosen) -> None:
        pane, finding = (
            self.query_one(DebuggerPane),
            self.query_one(DoctorPanel).finding(event.place),
        )
        if finding is None:
            return
        if finding.pass_number is None or self._shows_stop("backward", finding.pass_number):
            pane.go_to_finding(finding)

    def _shows_stop(self, kind: str, number: int) -> bool:
        """Shows a stop, the last or one that the doctor has kept; says so if it has not."""
        pane, last = self.query_one(DebuggerPane), self._stop
        if isinstance(last, Stop) and (last.kind, last.number) == (kind, number):
            stop: Stop | None = last
        else:
            stop = self._doctor.stop_at(number) if kind == "backward" else None
        if stop is None:
            self.notify(f"{kind} {number} is not kept any more", timeout=3)
            return False
        shown = pane.explorer
        if stop.graph is not None and (shown is None or shown.session.halt is not stop):
            explorer = Explorer.arriving(DebugSession.at(stop, self._script), None)
            pane.take(explorer, self._caption_of(stop) + " · an earlier pass" * (stop is not last))
            pane.compare(self._doctor.evidence_of(stop.graph))
        return True

    def go_to_stop(self, place: ProgramPlace, by: int) -> None:
        """At once, in those that are kept."""
        if self._shows_stop(*place.stop):
            self.stand_at(place)
        else:
            self.not_come_to(by)

    @staticmethod
    def _caption_of(stop: Stop) -> str:
        return f"{stop.kind} {stop.number} · {line_called(stop.file, stop.line)}"

    @on(Stopped)
    def _show_stop(self, event: Stopped) -> None:
        self._stop = stop = event.why
        pane = self._pane
        if pane is None:
            return
        if event.explorer is not None:
            assert isinstance(stop, Stop)
            pane.take(event.explorer, self._caption_of(stop))
        if isinstance(stop, Stop):
            self.query_one(DoctorPanel).works()
        if isinstance(stop, Ended):
            self.notify(stop.reason, title="the script is over", timeout=10, markup=False)
        elif stop.kind == "exception":
            self.notify(
                stop.traceback.strip().splitlines()[-1] if stop.traceback else stop.problem,
                title=f"raised at {line_called(stop.file, stop.line)}",
                severity="error",
                timeout=20,
                markup=False,
            )
        if isinstance(stop, Stop) and stop.problem:
            self.notify(stop.problem, title="no graph", severity="warning", markup=False)
        self._show_output()
        self._show_status()

    @on(DebuggerPane.RunOn)
    def _take_run(self, event: DebuggerPane.RunOn) -> None:
        self._let_run(event.count)

    def action_run_or_halt(self) -> None:
        """Lets the script go on to its next stop; while it runs, stops it at its next pass."""
        if self._stop is None:
            self._script.pause()
            self.notify("it stops at its next backward pass", timeout=2)
        else:
            self._let_run(1)

    def _let_run(self, count: int) -> None:
        """Lets the script go on to its next stop, or some further."""
        if isinstance(self._stop, Stop):
            self._stop = None
            self._show_status()
            self._run_on(count)
        else:
            over = isinstance(self._stop, Ended)
            self.notify("the script is over" if over else "the script is running", timeout=2)

    def action_interrupt(self) -> None:
        """Ctrl-C for the script."""
        if not isinstance(self._stop, Ended):
            self._script.interrupt()
            if isinstance(self._stop, Stop):
                self._let_run(1)

    # -- showing -------------------------------------------------------------------------------

    def _show_status(self) -> None:
        stop, script = self._stop, self._script
        if stop is None:
            told = "▶ running"
        elif isinstance(stop, Ended):
            told = f"■ {one_line(stop.reason)}"
        elif stop.kind == "exception":
            told = f"✗ raised at {line_called(stop.file, stop.line)}, after backward {stop.number}"
        else:
            at = line_called(stop.file, stop.line)
            told = f"‖ after backward {stop.number:,} · loss {stop.loss:.6g} · {at}"
        classes = ", ".join(script.class_names)
        line = Text(f" {printable(script.path.name)}  ", "bold")
        failed = isinstance(stop, Stop) and stop.kind == "exception"
        line.append(told, theme_color(self, "error") if failed else "")
        panel = self.query_one(DoctorPanel)
        if not self._has_examined.is_set():
            line.append(f"  {WORKS}", theme_color(self, "muted"))
        elif panel.checkup is not None:
            is_bad = panel.checkup.diagnosis.verdict in ("faulty", "suspect")
            style = theme_color(self, "error" if is_bad else "muted")
            line.append(
                f"  doctor: {panel.verdict_in_short}{'' if panel.display else ' · F'}", style
            )
        if classes:
            line.append(f"  follows {classes}", theme_color(self, "muted"))
        self.query_one("#script-status", Static).update(line)

    def _show_output(self) -> None:
        lines = self._script.output.lines[-SHOWN_LINES:]
        if lines != self._shown_lines and self.query("#output"):  # gone while the app is left
            self._shown_lines = lines
            output = self.query_one("#output", VerticalScroll)
            at_end = output.is_vertical_scroll_end
            output.query_one(Static).update(Text("\n".join(map(_shown, lines))))
            if at_end:  # else the person is reading something further up
                output.scroll_end(animate=False)

    def export_job(self) -> ExportJob | None:
        """The boxes in sight."""
        pane = self.query_one(DebuggerPane)
        name = self._script.path.stem
        return pane.export_job(f"{name}-graph", f"{name}: {pane.caption}")


def _shown(line: str) -> str:
    return printable(line.expandtabs())
