"""Training at full speed in the modes that look at steps, beside Train mode; in turns."""

from __future__ import annotations

from statistics import median

from pytest_benchmark.fixture import BenchmarkFixture

from tests.benchmarks.tables import report
from tests.benchmarks.training_rate import quit_app, rate_after, training_terminal

ROUNDS = 3
SETTLE, MEASURED = 1.5, 3.0
"""Units: seconds."""
MODES = {
    "Train": "1",
    "Attention, weights": "4",
    "Attention, scores": "v",
    "Attention, gradients": "v",
    "Generate": "v5",  # the weights again, for the next round
}
"""Keys from one to the next."""
LEAST_SPEED = 0.8
"""Of training with Train mode on screen."""


def test_training_speed(benchmark: BenchmarkFixture) -> None:
    def measure() -> dict[str, list[float]]:
        rates: dict[str, list[float]] = {name: [] for name in MODES}
        with training_terminal() as terminal:
            for keys in MODES.values():  # once unmeasured: each loads what it needs
                rate_after(terminal, keys, SETTLE, 0.1)
            for _ in range(ROUNDS):
                for name, keys in MODES.items():
                    rates[name].append(rate_after(terminal, keys, SETTLE, MEASURED))
            quit_app(terminal)
        return rates

    rates = benchmark.pedantic(measure, rounds=1)
    rows, parts = [], {}
    for name, found in rates.items():
        of_train = [rate / train for rate, train in zip(found, rates["Train"], strict=True)]
        parts[name] = median(of_train)
        spread = f"{median(of_train):.2f} ({min(of_train):.2f} to {max(of_train):.2f})"
        rows.append((name, f"{median(found):,.0f}", spread if name != "Train" else "1"))
    report(benchmark, "mode speed", ["", "steps a second, this time", "of Train mode's"], rows)
    assert min(parts.values()) >= LEAST_SPEED
