"""The training thread, without a screen: what it is told to do, what it shows, how it ends."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import FrozenInstanceError, replace

import pytest

from microgpt import Training
from microgpt.errors import DomainError, MicrogptError
from tests.tui.small_run import small_training
from tui.training import training_session
from tui.training.run_frame import RunFrame
from tui.training.training_session import MAX_SAMPLES, SPEEDS, TrainingSession

SOON = 20.0
"""Units: seconds. Far more than anything here takes; a session that hangs fails after it."""
PROMPTLY = 2.0
"""Units: seconds. A step takes some milliseconds; a loaded machine may be slow to wake a thread."""


class ObservedSession(TrainingSession):
    """Knows when its thread has nothing to do, so that no test has to guess how long to wait."""

    _is_between_steps = False

    def _wait_for_turn(self) -> bool:
        with self._wake:
            self._is_between_steps = True
            turn = super()._wait_for_turn()
            self._is_between_steps = False
            return turn

    @property
    def is_at_rest(self) -> bool:
        with self._wake:
            waits = self._is_between_steps and not (self._running or self._to_do)
            return waits or not self._thread.is_alive()


class Watcher:
    """A session and whoever watches it."""

    def __init__(self, training: Training, *, paused: bool = False) -> None:
        self.training = training
        self.told = 0
        self._news = threading.Event()
        self.session = ObservedSession(training, self._tell, paused=paused)

    def _tell(self) -> None:
        self.told += 1
        self._news.set()

    @property
    def frame(self) -> RunFrame:
        return self.session.take_frame()

    def until(self, holds: Callable[[RunFrame], bool]) -> RunFrame:
        """The first frame seen for which something holds."""
        deadline = time.monotonic() + SOON
        while time.monotonic() < deadline:
            frame = self.session.take_frame()
            if holds(frame):
                return frame
            self._news.wait(0.05)
            self._news.clear()
        raise AssertionError(f"not within {SOON} s; last seen {frame.status}, {step_of(frame)}")

    def until_step(self, step: int) -> RunFrame:
        return self.until(lambda frame: step_of(frame) >= step)

    def until_at_rest(self) -> RunFrame:
        """The frame that a paused or ended session comes to rest on."""
        self.until(lambda _: self.session.is_at_rest)
        return self.frame


def step_of(frame: RunFrame) -> int:
    return frame.result.step if frame.result else 0


@contextmanager
def watching(training: Training, *, paused: bool = False) -> Iterator[Watcher]:
    watcher = Watcher(training, paused=paused)
    watcher.session.start()
    try:
        yield watcher
    finally:
        watcher.session.close()


def hexes(numbers: Iterator[float] | list[float]) -> list[str]:
    return [number.hex() for number in numbers]


# -- the run's own numbers -------------------------------------------------------------------------


def test_watching_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every loss, every parameter and the samples drawn after the run, to the last bit."""
    monkeypatch.setattr(training_session, "SAMPLE_EVERY", 0.0)
    with watching(small_training(num_steps=30)) as watcher:
        frame = watcher.until(lambda frame: frame.status == "finished")
        watcher.session.close()
    plain = small_training(num_steps=30)
    assert hexes(frame.losses) == hexes([result.loss for result in plain.results()])
    assert len(frame.samples) == MAX_SAMPLES
    assert watcher.training.state == plain.state
    assert [watcher.training.sample() for _ in range(5)] == [plain.sample() for _ in range(5)]


def test_fresh_samples_are_the_same_each_time_and_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training_session, "SAMPLE_EVERY", 0.0)
    seen = []
    for _ in range(2):
        with watching(small_training(num_steps=8)) as watcher:
            seen.append(watcher.until(lambda frame: frame.status == "finished").samples)
    assert seen[0] == seen[1]
    assert [sample.step for sample in seen[0]] == [8, 7, 6, 5, 4, 3, 2, 1]


def test_samples_are_spaced_out_while_running() -> None:
    with watching(small_training()) as watcher:
        frame = watcher.until_step(10)
    assert frame.samples[-1].step == 1
    assert len(frame.samples) < 10


def test_a_frame_is_frozen() -> None:
    with watching(small_training()) as watcher:
        frame = watcher.until_step(3)
        result, data, text = frame.result, list(frame.model.data), repr(frame.result)
        with pytest.raises(FrozenInstanceError):
            frame.status = "paused"  # type: ignore[misc]
        watcher.until_step(step_of(frame) + 5)
    assert frame.result is result
    assert repr(frame.result) == text
    assert list(frame.model.data) == data
    plain = [r.loss for r in small_training().results(step_of(frame))]
    assert hexes(frame.losses[: step_of(frame)]) == hexes(plain)


