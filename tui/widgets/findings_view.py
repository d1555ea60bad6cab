"""The doctor's findings to choose from, and the chosen one in words."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from microgpt.diagnosis.finding import Certainty
from tui.themes import theme_color
from tui.widgets.text_view import TextView

SIGNS: dict[Certainty, str] = {"certain": "✗", "likely": "?", "note": "·"}
"""So that it is not told by colour alone."""
COLORS: dict[Certainty, str] = {"certain": "error", "likely": "warning", "note": "secondary"}


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding as it is shown."""

    kind: str
    certainty: Certainty
    mark: str  # in the list, behind the kind: `:17` of a line, `@120` of a step
    where: str  # a line of a program or a step of training, in words
    code: str  # the line, quoted; `""` if there is none
    told: tuple[str, ...]  # what is wrong, the numbers, what people do
    way: str  # what enter does, in words


class FindingsList(OptionList):
    """The findings to choose from. Pages of a list that has not been laid out yet are none."""

    def _move_page(self, direction: Any) -> None:
        """Textual looks for the line of what is highlighted, which is found when it is drawn."""
        with suppress(KeyError):
            super()._move_page(direction)


class FindingsView(Horizontal):
    """A list of findings beside the words of the one that the cursor is on."""

    class Chosen(Message):
        """A finding is to be gone to."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place  # in what was shown

    def __init__(self) -> None:
        super().__init__(classes="findings")
        self._shown: tuple[ShownFinding, ...] = ()
        self._early: tuple[Sequence[ShownFinding], str] | None = None  # before there is a list

    def compose(self) -> ComposeResult:
        """The list and the words."""
        yield FindingsList(classes="findings-list", compact=True, markup=False)
        yield TextView()

    def on_mount(self) -> None:
        """A doctor may be done before the screen is."""
        if self._early is not None:
            self.show(*self._early)

    @property
    def findings(self) -> tuple[ShownFinding, ...]:
        """What is shown."""
        return self._shown

    def show(self, findings: Sequence[ShownFinding], otherwise: str) -> None:
        """Shows findings; the cursor stays on the one it was on.

        Args:
            otherwise: what is said where there are none.
        """
        if not self.query(OptionList):
            self._early = findings, otherwise
            return
        findings = tuple(findings)
        listed = self.query_one(OptionList)
        if findings != self._shown or not findings:
            before, at = self._shown, listed.highlighted
            chosen = before[at] if at is not None and at < len(before) else None
            self._shown = findings
            listed.clear_options()
            listed.add_options([Option(self._title(each)) for each in findings])
            if findings:
                listed.highlighted = findings.index(chosen) if chosen in findings else 0
        listed.display = bool(findings)
        self._tell(otherwise)

    def go_to(self, place: int) -> None:
        """Puts the cursor on a finding."""
        self.query_one(OptionList).highlighted = place

    def take_focus(self) -> None:
        """Arrows choose."""
        self.query_one(OptionList if self._shown else TextView).focus()

    def _title(self, finding: ShownFinding) -> Text:
        color = theme_color(self.app, COLORS[finding.certainty])
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f"{SIGNS[finding.certainty]} {finding.kind}", f"bold {color}")
        text.append(f" {finding.mark}")
        return text

    def _tell(self, otherwise: str = "") -> None:
        view, at = self.query_one(TextView), self.query_one(OptionList).highlighted
        if at is None or at >= len(self._shown):
            view.show_sections(Text(otherwise))
            return
        finding = self._shown[at]
        text = Text()
        text.append(finding.certainty, "bold")
        text.append(f" · {finding.where}\n" if finding.where else "\n")
        if finding.code:
            text.append(f"  {finding.code}\n", theme_color(self.app, "accent"))
        text.append("\n".join(finding.told))
        if finding.way:
            text.append(f"\n⏎ {finding.way}", theme_color(self.app, "secondary"))
        view.show_sections(text)

    @on(OptionList.OptionHighlighted)
    def _take_cursor(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._tell()

    @on(OptionList.OptionSelected)
    def _take_choice(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Chosen(event.option_index))
