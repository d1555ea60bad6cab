"""The progress bars of the commands on a terminal. Imports rich, so it is imported late."""

from __future__ import annotations

import sys
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

from microgpt import StepResult


class _StepsPerSecond(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:6.1f} steps/s" if speed else "     - steps/s", no_wrap=True)


@contextmanager
def progress_bar(num_steps: int, last: int) -> Iterator[Callable[[StepResult], None]]:
    """Shows a bar for as long as the context is open; what it yields takes each step's result.

    Args:
        num_steps: length of the schedule, which is what a step is counted against.
        last: the step at which the bar is full.
    """
    progress = Progress(
        TextColumn("step {task.completed:4d} / {task.fields[num_steps]:4d}"),
        BarColumn(bar_width=None),
        TextColumn("loss {task.fields[loss]}"),
        _StepsPerSecond(),
        TimeRemainingColumn(compact=True),
        console=Console(highlight=False),
        expand=True,
        redirect_stderr=sys.stderr.isatty(),  # or a redirected error line would land on stdout
    )
    with progress:
        task = progress.add_task("", total=last, num_steps=num_steps, loss="  -   ")
        yield lambda result: progress.update(task, completed=result.step, loss=f"{result.loss:.4f}")


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
