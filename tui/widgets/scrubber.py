"""The line along the bottom: all recorded steps, the loss drawn small, and the step shown."""

from __future__ import annotations

import numpy as np
from rich.text import Text
from textual import events
from textual.message import Message
from textual.widgets import Static

from microgpt.diagnosis.finding import RANK, Finding
from microgpt.graph.arrays import Floats
from tui.themes import theme_color
from tui.training.run_frame import RunFrame
from tui.widgets.findings_view import COLORS, SIGNS
from viz.style import EIGHTHS

BARS = EIGHTHS[1:]  # no column is without


def column_of(step: int, first: int, last: int, columns: int) -> int:
    """In which column a step is drawn.

    >>> [column_of(step, 1, 100, 10) for step in (1, 10, 11, 100)]
    [0, 0, 1, 9]
    """
    return min(columns - 1, (step - first) * columns // max(1, last - first + 1))


def step_in(column: int, first: int, last: int, columns: int) -> int:
    """The first step drawn in a column, or the nearest there is.

    >>> [step_in(column, 1, 100, 10) for column in (0, 1, 9)]
    [1, 11, 91]
    """
    steps = max(1, last - first + 1)
    ahead = column * steps // columns if steps < columns else -(-column * steps // columns)
    return max(first, min(first + ahead, last))


def heights(losses: Floats, columns: int) -> list[int]:
    """Mean loss of each column's steps, in eighths of the range of these means.

    A mean that is no number, or infinite, is as high as can be.

    >>> heights(np.array([4.0, 2.0, 3.0, 1.0]), 2)
    [7, 0]
    >>> heights(np.array([1.0, 2.0]), 4)
    [0, 0, 7, 7]
    >>> heights(np.array([1.0, np.inf, 3.0, np.nan]), 4)
    [0, 7, 7, 7]
    """
    n = len(losses)
    if n < columns:
        means = losses[np.arange(columns) * n // columns]
    else:
        begins = -(-np.arange(columns + 1) * n // columns)
        means = np.add.reduceat(losses, begins[:-1]) / np.diff(begins)
    is_number = np.isfinite(means)
    scaled = np.ones(columns)
    if is_number.any():
        numbers = means[is_number]
        low, high = float(numbers.min()), float(numbers.max())
        scaled[is_number] = (numbers - low) / (high - low) if high > low else 0.0
    return [round(7 * float(height)) for height in scaled]


class Scrubber(Static):
    """All steps from the first to the latest; a click goes to one."""

    ALLOW_SELECT = False  # nothing to select; Textual would draw the whole screen at each click

    class StepPicked(Message):
        """A click chose a step."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._frame: RunFrame | None = None
        self._shown = Text()

    def show(self, frame: RunFrame) -> None:
        """Shows the run of a frame, and where in it the frame is."""
        self._frame = frame
        self._draw()

    def on_resize(self) -> None:
        """As many columns as fit."""
        self._draw()

    def _draw(self) -> None:
        if (line := self._line()) != self._shown:  # frames come that are about other things
            self._shown = line
            self.update(line, layout=False)

    def on_click(self, event: events.Click) -> None:
        """Goes to the step under the mouse."""
        left, columns = self._place()
        frame, column = self._frame, event.x - left
        if frame is not None and frame.has_steps and 0 <= column < columns:
            first = frame.first_step + 1
            self.post_message(self.StepPicked(step_in(column, first, frame.live_step, columns)))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Dragging scrubs."""
        if event.button == 1:
            left, columns = self._place()
            frame = self._frame
            if frame is not None and frame.has_steps:
                column = min(max(event.x - left, 0), columns - 1)
                first = frame.first_step + 1
                self.post_message(self.StepPicked(step_in(column, first, frame.live_step, columns)))

    def _ends(self) -> tuple[str, str]:
        frame = self._frame
        if frame is None:
            return "", ""
        shown = frame.result.step if frame.result else frame.first_step
        if frame.past:
            where = f" {frame.live_step} ◆ step {shown} · L: live "
        else:
            where = f" {frame.live_step} ◆ live · , . back and forth "
        if n := len(frame.findings):
            where += f"· F: {n} finding{'' if n == 1 else 's'} "
        return f" {frame.first_step + 1} ", where

    def _ink(self, finding: Finding) -> str:
        return f"bold {theme_color(self.app, COLORS[finding.certainty])}"

    def _place(self) -> tuple[int, int]:
        """First column of the bars, and how many there are."""
        left, right = self._ends()
        return len(left), max(1, self.size.width - len(left) - len(right))

    def _line(self) -> Text:
        line = Text(no_wrap=True, overflow="ellipsis")
        frame = self._frame
        muted, primary, accent = (
            theme_color(self.app, name) for name in ("muted", "primary", "accent")
        )
        if frame is None or not frame.has_steps:
            return line.append(" no step recorded yet", muted)
        left, right = self._ends()
        _, columns = self._place()
        first = frame.first_step + 1
        step = frame.result.step if frame.result else frame.live_step
        marked = column_of(step, first, frame.live_step, columns)
        bars = "".join(BARS[height] for height in heights(frame.losses_so_far, columns))
        line.append(left, muted)
        drawn = Text(f"{bars[:marked]}◆{bars[marked + 1 :]}", primary)
        for finding in sorted(frame.findings, key=lambda finding: -RANK[finding.certainty]):
            column = column_of(finding.pass_number or first, first, frame.live_step, columns)
            if column != marked:
                sign = Text(SIGNS[finding.certainty], self._ink(finding))
                drawn = drawn[:column] + sign + drawn[column + 1 :]
        drawn.stylize(f"bold {accent}", marked, marked + 1)
        line.append_text(drawn)
        line.append(right, f"bold {accent}" if frame.past else muted)
        return line
