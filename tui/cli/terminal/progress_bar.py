"""The progress bars of the commands on a terminal. Imports rich, so it is imported late."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from microgpt import StepLoss
from microgpt.train.engines import Engine

SAY_AFTER = 1.5
"""From the cache an engine is ready within this time. Units: seconds."""


class _StepsPerSecond(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:6.1f} steps/s" if speed else "     - steps/s", no_wrap=True)


@contextmanager
def progress_bar(
    first: int, last: int, num_steps: int
) -> Iterator[Callable[[StepLoss, Engine], None]]:
    """Shows a bar for as long as the context is open.

    What it yields takes each latest step and the engine that computes. That one of them is being
    compiled is said if it takes long, as it does once per installation.

    Args:
        first: the step before the first.
        last: the step at which the bar is full.
        num_steps: length of the schedule, which is what a step is counted against.
    """
    progress = Progress(
        TextColumn("step {task.completed:4d} / {task.fields[num_steps]:4d}"),
        BarColumn(bar_width=None),
        TextColumn("loss {task.fields[loss]}{task.fields[validation]}"),
        TextColumn("{task.fields[engine]}", style="dim"),
        _StepsPerSecond(),
        TimeRemainingColumn(compact=True),
        console=Console(highlight=False),
        expand=True,
        redirect_stderr=sys.stderr.isatty(),  # or a redirected error line would land on stdout
    )
    with progress:
        task = progress.add_task(
            "", total=last, completed=first, num_steps=num_steps, loss="  -   ", validation="",
            engine="",
        )  # fmt: skip
        compiling_since = 0.0

        def show(step: StepLoss, engine: Engine) -> None:
            nonlocal compiling_since
            name = engine.name
            progress.update(task, completed=step.step, loss=f"{step.loss:.4f}", engine=name)
            if step.validation is not None:
                progress.update(task, validation=f" validation {step.validation:.4f}")
            if engine.preparing and compiling_since >= 0:
                compiling_since = compiling_since or time.monotonic()
                if time.monotonic() - compiling_since > SAY_AFTER:
                    progress.print(
                        f"compiling the {engine.preparing} engine, this once; the {name} engine "
                        "trains meanwhile"
                    )
                    compiling_since = -1.0  # said

        yield show


@contextmanager
def passing_bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr that is gone afterwards; what it yields takes how much is done."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)


@contextmanager
def bytes_bar() -> Iterator[Callable[[int, int | None], None]]:
    """A bar on stderr for as long as the context is open; what it yields takes each advance.

    That is the bytes that have arrived, and how many there will be if that is known.
    """
    progress = Progress(
        DownloadColumn(),
        BarColumn(bar_width=None),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True, highlight=False),
        expand=True,
    )
    with progress:
        task = progress.add_task("", total=None)
        yield lambda arrived, total: progress.update(task, completed=arrived, total=total)
