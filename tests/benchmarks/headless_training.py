"""Trains without a screen, as fast as `microgpt train`, and says how many steps it did a second.

A program of its own, for `test_map.py` to run beside the app.
"""

from __future__ import annotations

import sys
import time

from microgpt import Training, TrainingConfig, load_corpus

WARM_UP, MEASURED = 6.0, 4.0
"""Units: seconds."""


def main() -> None:
    """Trains, and writes the rate once the fastest engine has been compiled."""
    training = Training(load_corpus("names"), None, TrainingConfig(num_steps=1_000_000), "auto")
    steps = training.losses()
    began = time.monotonic()
    while time.monotonic() < began + WARM_UP:
        next(steps)
    first, began = training.step, time.monotonic()
    while time.monotonic() < began + MEASURED:
        next(steps)
    rate = (training.step - first) / (time.monotonic() - began)
    sys.stdout.write(f"{rate}\n")


if __name__ == "__main__":
    main()
