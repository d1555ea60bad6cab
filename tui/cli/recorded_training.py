"""`--run` and `--resume`: the run file of a training, which may fail without taking that along."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from microgpt import StepLoss, Training
from microgpt.errors import RunFileError
from tui.cli.terminal.output import print_error

if TYPE_CHECKING:
    from microgpt.runs import RunRecorder


class Recording:
    """A run file for as long as it can be written; without --run or --resume, nothing.

    Raises:
        RunFileError: the file cannot be made or opened.
    """

    def __init__(self, arguments: argparse.Namespace, training: Training) -> None:
        self._training = training
        self._recorder: RunRecorder | None = None
        self.is_whole = True  # False once something could not be written
        if not (arguments.run_file or arguments.resume):
            return
        from microgpt.runs import RunRecorder  # noqa: PLC0415  # SQLite; help need not wait for it

        if arguments.resume:
            self._recorder = RunRecorder.go_on(arguments.resume, training)
        else:
            self._recorder = RunRecorder.create(arguments.run_file, training, corpus=arguments.data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._recorder:
            recorder = self._recorder
            self._try(lambda: recorder.__exit__(kind, error, traceback))

    @property
    def interval(self) -> int | None:
        """Steps after which training pauses for a keyframe; None if it need not."""
        return self._recorder.interval if self._recorder else None

    def steps(self, steps: Sequence[StepLoss]) -> None:
        """Takes down steps just trained."""
        if self._recorder:
            recorder = self._recorder
            self._try(lambda: recorder.record(steps))

    def ask(self, samples: int, temperature: float) -> None:
        """Takes down how many samples are to be drawn in the end."""
        if self._recorder:
            recorder = self._recorder
            self._try(lambda: recorder.ask_samples(samples, temperature))

    def sample(self, number: int, temperature: float, text: str) -> None:
        """Takes down a sample just drawn."""
        if self._recorder:
            recorder = self._recorder
            self._try(lambda: recorder.record_sample(number, temperature, text))

    def _try(self, write: Callable[[], None]) -> None:
        """What fails is said once; the run file ends there, and training goes on."""
        try:
            write()
        except RunFileError as error:
            print_error(f"{error}; what was recorded before stays, and training goes on without it")
            self.is_whole = False
            if self._recorder:
                self._recorder.abandon()
                self._recorder = None
