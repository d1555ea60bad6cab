"""What the doctor's looks take of training's speed, in turns with and without it."""

from __future__ import annotations

import time
from statistics import median

from pytest_benchmark.fixture import BenchmarkFixture

from microgpt import Training, TrainingConfig
from microgpt.text.corpus import load_corpus
from tests.benchmarks.tables import report
from tui.training.doctor_watch import LOOK_EVERY, DoctorWatch
from tui.training.training_session import TrainingSession

WARM_UP, MEASURED, ROUNDS = 3.0, 6.0, 5
"""Units: seconds, seconds, turns."""
LEAST = 0.95
"""Of the speed without it."""


def test_training_speed(benchmark: BenchmarkFixture) -> None:
    """A session at full speed without a screen, as the app drives it."""

    def measure() -> list[tuple[float, float, int]]:
        _rate(None)  # what is compiled is loaded once
        return [(_rate(None)[0], *_rate(DoctorWatch(lambda: None))) for _ in range(ROUNDS)]

    rounds = benchmark.pedantic(measure, rounds=1)
    parts = [watched / alone for alone, watched, _ in rounds]
    looks = [n_looks / MEASURED for *_, n_looks in rounds]
    rows = [
        (
            f"{median(alone for alone, *_ in rounds):,.0f}",
            f"{median(watched for _, watched, _ in rounds):,.0f}",
            f"{median(parts):.3f} ({min(parts):.3f} to {max(parts):.3f})",
            f"{median(looks):.1f}",
        )
    ]
    header = ["steps a second", "with the doctor", "of that", "steps looked at whole, a second"]
    report(benchmark, "doctor", header, rows)
    assert median(parts) >= LEAST
    assert max(looks) <= 1 / LOOK_EVERY


def _rate(watch: DoctorWatch | None) -> tuple[float, int]:
    """Steps a second, and how many the doctor has looked at meanwhile."""

    def take() -> None:
        frame = session.take_frame()
        if watch is not None:
            watch.ask(frame)

    training = Training(
        load_corpus("names"), config=TrainingConfig(num_steps=10_000_000), engine="auto"
    )
    session = TrainingSession(training, take)
    session.start()
    try:
        time.sleep(WARM_UP)
        begin, since, looks = training.step, time.monotonic(), watch.n_looks if watch else 0
        time.sleep(MEASURED)
        rate = (training.step - begin) / (time.monotonic() - since)
        return rate, watch.n_looks - looks if watch else 0
    finally:
        session.close()
        if watch is not None:
            watch.close()
