"""Training in a thread of its own, as the screens need it: pause, one step, speed, frozen frames.

Knows no screen. The thread makes frames and nothing else reads its state; whoever watches is told
through one callback, at most once until they have taken the frame.
"""

from __future__ import annotations

import random
import threading
import time
from array import array
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from microgpt import ModelSnapshot, StepLoss, Training
from microgpt.errors import MicrogptError, RunFileError
from microgpt.model.sampling import DEFAULT_TEMPERATURE
from microgpt.runs import RunRecorder
from microgpt.train.engines import Engine
from microgpt.train.graph_origin import GraphOrigin
from tui.training.run_frame import FreshSample, RunFrame

SPEEDS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 0.0)
"""Units: steps a second; 0 is as fast as it goes."""

DETAIL_EVERY = 0.02
"""At full speed a step is told in detail so often; those between are trained as fast as can be.
Units: seconds."""

SAMPLE_EVERY = 1.5
"""Seconds between fresh samples while training runs."""

CLOSE_WITHIN = 0.5
"""Seconds that closing waits for a step to end."""

MAX_SAMPLES = 12
RATE_WINDOW = 3.0
"""Seconds over which steps a second are counted."""


class TrainingSession:
    """Runs a `Training` in a thread and tells `on_frame` when there is something new to show."""

    def __init__(
        self,
        training: Training,
        on_frame: Callable[[], None],
        recorder: RunRecorder | None = None,
        *,
        paused: bool = False,
        speed: float = 0.0,
    ) -> None:
        """Takes a training over.

        Args:
            on_frame: called from the session's thread.
            recorder: takes down every step; closed with the session.
            speed: one of `SPEEDS`.
        """
        self._training = training
        self._recorder = recorder
        self._run_id = recorder.info.run_id if recorder is not None else ""
        self._on_frame = on_frame
        self._wake = threading.Condition()
        self._running = not paused
        self._to_do = 0  # single steps asked for
        self._speed = SPEEDS.index(speed)
        self._closed = False
        self._told = False
        # When the last steps in detail ended, and which they were.
        self._times: deque[tuple[float, int]] = deque()
        # Not the run's generator: watching must not change what the run draws.
        self._sample_rng = random.Random(training.config.seed)
        self._sampled_at = 0.0
        self._frame = RunFrame(
            "paused" if paused else "running", None, ModelSnapshot.of(training), array("d"), (),
            0.0, speed, training.config.num_steps, engine=engine_in_words(training.engine),
            first_step=training.step, live_step=training.step, upcoming=self._next_origin(),
            config=training.config,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._run, name="training", daemon=True)

    def start(self) -> None:
        """Begins to train; what there is before the first step can be looked at at once."""
        with self._wake:
            self._show(self._frame)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread after the step it is in, and waits a moment for that.

        A step of a large model takes long, and nobody who leaves wants to wait for it: the thread
        is a daemon, which ends with the program.
        """
        with self._wake:
            self._closed = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join(CLOSE_WITHIN)
        if self._recorder and not self._thread.is_alive():
            with suppress(RunFileError):
                self._recorder.close()
            self._recorder = None

    def take_frame(self) -> RunFrame:
        """The latest frame. The next one will be announced again."""
        with self._wake:
            self._told = False
            return self._frame

    # -- what a person asks for ----------------------------------------------------------------

    def toggle(self) -> None:
        """Pauses, or goes on."""
        self._ask(running=not self._running)

    def train_steps(self, steps: int = 1) -> None:
        """Trains some steps and stays paused after them."""
        self._ask(running=False, steps=steps)

    def change_speed(self, by: int) -> None:
        """Next faster or slower of `SPEEDS`."""
        with self._wake:
            self._speed = min(max(self._speed + by, 0), len(SPEEDS) - 1)
            self._show(replace(self._frame, speed=SPEEDS[self._speed]))
            self._wake.notify()

    def _ask(self, *, running: bool, steps: int = 0) -> None:
        with self._wake:
            if self._frame.status in ("finished", "failed"):
                return
            self._running = running
            self._to_do += steps
            self._show(replace(self._frame, status="running" if running else "paused"))
            self._wake.notify()

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        results = self._training.results()
        while self._wait_for_turn():
            began = time.monotonic()
            origin = self._next_origin()
            try:
                result = next(results, None)
                if result is None:
                    self._end("finished")
                    return
                sample = self._fresh_sample()
                validation = self._training.validation_loss()
            except MicrogptError as error:
                with self._wake:
                    self._frame = replace(self._frame, origin=origin)
                self._end("failed", f"step {self._training.step + 1}: {error}")
                return
            except Exception as error:  # noqa: BLE001  # a dead thread must not look alive
                self._end("failed", f"defect in step {self._training.step + 1}: {error!r}")
                return
            after = ModelSnapshot.of(self._training)
            step = StepLoss(result.step, result.document, result.loss, result.lr, validation)
            self._record([step], sample)
            with self._wake:
                measured = self._measured_with([step])
                self._frame.losses.append(result.loss)
                samples = (sample, *self._frame.samples) if sample else self._frame.samples
                status = "running" if self._running else "paused"
                if result.step == self._training.config.num_steps:
                    status = "finished"
                self._show(
                    replace(
                        self._frame,
                        status=status,
                        result=result,
                        model=origin.model,
                        origin=origin,
                        after=after,
                        samples=samples[:MAX_SAMPLES],
                        rate=self._rate(time.monotonic()),
                        engine=engine_in_words(self._training.engine),
                        live_step=result.step,
                        measured=measured,
                    )
                )
            self._keep_speed(began)
            self._train_unseen(began + DETAIL_EVERY)

    def _train_unseen(self, until: float) -> None:
        """Trains steps that nobody will see, at full speed, until it is time for one in detail.

        The last of all steps is not among them, and a step that has no finite result neither: what
        is to be said of those needs the details.
        """
        last = self._training.config.num_steps - 1
        if not self._runs_freely(until) or self._training.step >= last:
            return
        try:
            for steps in self._training.losses(last):
                self._record(steps, None)
                with self._wake:
                    self._frame.losses.extend(step.loss for step in steps)
                    if (measured := self._measured_with(steps)) != self._frame.measured:
                        self._frame = replace(self._frame, measured=measured)
                if not self._runs_freely(until):
                    return
        except MicrogptError:
            return  # the next step in detail says what is wrong

    def _measured_with(self, steps: list[StepLoss]) -> tuple[tuple[int, float], ...]:
        """All losses of documents held out, those after the steps just trained included."""
        new = tuple((at.step, at.validation) for at in steps if at.validation is not None)
        return (*self._frame.measured, *new)

    def _runs_freely(self, until: float) -> bool:
        """Whether nobody has asked for anything, and it is not time for details or a sample."""
        until = min(until, self._sampled_at + SAMPLE_EVERY)
        with self._wake:
            waits = bool(SPEEDS[self._speed]) or not self._running or bool(self._to_do)
            return not waits and not self._closed and time.monotonic() < until

    def _next_origin(self) -> GraphOrigin:
        """What the next step will be computed from."""
        training = self._training
        step = training.step + 1
        return GraphOrigin(
            ModelSnapshot.of(training), training.document_at(step), step, training.documents,
            training.state.copy(), training.config, run=self._run_id,
        )  # fmt: skip

    def _record(self, steps: list[StepLoss], sample: FreshSample | None) -> None:
        """A file that cannot be written any more does not stop the training."""
        if self._recorder is None:
            return
        try:
            self._recorder.record(steps)
            if sample is not None:
                self._recorder.record_sample(1, DEFAULT_TEMPERATURE, sample.text)
            is_last = self._training.step == self._training.config.num_steps
            if SPEEDS[self._speed] or not self._running or is_last:
                self._recorder.commit()  # whoever looks may want to go back at once
        except RunFileError as error:
            self._recorder.abandon()
            self._recorder = None
            with self._wake:
                self._show(replace(self._frame, warning=f"{error}; training goes on unrecorded"))

    def _wait_for_turn(self) -> bool:
        """Blocks while paused. False when the session is closed."""
        with self._wake:
            while not (self._closed or self._running or self._to_do):
                self._times.clear()
                self._wake.wait()
            if self._to_do:
                self._to_do -= 1
            return not self._closed

    def _keep_speed(self, began: float) -> None:
        with self._wake:
            while (
                SPEEDS[self._speed]
                and self._running
                and not self._closed
                and (left := began + 1 / SPEEDS[self._speed] - time.monotonic()) > 0
            ):
                self._wake.wait(left)

    def _rate(self, now: float) -> float:
        self._times.append((now, self._training.step))
        while self._times[0][0] <= now - RATE_WINDOW:
            self._times.popleft()
        since, first = self._times[0]
        return (self._training.step - first) / (now - since) if now > since else 0.0

    def _fresh_sample(self) -> FreshSample | None:
        """A document drawn from the model as it stands, now and then."""
        if time.monotonic() < self._sampled_at + SAMPLE_EVERY and self._running:
            return None
        training = self._training
        self._sampled_at = time.monotonic()
        model = ModelSnapshot.of(training)
        try:
            text = model.sample(self._sample_rng)
        except MicrogptError:
            return None  # the step just done is whole; the next one will say what is wrong
        return FreshSample.of(model, training.step, text)

    def _end(self, status: str, problem: str = "") -> None:
        if self._recorder is not None:
            with suppress(RunFileError):
                self._recorder.commit()  # whoever looks goes back from here
        with self._wake:
            self._show(replace(self._frame, status=status, problem=problem, rate=0.0))

    def _show(self, frame: RunFrame) -> None:
        self._frame = frame
        if not self._told:
            self._told = True
            self._on_frame()


def engine_in_words(engine: Engine) -> str:
    """Which engine computes, in words: `"value, compiling kernel"`."""
    if engine.preparing:
        return f"{engine.name}, compiling {engine.preparing}"
    return f"{engine.name} ({engine.problem})" if engine.problem else engine.name