def test_a_frame_has_what_was_measured_up_to_it() -> None:
    with watching(small_training()) as watcher:
        frame = replace(watcher.until_step(3), live_step=4, measured=((2, 2.5), (4, 2.0), (6, 1.5)))
    assert frame.measured_so_far == ((2, 2.5), (4, 2.0))
    assert replace(frame, live_step=1).measured_so_far == ()


def test_the_model_of_a_frame_is_the_one_that_computed_its_step() -> None:
    with watching(small_training()) as watcher:
        frame = watcher.until_step(4)
    assert frame.result
    graph = frame.model.graph(frame.result.document)
    assert float(graph.data[graph.root]).hex() == frame.result.loss.hex()


def test_labels_are_those_of_the_tokens_read() -> None:
    with watching(small_training("a b", "a b"), paused=True) as watcher:
        assert watcher.frame.labels == ()
        watcher.session.train_steps()
        frame = watcher.until_step(1)
    assert frame.labels == ("BOS", "a", "␣", "b", "BOS")


# -- telling ---------------------------------------------------------------------------------------


def test_told_once_until_the_frame_is_taken() -> None:
    with watching(small_training()) as watcher:
        deadline = time.monotonic() + SOON
        while step_of(watcher.session._frame) < 9 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert watcher.told == 1
        assert step_of(watcher.frame) >= 9
        reached = watcher.training.step
        while watcher.training.step < reached + 10 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert watcher.told == 2


def test_what_a_person_does_is_shown_at_once_also_before_the_first_step() -> None:
    watcher = Watcher(small_training())
    watcher.session.toggle()
    assert (watcher.told, watcher.frame.status) == (1, "paused")
    watcher.session.change_speed(-1)
    assert (watcher.told, watcher.frame.speed) == (2, SPEEDS[-2])
    watcher.session.close()  # never started


# -- pause, one step, speed ------------------------------------------------------------------------


def test_pause_and_resume() -> None:
    with watching(small_training()) as watcher:
        watcher.until_step(2)
        watcher.session.toggle()
        rested = watcher.until_at_rest()
        assert rested.status == "paused"
        time.sleep(0.2)
        assert watcher.frame is rested
        watcher.session.toggle()
        assert watcher.until_step(step_of(rested) + 3).status == "running"


def test_trains_exactly_as_many_steps_as_asked_for() -> None:
    with watching(small_training(), paused=True) as watcher:
        for asked in range(1, 4):
            watcher.session.train_steps()
            assert step_of(watcher.until_at_rest()) == asked
        for _ in range(2):
            watcher.session.train_steps(3)
        frame = watcher.until_at_rest()
    assert (step_of(frame), frame.status) == (9, "paused")


def test_steps_asked_for_while_running_pause_it() -> None:
    with watching(small_training()) as watcher:
        before = step_of(watcher.until_step(2))
        watcher.session.train_steps()
        frame = watcher.until_at_rest()
    assert frame.status == "paused"
    assert step_of(frame) > before


def test_a_sample_is_drawn_at_every_single_step() -> None:
    with watching(small_training(), paused=True) as watcher:
        for _ in range(3):
            watcher.session.train_steps()
        frame = watcher.until_at_rest()
    assert [sample.step for sample in frame.samples] == [3, 2, 1]


def test_speed_stays_within_its_steps() -> None:
    watcher = Watcher(small_training())
    seen = []
    for by in [1, *[-1] * len(SPEEDS), *[1] * len(SPEEDS)]:
        watcher.session.change_speed(by)
        seen.append(watcher.frame.speed)
    assert seen == [0.0, *SPEEDS[-2::-1], SPEEDS[0], *SPEEDS[1:], 0.0]


def test_a_limit_is_kept() -> None:
    with watching(small_training(), paused=True) as watcher:
        watcher.session.change_speed(SPEEDS.index(10.0) - len(SPEEDS) + 1)
        assert watcher.frame.speed == 10.0
        began = time.monotonic()
        watcher.session.toggle()
        watcher.until_step(6)
        assert time.monotonic() - began > 0.45  # five gaps of a tenth of a second


def test_a_waiting_thread_obeys_at_once() -> None:
    """At one step every two seconds, neither `n` nor `+` waits for the two seconds."""
    with watching(small_training(), paused=True) as watcher:
        for _ in SPEEDS:
            watcher.session.change_speed(-1)
        watcher.session.toggle()
        watcher.until_step(1)
        began = time.monotonic()
        watcher.session.train_steps()
        watcher.until_step(2)
        watcher.session.toggle()
        watcher.until_step(3)
        for _ in SPEEDS:
            watcher.session.change_speed(1)
        watcher.until_step(6)
        assert time.monotonic() - began < PROMPTLY


