"""How soon each key of each mode is answered, through a real terminal."""

from __future__ import annotations

import re
import time
from pathlib import Path
from statistics import median

from pytest_benchmark.fixture import BenchmarkFixture
from textual.keys import key_to_character

from tests.benchmarks.tables import report
from tests.tui.terminal import Terminal
from tui.app import EVERYWHERE, MODE_KEYS
from tui.keys import PLACE_KEYS, Key
from tui.modes import MODES, ModeScreen

ROUNDS = 3
SIZE = 120, 40
HEADER = ["ms until the screen answers", "keys", "median", "19 in 20", "slowest"]

SEQUENCES = {
    "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D", "home": "\x1b[H",
    "end": "\x1b[F", "pageup": "\x1b[5~", "pagedown": "\x1b[6~", "enter": "\r", "tab": "\t",
    "space": " ", "backspace": "\x7f", "escape": "\x1b", "shift+up": "\x1b[1;2A",
    "shift+down": "\x1b[1;2B", "shift+right": "\x1b[1;2C", "shift+left": "\x1b[1;2D",
    "plus": "+", "minus": "-", "slash": "/",
}  # fmt: skip
"""What a terminal sends for keys that Textual calls by words."""
LEFT_OUT = {"app.quit", "app.run_or_halt", "app.next_finding"} | {
    key.action for key in (*MODE_KEYS, *PLACE_KEYS)
}
"""What would leave the mode, or have training go on while the next keys are timed."""
OPENS = {"app.help", "app.branch", "app.findings"}
"""Beside the keys that open a line: what a person leaves again before the next key."""
DRAWN = re.compile(rb"\x1b\[\d+;\d+H")
"""Text is put somewhere: more than a bell, or another form of the pointer."""
IDLE = 0.25
"""So long nothing is written before the next key. Units: s."""
PATIENCE = 0.6
"""A key that writes nothing within this has nothing to do where it was pressed. Units: s."""


def sent_for(key: Key) -> str:
    """What a terminal sends for the first of a row's keys."""
    name = key.keys.split(",", maxsplit=1)[0]
    return SEQUENCES.get(name) or key_to_character(name) or name


def keys_of(mode: type[ModeScreen]) -> list[Key]:
    """What is pressed in a mode."""
    sections = (*mode.key_sections(), EVERYWHERE)
    return [key for section in sections for key in section.keys if key.action not in LEFT_OUT]


def wait_until_idle(terminal: Terminal) -> None:
    """Until nothing more is written; a cursor that blinks counts as nothing after two seconds."""
    began = time.monotonic()
    while time.monotonic() < min(began + 2, max(began, terminal.last_wrote) + IDLE):
        time.sleep(0.02)


def answered(terminal: Terminal, sent: str) -> float | None:
    """Seconds until something is drawn after a key, None where nothing is."""
    since, began = len(terminal.written), time.monotonic()
    terminal.type(sent)
    while time.monotonic() < began + PATIENCE:
        if DRAWN.search(terminal.written, since):
            return terminal.last_wrote - began
        time.sleep(0.0005)
    return None


def test_every_key_of_every_mode(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """While training is halted, in a mode that shows a step."""
    rows: list[list[object]] = []

    def measure() -> None:
        for number, mode in enumerate(MODES, 1):
            with Terminal(size=SIZE, folder=tmp_path) as terminal:
                terminal.until_text("/1000")
                terminal.type("Q")
                time.sleep(2)
                terminal.type(f" {number}")
                wait_until_idle(terminal)
                times: dict[str, list[float]] = {}
                for key in keys_of(mode) * ROUNDS:
                    took = answered(terminal, sent_for(key))
                    wait_until_idle(terminal)
                    if took is not None:
                        times.setdefault(key.written, []).append(took)
                    if key.first or key.action in OPENS:
                        terminal.type("\x1b")
                        wait_until_idle(terminal)
                rows.append([mode.MODE.capitalize(), len(times), *told(times)])

    benchmark.pedantic(measure, rounds=1)
    report(benchmark, "keys", HEADER, rows)


def told(times: dict[str, list[float]]) -> list[str]:
    """Median of all, what 19 in 20 are within, and the key that waits longest (its median)."""
    every = sorted(each for some in times.values() for each in some)
    worst = max(times, key=lambda key: median(times[key]))
    return [
        f"{1e3 * median(every):.0f}",
        f"{1e3 * every[round(0.95 * (len(every) - 1))]:.0f}",
        f"`{worst}`: {1e3 * median(times[worst]):.0f}",
    ]
