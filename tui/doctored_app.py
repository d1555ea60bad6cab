"""An app over one run, with the doctor beside it: it watches the training, and can halt it."""

from __future__ import annotations

from dataclasses import replace

from textual import on
from textual.message import Message

from microgpt.diagnosis.finding import RANK, Finding
from microgpt.model.places import position_name
from tui.dialogs.findings import OBSERVATION, FindingsScreen
from tui.runs_app import RunsApp
from tui.selection import Selection
from tui.training.doctor_watch import DoctorWatch
from tui.training.run_frame import RunFrame
from tui.training.run_session import RunSession


class DoctoredApp(RunsApp):
    """Has each newest frame looked at, tells what was found, and goes there."""

    class DoctorFound(Message):
        """The doctor has a finding more."""

    _watch: DoctorWatch | None = None  # of the run at hand
    _asked: RunFrame | None = None  # the frame that it was asked to look at last
    _told: tuple[Finding, ...] = ()
    _halts_at_finding = False

    def _show_step(self) -> None:
        """Shows what has come, and has the doctor look at it."""
        live = self._frame
        if live is not None:
            if self._watch is None:
                self._watch = DoctorWatch(self._announce_finding)
            if live is not self._asked:
                self._asked = live
                self._watch.ask(live)
            if live.findings != self.findings:
                self._frame = self._asked = replace(live, findings=self.findings)
        super()._show_step()

    def _announce_finding(self) -> None:
        self.post_message(self.DoctorFound())

    def _close_run(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        super()._close_run()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the doctor has found in the run at hand."""
        return self._watch.findings if self._watch is not None else ()

    @on(DoctorFound)
    def _tell_finding(self) -> None:
        new = [finding for finding in self.findings if finding not in self._told]
        self._told = self.findings
        if not new:  # of a run that was left meanwhile
            return
        newest = min(new, key=lambda finding: RANK[finding.certainty])
        if self._halts_at_finding:
            self._halt_at(newest)
        elif newest.certainty != "note":
            title = f"doctor: {newest.kind or OBSERVATION} · F"
            self.notify(newest.what, title=title, severity="warning", timeout=6, markup=False)
        for screen in self.screen_stack:
            if isinstance(screen, FindingsScreen):
                screen.show(self.findings)
        self._show_step()

    def _halt_at(self, finding: Finding) -> None:
        self._halts_at_finding = False
        self.session.train_steps(0)  # and stays paused
        self.notify(f"{finding.what}; F says more", title=f"doctor: {finding.kind or OBSERVATION}",
                    severity="warning", timeout=10, markup=False)  # fmt: skip
        if finding.pass_number is not None:
            self.travel_to(finding.pass_number)

    def action_next_finding(self) -> None:
        """Trains on until the doctor finds something, and halts there."""
        if isinstance(self.session, RunSession):
            self._say_if_only_looked_at()
            return
        if self._frame is not None and self._frame.status in ("finished", "failed"):
            self.notify("the training is over: F has what was found", timeout=3)
            return
        self._halts_at_finding = not self._halts_at_finding
        if self._halts_at_finding:
            self.action_live()
            if self._frame is not None and self._frame.status == "paused":
                self.session.toggle()
        told = "it halts at the doctor's next finding; D again: it does not"
        self.notify(told if self._halts_at_finding else "it does not halt at findings", timeout=3)

    def action_findings(self) -> None:
        """Shows what the doctor has found; a finding that is chosen is gone to."""

        async def go(place: int | None) -> None:
            finding = self.findings[place] if place is not None else None
            if finding is not None and finding.pass_number is not None:
                await self.go_to(self._selection_about(finding), step=finding.pass_number)

        self.open_dialog(FindingsScreen(self.findings, self.selection), go)

    def _selection_about(self, finding: Finding) -> Selection:
        """What a finding is about: a matrix, or a place at the position at hand."""
        frame, name = self.frame, finding.about
        if frame is None or not name:
            return self.selection
        if name in frame.model.config.shapes(frame.model.tokenizer.vocab_size):
            return self.selection.with_matrix(name)
        position = self.selection.position
        if position is None:  # the last reads all others
            position = len(frame.result.position_losses) - 1 if frame.result else 0
        return self.selection.with_scope(f"{position_name(position)}/{name}")
