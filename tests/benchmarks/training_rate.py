"""How many steps a second the app trains, as its status line counts them. Knows no test."""

from __future__ import annotations

import re
import time

from tests.benchmarks.headless_training import MEASURED, WARM_UP
from tests.benchmarks.test_terminal_latency import ESCAPES
from tests.tui.piloted import LARGE
from tests.tui.terminal import Terminal

STEP = re.compile(rb"step (\d+)/1000000")
FULL_SPEED = "1+++"
"""Keys of Train mode: from 20 steps a second to no limit."""


def training_terminal() -> Terminal:
    """The app, training at full speed with the fastest engine."""
    terminal = Terminal("--steps", "1000000", size=LARGE)
    time.sleep(WARM_UP / 2)
    terminal.type(FULL_SPEED)
    return terminal


def rate_after(terminal: Terminal, keys: str, settle: float, measured: float = MEASURED) -> float:
    """Steps a second after some keys.

    Args:
        settle: how long it trains before it is measured, so that what is seldom done is done.
            Units: seconds, as `measured`.
    """
    terminal.type(keys)
    time.sleep(settle)

    def step() -> tuple[int, float]:
        since = len(terminal.written)
        written = terminal.until(lambda new: STEP.search(ESCAPES.sub(b"", new)), since)
        (*_, last) = STEP.findall(ESCAPES.sub(b"", written))
        return int(last), time.monotonic()

    first, began = step()
    time.sleep(measured)
    last, ended = step()
    return (last - first) / (ended - began)


def quit_app(terminal: Terminal) -> None:
    """Ends it as a person does."""
    terminal.type("q")
    assert terminal.exit_status() == 0
