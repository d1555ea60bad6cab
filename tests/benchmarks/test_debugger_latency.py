"""The debugger's screen on a million nodes, through a real terminal: opening it, and its keys."""

from __future__ import annotations

import re
import sys
import time

from pytest_benchmark.fixture import BenchmarkFixture

from tests.benchmarks.million_nodes import GRAPH_IS_THERE
from tests.benchmarks.tables import report
from tests.tui.terminal import Terminal

PROGRAM = (sys.executable, "-m", "tests.benchmarks.million_nodes")
HOME, END, LEFT, RIGHT, UP, DOWN = (f"\x1b[{letter}" for letter in "HFDCAB")
ENTER, BACKSPACE = "\r", "\x7f"
PLACE = re.compile(rb"(forward|backward) [\d,]+/[\d,]+")
"""Said under the canvas, anew at each move."""
SELECTED = "╔".encode()
"""A corner of the selected box: the canvas is drawn."""
REST = 0.3
"""Nothing more is drawn after so long without a change. Units: seconds."""
HEADER = ["ms", "answers: median", "19 in 20 within", "whole: median", "19 in 20 within"]

WALKS = {
    "`s` `S`: on and back by an event": "s" * 40 + "S" * 20,
    "`n` `N`: on and back by cells of the Map": "n" * 20 + "N" * 20,
    "`o` `O`: on and back by positions": ("o" * 6 + "O" * 6) * 2,
    "`c` `C`: from breakpoint to breakpoint": "c" * 20 + "C" * 20,
    "Home, End: to either end of the pass": [HOME, END] * 10,
    "Arrows, in the whole graph": [LEFT, RIGHT, UP, DOWN] * 5,
    "Enter, Backspace: into boxes and out": [UP, ENTER, ENTER, BACKSPACE, BACKSPACE] * 4,
}
"""All from the first event of the backward pass on, which lies in a box of the whole graph."""
OUTSIDE = ("Arrows", "Enter")
"""These begin outside of that box."""


def test_a_million_nodes(benchmark: BenchmarkFixture) -> None:
    rows = benchmark.pedantic(_measured, rounds=1)
    report(benchmark, "debugger", HEADER, rows)


def _measured() -> list[list[str]]:
    """Until the boxes of the whole graph are drawn; then each walk's keys."""
    with Terminal(command=PROGRAM) as terminal:
        terminal.until_text(GRAPH_IS_THERE)
        began, since = time.monotonic(), len(terminal.written)
        terminal.until_text("view: grad", since)
        opened = time.monotonic() - began
        terminal.type("H")  # boxes in place of the Map
        terminal.until(lambda written: SELECTED in written, since)
        rows = [_row("opens, from the Graph there is", [(opened, opened)])]
        for number, op in enumerate(("exp", "log"), start=1):
            terminal.type(f":break {op}\r")
            terminal.until_text(f"breakpoint {number}: {op}")
            terminal.type("\r")  # an empty line leaves the command line
            time.sleep(REST)
        terminal.type(HOME)
        terminal.until(PLACE.search, since)
        for name, keys in WALKS.items():
            terminal.delays(HOME, bool, REST)
            if name.startswith(OUTSIDE):
                terminal.delays(BACKSPACE, bool, REST)
            rows.append(_row(name, [terminal.delays(key, PLACE.search, REST) for key in keys]))
        terminal.type("q")
        assert terminal.exit_status() == 0
        return rows


def _row(name: str, delays: list[tuple[float, float]]) -> list[str]:
    row = [name]
    for each in zip(*delays, strict=True):
        ordered = [1e3 * delay for delay in sorted(each)]
        slow = ordered[int(0.95 * (len(ordered) - 1))]
        row += [f"{ordered[len(ordered) // 2]:.0f}", f"{slow:.0f}"]
    return row
