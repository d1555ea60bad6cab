"""Runs whose loss curves are drawn over the one at hand's, as far as they are recorded.

Knows no screen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from microgpt.difference.run_difference import Setting, settings_between
from microgpt.graph.arrays import Floats
from microgpt.model.adam import TrainingConfig
from microgpt.runs import Run, is_being_written
from microgpt.runs.run_info import RunInfo
from microgpt.train.training import StepLoss

LETTERS = "abcdefgh"
"""Marks of the curves, which tell them apart without colours. So many runs at most."""


@dataclass(frozen=True, eq=False)
class ComparedRun:
    """A run's losses, and what it was begun with differently from the run at hand."""

    path: Path
    name: str
    first_step: int  # the step before the first of `losses`
    losses: Floats  # Units: nats. Shape: `[step - first_step - 1]`.
    measured: tuple[tuple[int, float], ...]  # steps, and the loss after each of what is held out
    config: TrainingConfig
    settings: tuple[Setting, ...]  # `a` is the run at hand, `b` this one
    parent_step: int | None  # where it left the run at hand, if it is a branch of that
    is_growing: bool  # whether another process, or this one, writes it

    @property
    def last_step(self) -> int:
        """The last step recorded."""
        return self.first_step + len(self.losses)


def read_compared(path: Path, name: str, at_hand: RunInfo) -> ComparedRun:
    """Reads a run to compare with.

    Args:
        name: what it is called on screen.
        at_hand: what the run at hand is.

    Raises:
        RunFileError: the file cannot be read, or is damaged.
    """
    is_growing = is_being_written(path)  # asked first: a last step written meanwhile is read
    with Run(path, "value") as run:
        info = run.info
        begun = ComparedRun(
            path, name, run.first_step, np.array([]), (), info.config,
            tuple(each for each in settings_between(at_hand, info) if each.name != "microgpt"),
            info.parent_step if info.parent_id == at_hand.run_id else None,
            is_growing,
        )  # fmt: skip
        return _with_steps(begun, run.losses())


def read_on(run: ComparedRun) -> ComparedRun:
    """Reads what a run to compare with has grown by.

    Raises:
        RunFileError: the file cannot be read, or is damaged.
    """
    is_growing = is_being_written(run.path)
    with Run(run.path, "value") as file:
        return replace(_with_steps(run, file.losses(run.last_step)), is_growing=is_growing)


def _with_steps(run: ComparedRun, steps: list[StepLoss]) -> ComparedRun:
    measured = tuple((at.step, at.validation) for at in steps if at.validation is not None)
    losses = np.concatenate([run.losses, [at.loss for at in steps]])
    return replace(run, losses=losses, measured=(*run.measured, *measured))


def differences_in_words(run: ComparedRun) -> str:
    """What it was begun with differently, for a legend: `lr 0.001 not 0.01, seed 7 not 42`."""
    told = [f"{each.name} {_short(each.b)} not {_short(each.a)}" for each in run.settings]
    if run.parent_step is not None:
        told.insert(0, f"branched off at {run.parent_step:,}")
    return ", ".join(told) or "begun alike"


def _short(value: float | str) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 20 else f"{text[:19]}…"
