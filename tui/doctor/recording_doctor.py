"""`RecordingDoctor`: a thread that diagnoses the recorded pass shown. Knows no widget."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Diagnosis
from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.diagnosis.program import Program
from microgpt.diagnosis.watching import diagnosis_of
from microgpt.errors import MicrogptError
from microgpt.graph.debuggee import Stop
from microgpt.script_runs.recorded_script import RecordedScript
from tui.doctor.pass_doctor import Checkup
from tui.training.newest_only import NewestOnly


class RecordingDoctor:
    """Looks at one pass at a time, and at what the script did right before and after it.

    Args:
        on_news: is called from the thread with a pass and what is known of it.
    """

    def __init__(
        self, recording: RecordedScript, on_news: Callable[[Stop, Checkup], object]
    ) -> None:
        self._recording, self._on_news = recording, on_news
        self._program = Program()
        self._reading = threading.Lock()
        self._is_closed = False
        self._thread = NewestOnly("doctor", self._serve)

    def ask(self, stop: Stop) -> None:
        """Asks for a pass of the recording; of those asked for meanwhile the last is looked at."""
        self._thread.ask(stop)

    def close(self) -> None:
        """Reads nothing more of the recording. What has been read may still be thought about."""
        with self._reading:
            self._is_closed = True
        self._thread.close(wait=False)

    def _serve(self, stop: Stop) -> None:
        with self._reading:
            if self._is_closed:
                return
            around = self._around(stop)
        if self._thread.has_next:
            return
        passes = tuple(seen for each in around if (seen := PassEvidence.of(each)) is not None)
        shown = next((seen for seen in passes if seen.graph is stop.graph), None)
        unseen = () if shown else (f"backward {stop.number}: {_why_unseen(stop)}",)
        evidence = Evidence(passes if shown else (), self._program, unseen=unseen)
        diagnosis = diagnosis_of(evidence)
        if shown is not None:
            if any(finding.pass_number != shown.number for finding in diagnosis.findings):
                diagnosis = self._told_of(shown, diagnosis)
            _ = shown.off, shown.slopes  # computed here, and not on screen
        self._on_news(stop, Checkup(diagnosis, self._program, shown))

    def _told_of(self, seen: PassEvidence, diagnosis: Diagnosis) -> Diagnosis:
        """The same, where what is wrong in several passes is told of the one shown."""
        alone = diagnosis_of(Evidence((seen,), self._program))
        own = {(each.kind, each.file, each.line): each for each in alone.findings}
        return replace(
            diagnosis,
            findings=tuple(
                own.get((each.kind, each.file, each.line), each) for each in diagnosis.findings
            ),
        )

    def _around(self, stop: Stop) -> list[Stop]:
        """A pass between its neighbours, where it is known what the script did in between."""
        found = [stop]
        if stop.updates is not None and (earlier := self._pass_at(stop.updates.since)):
            found.insert(0, earlier)
        later = next((n for n, _ in self._recording.losses if n > stop.number), None)
        after = self._pass_at(later) if later is not None else None
        if after is not None and after.updates and after.updates.since == stop.number:
            found.append(after)
        return found

    def _pass_at(self, number: int) -> Stop | None:
        """A pass, None where it cannot be read."""
        try:
            return self._recording.pass_at(number)
        except MicrogptError:
            return None


def _why_unseen(stop: Stop) -> str:
    return stop.problem or (stop.graph.why_no_events if stop.graph else "") or "no backward pass"
