"""A recorded run looked at, perhaps while another process writes it. Knows no screen."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable
from dataclasses import replace

from microgpt.errors import MicrogptError
from microgpt.runs import Run, is_being_written
from microgpt.train.engines import AutoEngine
from tui.training.run_frame import FreshSample, RunFrame
from tui.training.training_session import MAX_SAMPLES, engine_in_words

ASK_FILE_EVERY = 0.25
"""How often the file is asked for new steps. Units: seconds."""


class RunSession:
    """Follows a run's file in a thread, with the interface of a `TrainingSession`."""

    def __init__(self, run: Run, on_frame: Callable[[], None]) -> None:
        """Looks at a run; `on_frame` is called from the session's thread."""
        self._run = run
        self._on_frame = on_frame
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._told = False
        self._known: dict[tuple[int, str], FreshSample] = {}  # those whose probability is known
        self._frame = self._first_frame()
        self._thread = threading.Thread(target=self._follow, name="following", daemon=True)

    def start(self) -> None:
        """Begins to follow."""
        if isinstance(self._run.engine, AutoEngine):
            self._run.engine.prepare()  # whoever looks at a run will go to steps of it
        self._thread.start()

    def close(self) -> None:
        """Ends the thread and lets the file go."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()
        self._run.close()

    def take_frame(self) -> RunFrame:
        """The latest frame. The next one will be announced again."""
        with self._lock:
            self._told = False
            return self._frame

    def toggle(self) -> None:
        """Nothing is being trained here."""

    def train_steps(self, steps: int = 1) -> None:
        """Nothing is being trained here."""

    def change_speed(self, by: int) -> None:
        """Nothing is being trained here."""

    def _first_frame(self) -> RunFrame:
        run = self._run
        first = run.at(run.first_step)
        return RunFrame(
            "followed", None, first.before, array("d"), (), 0.0, 0.0, run.info.config.num_steps,
            first_step=run.first_step, live_step=run.first_step, config=run.info.config,
        )  # fmt: skip

    def _follow(self) -> None:
        while True:
            try:
                self._look()
            except MicrogptError as error:
                self._show(replace(self._frame, status="failed", problem=str(error)))
            if self._closed.wait(ASK_FILE_EVERY):
                return

    def _look(self) -> None:
        run, frame = self._run, self._frame
        status = "followed" if is_being_written(run.path) else "recorded"
        new = run.losses(since=frame.live_step, as_far_as_whole=True)
        if not new and status == frame.status:
            return
        if new:
            frame.losses.extend(loss.loss for loss in new)
            measured = tuple((at.step, at.validation) for at in new if at.validation is not None)
            frame = replace(
                frame, samples=self._samples(), live_step=new[-1].step,
                measured=(*frame.measured, *measured),
            )  # fmt: skip
        if frame.live_step > (frame.result.step if frame.result else run.first_step):
            try:
                latest = run.at(frame.live_step)
            except MicrogptError as error:  # tried again; one can go to earlier steps meanwhile
                self._show(replace(frame, status="failed", problem=str(error)))
                return
            frame = replace(
                frame,
                result=latest.result,
                model=latest.before,
                origin=run.origin(latest),
                after=latest.after,
                engine=engine_in_words(run.engine),
            )
        self._show(replace(frame, status=status, problem=""))
        self._tell_probabilities(frame.samples)

    def _samples(self) -> tuple[FreshSample, ...]:
        """Those recorded, newest first."""
        recorded = reversed(self._run.samples()[-MAX_SAMPLES:])
        return tuple(self._known.get(each, FreshSample(*each)) for each in recorded)

    def _tell_probabilities(self, samples: tuple[FreshSample, ...]) -> None:
        """Says how likely samples are, each of which is of a step that is gone to for it."""
        for sample in samples:
            key = sample.step, sample.text
            if self._closed.is_set() or key in self._known:
                continue
            try:
                model = self._run.at(sample.step).after
            except MicrogptError:  # whoever goes to the step is told what is wrong
                continue
            self._known[key] = FreshSample.of(model, *key)
            known = tuple(self._known.get((at.step, at.text), at) for at in self._frame.samples)
            self._show(replace(self._frame, samples=known))

    def _show(self, frame: RunFrame) -> None:
        with self._lock:
            self._frame = frame
            if self._told:
                return
            self._told = True
        self._on_frame()