def test_the_rate_is_of_late() -> None:
    with watching(small_training(), paused=True) as watcher:
        watcher.session.change_speed(SPEEDS.index(10.0) - len(SPEEDS) + 1)
        watcher.session.toggle()
        assert 2 < watcher.until_step(16).rate < 11


# -- ends ------------------------------------------------------------------------------------------


def test_finishing() -> None:
    with watching(small_training(num_steps=3)) as watcher:
        watcher.until(lambda frame: frame.status == "finished")
        frame = watcher.until_at_rest()
        assert (step_of(frame), frame.problem, frame.rate) == (3, "", 0.0)
        for ask in (watcher.session.toggle, watcher.session.train_steps):
            ask()
        assert watcher.until_at_rest() is frame
        watcher.session.change_speed(-1)
        assert watcher.frame.status == "finished"


def test_finishing_step_by_step() -> None:
    with watching(small_training(num_steps=2), paused=True) as watcher:
        for _ in range(4):
            watcher.session.train_steps()
        frame = watcher.until_at_rest()
    assert (step_of(frame), frame.status, frame.problem) == (2, "finished", "")


def test_failing_names_the_step_and_keeps_what_was_computed() -> None:
    """As the run fails by itself: a sample that cannot be drawn does not end it any earlier."""
    plain = small_training(lr=1e200)
    losses: list[float] = []
    with pytest.raises(MicrogptError) as failure:
        losses.extend(result.loss for result in plain.results())
    assert losses
    with watching(small_training(lr=1e200)) as watcher:
        frame = watcher.until(lambda frame: frame.status == "failed")
    assert frame.problem == f"step {plain.step + 1}: {failure.value}"
    assert "\n" not in frame.problem
    assert step_of(frame) == plain.step >= 1
    assert hexes(frame.losses) == hexes(losses)
    assert frame.rate == 0.0


@pytest.mark.parametrize("speed", ["full", "slowest", "paused", "paused before the first step"])
def test_closing_is_prompt_and_leaves_no_thread(speed: str) -> None:
    watcher = Watcher(small_training(), paused="before" in speed)
    if speed == "slowest":
        for _ in SPEEDS:
            watcher.session.change_speed(-1)
    watcher.session.start()
    if "before" not in speed:
        watcher.until_step(1)
    if speed == "paused":
        watcher.session.toggle()
        watcher.until_at_rest()
    began = time.monotonic()
    watcher.session.close()
    assert time.monotonic() - began < PROMPTLY / 2
    assert not any(thread.name == "training" for thread in threading.enumerate())
    reached = watcher.training.step
    time.sleep(0.05)
    assert watcher.training.step == reached
    watcher.session.close()  # twice does no harm


def test_closing_lets_the_step_end_whole() -> None:
    """The parameters after a close are those after some whole number of steps."""
    with watching(small_training()) as watcher:
        watcher.until_step(3)
    plain = small_training()
    list(plain.results(watcher.training.step))
    assert watcher.training.state == plain.state


def test_speeds_rise_to_full_speed() -> None:
    assert SPEEDS[-1] == 0.0
    assert all(a < b for a, b in itertools.pairwise(SPEEDS[:-1]))


@pytest.mark.slow
def test_steps_between_those_told_in_detail_are_the_same_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At full speed most steps are trained unseen; their losses and the parameters are the same."""
    monkeypatch.setattr(training_session, "DETAIL_EVERY", 10.0)
    told = []
    monkeypatch.setattr(
        training_session.TrainingSession,
        "_fresh_sample",
        lambda session: told.append(session._training.step),
    )
    monkeypatch.setattr(training_session, "SAMPLE_EVERY", 10_000_000.0)  # `_sampled_at` is 0
    with watching(small_training(num_steps=40)) as watcher:
        frame = watcher.until(lambda frame: frame.status == "finished")
        watcher.session.close()
    plain = small_training(num_steps=40)
    losses = [result.loss for result in plain.results()]
    assert told == [1, 40]
    assert hexes(frame.losses) == hexes(losses)
    assert hexes(frame.losses_so_far.tolist()) == hexes(losses)
    assert step_of(frame) == 40
    assert watcher.training.state == plain.state


def test_a_step_between_that_has_no_result_is_told_like_any(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training_session, "DETAIL_EVERY", 10.0)
    monkeypatch.setattr(training_session, "SAMPLE_EVERY", 10_000_000.0)
    with watching(small_training("emma", "noah", lr=300.0)) as watcher:
        frame = watcher.until(lambda frame: frame.status == "failed")
    plain, losses = small_training("emma", "noah", lr=300.0), []
    with pytest.raises(DomainError) as failure:
        losses.extend(result.loss for result in plain.results())  # as far as it comes
    assert frame.problem == f"step {plain.step + 1}: {failure.value}"
    assert hexes(frame.losses) == hexes(losses)
    assert frame.origin
    assert frame.origin.step == plain.step + 1
