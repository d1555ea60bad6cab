"""Training in a thread of its own, as the screens need it: pause, one step, speed, frozen frames.

Knows no screen. The thread makes frames and nothing else reads its state; whoever watches is told
through one callback, at most once until they have taken the frame.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from microgpt import ModelSnapshot, StepResult, Training
from microgpt.errors import MicrogptError

SPEEDS = (0.5, 1.0, 2.0, 5.0, 10.0, 0.0)
"""Units: steps a second; 0 is as fast as it goes."""

SAMPLE_EVERY = 1.5
"""Seconds between fresh samples while training runs."""

CLOSE_WITHIN = 0.5
"""Seconds that closing waits for a step to end."""

MAX_SAMPLES = 12
RATE_WINDOW = 3.0
"""Seconds over which steps a second are counted."""


@dataclass(frozen=True, slots=True)
class FreshSample:
    """A document drawn from the model while it trains, with a generator of its own."""

    step: int
    text: str


@dataclass(frozen=True, slots=True)
class Frame:
    """Training at one moment.

    Attributes:
        status: `"running"`, `"paused"`, `"finished"` or `"failed"`.
        result: the latest step, None before the first.
        model: the model as that step computed it, before its update.
        losses: the losses of all steps so far, which the session goes on appending to; the first
            `result.step` belong to this frame.
        samples: newest first.
        rate: steps a second lately.
        speed: the limit set, 0 for none. Units: steps a second.
        num_steps: length of the schedule.
        problem: why it failed, one line.
    """

    status: str
    result: StepResult | None
    model: ModelSnapshot
    losses: list[float]
    samples: tuple[FreshSample, ...]
    rate: float
    speed: float
    num_steps: int
    problem: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the step's tokens, the last one only a target. Shape: `[position + 1]`."""
        tokens = self.result.tokens if self.result else ()
        return tuple(self.model.tokenizer.label(token) for token in tokens)


class TrainingSession:
    """Runs a `Training` in a thread and tells `on_frame` when there is something new to show."""

    def __init__(
        self, training: Training, on_frame: Callable[[], None], *, paused: bool = False
    ) -> None:
        self._training = training
        self._on_frame = on_frame
        self._wake = threading.Condition()
        self._running = not paused
        self._to_do = 0  # single steps asked for
        self._speed = len(SPEEDS) - 1
        self._closed = False
        self._told = False
        self._times: list[float] = []
        # Not the run's generator: watching must not change what the run draws.
        self._sample_rng = random.Random(training.config.seed)
        self._sampled_at = 0.0
        self._frame = Frame(
            "paused" if paused else "running", None, ModelSnapshot.of(training), [], (), 0.0, 0.0,
            training.config.num_steps,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._run, name="training", daemon=True)

    def start(self) -> None:
        """Begins to train."""
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

    def take_frame(self) -> Frame:
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
            before = ModelSnapshot.of(self._training)
            try:
                result = next(results, None)
                if result is None:
                    self._end("finished")
                    return
                samples = self._fresh_samples()
            except MicrogptError as error:
                self._end("failed", f"step {self._training.step + 1}: {error}")
                return
            except Exception as error:  # noqa: BLE001  # a dead thread must not look alive
                self._end("failed", f"defect in step {self._training.step + 1}: {error!r}")
                return
            with self._wake:
                self._frame.losses.append(result.loss)
                status = "running" if self._running else "paused"
                if result.step == self._training.config.num_steps:
                    status = "finished"
                self._show(
                    replace(
                        self._frame,
                        status=status,
                        result=result,
                        model=before,
                        samples=samples,
                        rate=self._rate(time.monotonic()),
                    )
                )
            self._keep_speed(began)

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
        self._times = [t for t in self._times if t > now - RATE_WINDOW] + [now]
        span = now - self._times[0]
        return (len(self._times) - 1) / span if span else 0.0

    def _fresh_samples(self) -> tuple[FreshSample, ...]:
        samples = self._frame.samples
        if time.monotonic() < self._sampled_at + SAMPLE_EVERY and self._running:
            return samples
        training = self._training
        self._sampled_at = time.monotonic()
        try:
            text = ModelSnapshot.of(training).sample(self._sample_rng)
        except MicrogptError:
            return samples  # the step just done is whole; the next one will say what is wrong
        return (FreshSample(training.step, text), *samples)[:MAX_SAMPLES]

    def _end(self, status: str, problem: str = "") -> None:
        with self._wake:
            self._show(replace(self._frame, status=status, problem=problem, rate=0.0))

    def _show(self, frame: Frame) -> None:
        self._frame = frame
        if not self._told:
            self._told = True
            self._on_frame()
