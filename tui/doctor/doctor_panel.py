"""The doctor's panel beside a graph: the verdict on the passes seen, and their findings."""

from __future__ import annotations

from textual.binding import Binding

from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.program import Program
from microgpt.diagnosis.wording import place_of, told_of, verdict_in_words
from tui.doctor.pass_doctor import Checkup
from tui.widgets.findings_view import FindingsView, ShownFinding

WORKS = "the doctor looks at the pass …"


class DoctorPanel(FindingsView):
    """Hidden until there is something to say, or the person asks."""

    BINDINGS = [Binding("escape", "hide", "Hide", show=False)]

    def __init__(self) -> None:
        super().__init__()
        self.display = False
        self.checkup: Checkup | None = None
        self._was_closed = False  # by the person: it comes back only when asked for
        self.border_title = "doctor"

    def works(self) -> None:
        """Says that a pass is being looked at."""
        self.border_title = f"doctor · {WORKS}"

    def take(self, checkup: Checkup) -> None:
        """Shows what is known now; comes up by itself for the first findings that are no notes."""
        self.checkup = checkup
        diagnosis = checkup.diagnosis
        told = ["every gradient is as it should be" if diagnosis.verdict == "sound"
                else "nothing wrong was found, and not all could be checked"]  # fmt: skip
        told += diagnosis.why_unchecked
        self.border_title = f"doctor · {self.verdict}"
        self.border_subtitle = "F: the keys · ⏎ goes there · again F: hide"
        shown = [_shown(finding, checkup.program) for finding in diagnosis.findings]
        self.show(shown, "\n".join(told))
        if diagnosis.verdict in ("faulty", "suspect") and not self._was_closed:
            self._appear(True)

    @property
    def verdict(self) -> str:
        """In a line; `""` before the first pass."""
        return verdict_in_words(self.checkup.diagnosis) if self.checkup else ""

    @property
    def verdict_in_short(self) -> str:
        """The verdict, or how many findings there are."""
        diagnosis = self.checkup.diagnosis if self.checkup else None
        n = sum(f.certainty != "note" for f in diagnosis.findings) if diagnosis else 0
        if n:
            return f"{n} finding{'' if n == 1 else 's'}"
        return diagnosis.verdict if diagnosis else ""

    def finding(self, place: int) -> Finding | None:
        """A finding that is shown."""
        findings = self.checkup.diagnosis.findings if self.checkup else ()
        return findings[place] if place < len(findings) else None

    def toggle(self) -> bool:
        """Gives it the keys, or hides it if it has them; whether it is there now."""
        self._appear(not (self.display and self.has_focus_within))
        self._was_closed = not self.display
        if self.display:
            self.take_focus()
        return self.display

    def action_hide(self) -> None:
        """Hides it."""
        self._appear(False)
        self._was_closed = True

    def _appear(self, here: bool) -> None:
        self.display = here
        self.screen.set_class(here, "-doctor")  # which leaves other panes less room


def _shown(finding: Finding, program: Program) -> ShownFinding:
    ways = []
    if finding.event is not None and finding.event >= 0:
        ways.append(f"goto backward {finding.event}")
    elif finding.nodes:
        ways.append(f"shows #{finding.nodes[0]}")
    if ways and finding.pass_number is not None:
        ways.append(f"of pass {finding.pass_number}")
    return ShownFinding(
        finding.kind, finding.certainty, "" if finding.line is None else f":{finding.line}",
        place_of(finding),
        program.text(finding.file, finding.line), tuple(told_of(finding)), " ".join(ways),
    )  # fmt: skip
