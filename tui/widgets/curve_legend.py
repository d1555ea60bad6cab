"""What stands below the curves of Train mode: which is which, and what runs differ in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.text import Text

from microgpt.printable import printable
from tui.training.compared_runs import LETTERS, ComparedRun, differences_in_words
from tui.training.position_losses import PositionLosses
from tui.training.run_frame import RunFrame
from tui.widgets.loss_plot import HELD_OUT, LossCurves, running_mean
from viz.style import short_number


def loss_legend(
    curves: LossCurves, frame: RunFrame, run_name: str, colors: Sequence[str], ink: dict[str, str]
) -> Text:
    """Below losses: what is smoothed and how, what is held out, and the runs.

    Args:
        colors: of the other runs.
        ink: colours of the theme by name: muted, primary, accent.
    """
    text = Text()
    if curves.others:
        text.append(f"{printable(run_name)}: ", "bold")
    if curves.smoothing.each:
        text.append("┆ ", ink["muted"]).append("each step  ")
    if curves.smoothing.mean:
        text.append("━ ", ink["primary"]).append(
            f"mean of {min(curves.in_mean, len(curves.losses))}"
        )
        text.append(f" {_last_mean(curves.losses, curves.in_mean)}  ")
    if curves.measured:
        text.append(f"{HELD_OUT} ", ink["accent"])
        count = frame.config.validation
        text.append(f"{count:,} held out {curves.measured[-1][1]:.4f}  ")
    elif frame.config.validation:
        text.append(f"{HELD_OUT} {frame.config.validation:,} held out, not measured yet  ",
                    ink["muted"])  # fmt: skip
    for place, run in enumerate(curves.others):
        text.append(f"\n{LETTERS[place]} ", f"bold {colors[place]}")
        text.append(printable(run.name), colors[place])
        text.append(f" {_last_mean(run.losses, curves.in_mean)}")
        if run.measured:
            text.append(f" {HELD_OUT} {run.measured[-1][1]:.4f}")
        text.append(f"  {printable(differences_in_words(run))}", ink["muted"])
    return text


def position_legend(measured: PositionLosses | None, muted: str) -> Text:
    """Below losses by position."""
    text = Text(no_wrap=True, overflow="ellipsis")
    if measured is None:
        return text.append("measuring…", muted)
    if measured.problem:
        return text.append(f"step {measured.step:,}: {measured.problem}")
    n = measured.counts[0]
    text.append(f"step {measured.step:,}: mean of {n} documents' losses at each position")
    last = measured.counts[-1]
    text.append(f"; {last} {'reaches' if last == 1 else 'reach'} the last", muted)
    return text


def rate_legend(frame: RunFrame, others: Sequence[ComparedRun], colors: Sequence[str]) -> Text:
    """Below learning rates."""
    config = frame.config
    text = Text(no_wrap=True, overflow="ellipsis")
    if frame.result is not None:
        text.append(f"step {frame.result.step:,}: {frame.result.lr:.4g}; ")
    text.append(f"falls from {config.lr:g} to 0 over {config.num_steps:,} steps")
    for place, run in enumerate(others):
        text.append(f"\n{LETTERS[place]} ", f"bold {colors[place]}")
        text.append(printable(run.name), colors[place])
        text.append(f"  from {run.config.lr:g} over {run.config.num_steps:,} steps")
    return text


def _last_mean(losses: np.ndarray, of: int) -> str:
    return short_number(float(running_mean(losses, of)[-1])) if len(losses) else ""
