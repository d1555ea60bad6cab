"""The loss curve: every step as a thin line, the mean of recent steps as a thick one."""

from __future__ import annotations

import numpy as np
from textual_plot import HiResMode, PlotWidget

from microgpt.graph.arrays import Floats
from tui.themes import theme_color

STEPS_IN_MEAN = 25
"""Steps in the running mean."""


AROUND = 0.5
"""How much of the axis is shown below and above a single loss. Units: nats."""


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


def running_mean(values: np.ndarray, of: int = STEPS_IN_MEAN) -> np.ndarray:
    """Mean of each value with up to `of - 1` before it.

    >>> running_mean(np.array([1.0, 3.0, 5.0]), 2)
    array([1., 2., 4.])
    """
    sums = np.concatenate(([0.0], np.cumsum(values)))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - of)
    return (sums[ends] - sums[starts]) / (ends - starts)


class LossPlot(PlotWidget):
    """Loss against step. Units: nats."""

    BINDINGS = []  # its keys would shadow the app's; the wheel still zooms

    def on_mount(self) -> None:
        """Axes and margins."""
        super().on_mount()
        self.margin_top, self.margin_bottom, self.margin_left = 0, 1, 7
        self.can_focus = False
        self.display = False

    def show(self, values: Floats, first_step: int = 0, marked: int | None = None) -> None:
        """Draws the losses of all steps so far.

        Args:
            values: of all steps. Shape: `[step - first_step - 1]`.
            first_step: the step before the first of them.
            marked: a step to mark with a line.
        """
        self.display = bool(len(values))  # axes without a curve would be invented
        most = 2 * max(20, self.size.width)
        self.clear()
        muted, accent = (theme_color(self.app, name) for name in ("muted", "primary"))
        first = first_step + 1
        self.set_xlimits(
            first, first_step + max(10, len(values))
        )  # whole steps on the axis from the first on
        if len(values) > 1:
            self.set_ylimits(None, None)
            steps, points = decimated(values, most)
            self.plot(steps + first_step, points, muted, HiResMode.BRAILLE)
            steps, points = decimated(running_mean(values), most)
            self.plot(steps + first_step, points, accent, HiResMode.BRAILLE)
        elif len(values):
            low, high = values[0] - AROUND, values[0] + AROUND
            self.set_ylimits(low, high)
            self.scatter(np.array([first]), values, marker_style=accent)
        if marked is not None:
            self.add_v_line(marked, theme_color(self.app, "accent"))
