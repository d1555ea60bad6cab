"""The doctor's findings in a training, to choose one of."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding

from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.wording import told_of
from tui.dialogs.dialog import Dialog
from tui.selection import Selection
from tui.widgets.findings_view import FindingsView, ShownFinding

OBSERVATION = "observation"
"""What is of no kind of fault."""
NOTHING = (
    "Nothing to worry about so far. The doctor reads every loss and how far each update goes, "
    "and looks at some steps whole: units that are off, softmaxes that are sure of one thing, "
    "gradients that fall or rise on their way down. D runs on to the next finding."
)


class FindingsScreen(Dialog[int | None]):
    """Its result is the place of the finding to go to, None for none."""

    BINDINGS = [Binding("escape,F,q", "dismiss(None)", "Close")]

    def __init__(self, findings: Sequence[Finding], selection: Selection | None = None) -> None:
        """Shows findings.

        Args:
            selection: what is selected; findings about it say so, and the cursor is on the first.
        """
        super().__init__()
        self._findings = tuple(findings)
        self._selection = selection or Selection()

    def compose(self) -> ComposeResult:
        """The findings, the newest at the end."""
        view = FindingsView()
        view.border_subtitle = "⏎ goes to the step · esc closes"
        yield view

    def on_mount(self) -> None:
        """Arrows choose at once."""
        self.show(self._findings)
        view = self.query_one(FindingsView)
        if (at := next(filter(self._is_about, self._findings), None)) is not None:
            view.go_to(self._findings.index(at))
        view.take_focus()

    def _is_about(self, finding: Finding) -> bool:
        """Whether a finding is about what is selected."""
        return self._selection.is_about(finding.about)

    def show(self, findings: Sequence[Finding]) -> None:
        """Shows these, of which there may be more now."""
        view = self.query_one(FindingsView)
        n = len(findings)
        view.border_title = f"doctor · {n} finding{'' if n == 1 else 's'}"
        view.show([_shown(each, chosen=self._is_about(each)) for each in findings], NOTHING)

    @on(FindingsView.Chosen)
    def _choose(self, event: FindingsView.Chosen) -> None:
        self.dismiss(event.place)


def _shown(finding: Finding, *, chosen: bool) -> ShownFinding:
    step = finding.pass_number or 0
    way = f"goes to step {step:,}"
    if finding.about:
        way += f" and selects {finding.about}"
    where = f"step {step:,}{' · about what is selected' if chosen else ''}"
    mark = f"@{step:,}{' ◂' if chosen else ''}"
    return ShownFinding(
        finding.kind or OBSERVATION, finding.certainty, mark, where, "",
        tuple(told_of(finding, in_code=False)), way,
    )  # fmt: skip
