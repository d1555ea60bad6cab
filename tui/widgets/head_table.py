"""What each head does: a line a head, with the label's score, entropy, distance and course."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widgets import Static

from microgpt.model.head_behaviours import HeadReport
from tui.cell_text import set_left
from tui.themes import theme_color
from tui.training.head_watch import HeadsMeasured
from tui.widgets.static_text import show_text

SPARKS = "▁▂▃▄▅▆▇█"
UNKNOWN = "·"
COURSE = 24
"""Of a sparkline, at most. Units: character cells, as all widths here."""
LEAST_COURSE = 6
LABELS = (len("mixed · previous token"), len("after same letter"))
"""Widths of a label where there is room, and where there is little."""
WIDE = 58
COMPACT = "-compact"


def sparkline(shares: Sequence[float]) -> str:
    """Shares from 0 to 1 as bars; nan as a dot, what is below 0 as 0.

    >>> sparkline([0.0, 0.5, 1.0, float("nan"), -0.3])
    '▁▅█·▁'
    """
    return "".join(
        UNKNOWN if math.isnan(share) else SPARKS[round(7 * min(1.0, max(0.0, share)))]
        for share in shares
    )


def course_of(measured: HeadsMeasured, report: HeadReport, width: int) -> str:
    """How far a head did over training what it does now, or most, as a sparkline."""
    name, points = leading(report), measured.course
    if not points or width < 1:
        return ""
    n = min(width, len(points))
    picked = [points[at * len(points) // n] for at in range(n)]
    shares = [
        math.nan if each is None else each.heads[report.layer][report.head].score_of(name)
        for each in picked
    ]
    return sparkline(shares)


def leading(report: HeadReport) -> str:
    """What a head does; of one that is mixed what it does most."""
    known = [it for it in report.behaviours if it.n_positions]
    if report.label == "mixed" and known:
        return max(known, key=lambda it: it.score).name
    return report.label


def label_of(report: HeadReport, width: int) -> str:
    """What a head is called; of a mixed one also what it does most, where there is room."""
    label = report.label
    if label == "mixed" and width >= WIDE and (leads := leading(report)) != label:
        label = f"{label} · {leads}"
    return set_left(label, LABELS[width < WIDE])


def heading(width: int) -> str:
    """Over the columns that there is room for."""
    is_wide = width >= WIDE
    columns = "bits  of max  back" if is_wide else "bits back"
    told = f"{'does':<{LABELS[not is_wide]}} score {columns}"
    return told + (" over training" if width - len(told) >= len(" over training") else "")


def head_line(measured: HeadsMeasured, report: HeadReport, width: int) -> str:
    """One head, in the width that there is beside its name."""
    is_wide = width >= WIDE
    told = f"{label_of(report, width)} {report.score:5.2f} {report.entropy:4.1f} "
    told += (
        f"{100 * report.entropy_share:6.0f}% {report.distance:5.1f}"
        if is_wide
        else f"{report.distance:4.1f}"
    )
    room = min(COURSE, width - len(told) - 1)
    return f"{told} {course_of(measured, report, room)}" if room >= LEAST_COURSE else told


class HeadTable(Static):
    """A line a head; a click selects it."""

    class HeadPicked(Message):
        """A head was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  # Textual's own name for it
        super().__init__("measuring what heads do …", id=id, markup=False)
        self._measured: HeadsMeasured | None = None
        self._chosen = 0
        self._note = ""

    def show(self, measured: HeadsMeasured | None, chosen: int, note: str = "") -> None:
        """Shows all heads, one of them marked; counted through all layers.

        Args:
            measured: None shows what is known already.
            note: stands on the border, or in a line without one.
        """
        self._measured, self._chosen, self._note = measured or self._measured, chosen, note
        self.border_subtitle = note
        if self._measured is not None:
            n = self._measured.survey.n_documents
            step = self._measured.step
            self.border_title = f"what heads do, on {n} documents · step {step}"
            show_text(self, self._line() if self.has_class(COMPACT) else self._table())

    def set_compact(self, *, compact: bool) -> None:
        """Shows the selected head alone, in one line, or all."""
        if compact != self.has_class(COMPACT):
            self.set_class(compact, COMPACT)
            self.show(None, self._chosen, self._note)

    def on_resize(self) -> None:
        """Columns are those that fit."""
        self.call_after_refresh(self.show, None, self._chosen, self._note)

    @property
    def _reports(self) -> list[HeadReport]:
        layers = self._measured.survey.heads if self._measured else ()
        return [report for layer in layers for report in layer]

    @property
    def in_sight(self) -> range:
        """The heads that there is room for, the selected one among them."""
        n, fit = len(self._reports), max(1, self.max_lines - 1)
        first = max(0, min(self._chosen - fit // 2, n - fit))
        return range(first, min(n, first + fit))

    max_lines = 8
    """Of the table, its heading included."""

    def height_of(self, n_heads: int) -> int:
        """With its border, of so many heads."""
        return min(self.max_lines, n_heads + 1) + 2

    def on_click(self, event: events.Click) -> None:
        """Selects the head under the mouse."""
        at = event.get_content_offset(self)
        if at is not None and 0 < at.y <= len(self.in_sight):
            self.post_message(self.HeadPicked(self.in_sight[at.y - 1]))

    def _line(self) -> Text:
        """The selected head, and the note."""
        measured, reports = self._measured, self._reports
        text = Text(no_wrap=True, overflow="ellipsis")
        if measured is None or not reports:
            return text
        report = reports[min(self._chosen, len(reports) - 1)]
        text.append(f"L{report.layer} H{report.head} ", theme_color(self.app, "accent"))
        text.append(f"{report.label} {report.score:.2f}", "bold")
        told = f" · {report.entropy:.1f} bits · {report.distance:.1f} back"
        text.append(f"{told} · {measured.survey.n_documents} documents ")
        text.append(self._note or course_of(measured, report, COURSE))
        return text

    def _table(self) -> Text:
        measured, width = self._measured, self.content_size.width
        text = Text(no_wrap=True, overflow="crop")
        if measured is None:
            return text
        muted, accent = (theme_color(self.app, name) for name in ("muted", "accent"))
        beside = width - len("▸L0 H0 ")
        text.append(f" head  {heading(beside)}", muted)
        reports = self._reports
        for at in self.in_sight:
            report, is_chosen = reports[at], at == self._chosen
            name = f"{'▸' if is_chosen else ' '}L{report.layer} H{report.head} "
            text.append(f"\n{name}", f"bold {accent}" if is_chosen else muted)
            text.append(head_line(measured, report, width - len(name)), "bold" if is_chosen else "")
        return text
