"""Curves over training: losses of one run and of others over it, by position, learning rates.

Without colours, too, a curve is known: a run's own mean is a solid line among dots, other runs have
letters along theirs, and what is held out has rings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from textual_plot import HiResMode, PlotWidget

from microgpt.graph.arrays import Floats
from tui.themes import theme_color
from tui.training.compared_runs import LETTERS, ComparedRun

LEAST_IN_MEAN = 25
"""Steps in the running mean at least: as many documents, whose losses differ by a nat."""
PART_IN_MEAN = 40
"""And at least one part in so many of all steps, so that a long run's curve is as smooth."""
AROUND = 0.5
"""How much of the axis is shown below and above a single loss. Units: nats."""
HELD_OUT = "○"
MARKS = 4
"""Letters along a curve."""
COLORS = ("secondary", "success", "warning", "error", "accent")
"""Of other runs, in turn."""


def decimated(values: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Steps and values of at most `most` points: the lowest and highest of each stretch.

    >>> decimated(np.array([3.0, 1.0, 2.0, 5.0]), 2)
    (array([2, 4]), array([1., 5.]))
    """
    steps = np.arange(1, len(values) + 1)
    if len(values) <= most:
        return steps, values
    keep = []
    for stretch in np.array_split(np.arange(len(values)), most // 2):
        low, high = stretch[values[stretch].argmin()], stretch[values[stretch].argmax()]
        keep += sorted({int(low), int(high)})
    return steps[keep], values[keep]


def running_mean(values: np.ndarray, of: int) -> np.ndarray:
    """Mean of each value with up to `of - 1` before it.

    >>> running_mean(np.array([1.0, 3.0, 5.0]), 2)
    array([1., 2., 4.])
    """
    sums = np.concatenate(([0.0], np.cumsum(values)))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - of)
    return (sums[ends] - sums[starts]) / (ends - starts)


def steps_in_mean(n_steps: int) -> int:
    """Over how many steps the mean is taken in a run of so many.

    >>> [steps_in_mean(n) for n in (10, 1000, 1001, 10_000, 60_000)]
    [25, 25, 50, 400, 1600]
    """
    window = LEAST_IN_MEAN
    while window * PART_IN_MEAN < n_steps:
        window *= 2
    return window


@dataclass(frozen=True, slots=True)
class Smoothing:
    """Which of a run's two curves are drawn."""

    each: bool  # the loss of each step
    mean: bool


SMOOTHINGS = (
    Smoothing(each=True, mean=True),
    Smoothing(each=False, mean=True),
    Smoothing(each=True, mean=False),
)


@dataclass(frozen=True, eq=False)
class LossCurves:
    """What is drawn of a run's losses."""

    losses: Floats  # of all steps so far. Units: nats. Shape: `[step - first_step - 1]`.
    first_step: int  # the step before the first of them
    measured: Sequence[tuple[int, float]] = ()  # steps, and the loss after each of what is held out
    marked: int | None = None  # a step to mark with a line
    others: Sequence[ComparedRun] = ()
    smoothing: Smoothing = SMOOTHINGS[0]

    @property
    def last_step(self) -> int:
        """The last of all runs."""
        own = self.first_step + len(self.losses)
        return max(own, *(run.last_step for run in self.others)) if self.others else own

    @property
    def in_mean(self) -> int:
        """Over how many steps means are taken, of all runs alike."""
        longest = max(len(self.losses), *(len(run.losses) for run in self.others), 0)
        return steps_in_mean(longest)


class LossPlot(PlotWidget):
    """Curves over steps or positions. Losses are in nats."""

    BINDINGS = []  # its keys would shadow the app's; the wheel still zooms

    def on_mount(self) -> None:
        """Axes and margins."""
        super().on_mount()
        self.margin_top, self.margin_bottom, self.margin_left = 0, 1, 7
        self.can_focus = False
        self.display = False

    def show(self, curves: LossCurves) -> None:
        """Draws losses of all steps so far."""
        losses, first = curves.losses, curves.first_step + 1
        begins = min([first, *(run.first_step + 1 for run in curves.others)])
        self._begin(bool(len(losses) or curves.others), begins, max(curves.last_step, begins + 9))
        self.set_ylimits(None, None)
        self._draw_losses(losses, curves)
        for place, run in enumerate(curves.others):
            self._draw_other(run, curves, LETTERS[place], self.color_of(place))
        if curves.measured:
            steps, points = (np.array(each) for each in zip(*curves.measured, strict=True))
            if len(steps) > 1:
                self.plot(steps, points, self._color("accent"), HiResMode.BRAILLE)
            some = steps_along(len(steps), max(8, self.size.width // 6))
            self.scatter(steps[some], points[some], HELD_OUT, self._color("accent"))
        if curves.marked is not None:
            self.add_v_line(curves.marked, self._color("accent"))

    def show_positions(self, means: Floats) -> None:
        """Draws the mean loss at each position."""
        self._begin(bool(len(means)), 0, max(1, len(means) - 1))
        finite = means[np.isfinite(means)]
        self.set_ylimits(0, float(finite.max(initial=1.0)))
        at = np.arange(len(means))
        self.bar(at, means, 0.6, self._color("primary"), HiResMode.QUADRANT)
        self.set_xlimits(-0.5, len(means) - 0.5)

    def show_rates(self, curves: Sequence[tuple[Floats, Floats]], now: int | None) -> None:
        """Draws learning rates.

        Args:
            curves: steps and rates, of the run at hand first.
            now: the step shown.
        """
        self._begin(True, 1, max(float(steps[-1]) for steps, _ in curves))
        self.set_ylimits(0, None)
        for place, (steps, rates) in enumerate(curves):
            color = self.color_of(place - 1) if place else self._color("primary")
            self.plot(steps, rates, color, HiResMode.BRAILLE)
            if place:
                along = steps_along(len(steps), MARKS)
                self.scatter(steps[along], rates[along], LETTERS[place - 1], color)
        if now is not None:
            self.add_v_line(now, self._color("accent"))

    def color_of(self, place: int) -> str:
        """Of one of the other runs."""
        return self._color(COLORS[place % len(COLORS)])

    def _begin(self, has_curves: bool, first: float, last: float) -> None:
        self.display = has_curves  # axes without a curve would be invented
        self.clear()
        self.set_xlimits(first, last)  # whole steps on the axis from the first on

    def _draw_losses(self, losses: Floats, curves: LossCurves) -> None:
        if not len(losses):
            return
        muted, primary = self._color("muted"), self._color("primary")
        if len(losses) == 1:
            if not curves.others:
                self.set_ylimits(losses[0] - AROUND, losses[0] + AROUND)
            self.scatter(np.array([curves.first_step + 1]), losses, marker_style=primary)
            return
        if curves.smoothing.each:
            self._line(losses, curves.first_step, muted)
        if curves.smoothing.mean:
            mode = HiResMode.QUADRANT if self.app.no_color else HiResMode.BRAILLE
            self._line(running_mean(losses, curves.in_mean), curves.first_step, primary, mode)

    def _draw_other(self, run: ComparedRun, curves: LossCurves, letter: str, color: str) -> None:
        if not len(run.losses):
            return
        values = run.losses
        if curves.smoothing.mean:
            values = running_mean(values, curves.in_mean)
        self._line(values, run.first_step, color)
        along = steps_along(len(values), MARKS)
        self.scatter(along + run.first_step + 1, values[along], letter, f"bold {color}")

    def _line(
        self, values: Floats, first_step: int, color: str, mode: HiResMode = HiResMode.BRAILLE
    ) -> None:
        steps, points = decimated(values, 2 * max(20, self.size.width))
        self.plot(steps + first_step, points, color, mode)

    def _color(self, name: str) -> str:
        return theme_color(self.app, name)


def steps_along(n: int, most: int) -> np.ndarray:
    """Places evenly spread over so many, the last included.

    >>> steps_along(100, 4).tolist(), steps_along(2, 4).tolist()
    ([24, 49, 74, 99], [0, 1])
    """
    return (
        np.unique((np.arange(1, most + 1) * n + most - 1) // most - 1) if n else np.array([], int)
    )
