"""How long after a key the terminal shows another step, through a real terminal."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from microgpt import Corpus, Training
from microgpt.runs import RecordedStep, Run, RunRecorder
from tests.benchmarks.tables import report
from tests.tui.terminal import Terminal
from tui.widgets.scrubber import column_of, step_in
from viz.boxes import Folding
from viz.dot import norm
from viz.style import short_number
from viz.view import folded

ROUNDS = 8
LAST = 1000
SIZE = WIDTH, HEIGHT = 120, 40
SCRUBBER_ROW = HEIGHT - 1  # counted from 1; the footer is below it

HEADER = ["ms", "last to first", "and back", "to anywhere", "by number"]
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
IDLE = 0.5
"""So long nothing is written before the next key: the samples of a step follow it. Units: s."""


def shown_in_train_mode(step: RecordedStep) -> list[str]:
    """The line above the document's losses."""
    assert step.result
    return [f"step {step.step} · loss {step.result.loss:.4f} · lr {step.result.lr:.4g}"]


def shown_in_graph_mode(step: RecordedStep) -> list[str]:
    """The caption, and on the canvas a number that no two steps have in common."""
    assert step.result
    graph = step.graph()
    folding = Folding(graph)
    loss = folding.find("loss")
    return [
        f"“{step.result.document}” · step {step.step}",
        f"out ∇ {short_number(norm(graph.grad[folded(folding).outputs_of(loss)]))}",
    ]


def shown_in_attention_mode(step: RecordedStep) -> list[str]:
    """The heatmap's title."""
    assert step.result
    return [f"“{step.result.document}” · step {step.step}"]


MODES: dict[str, tuple[str, Callable[[RecordedStep], list[str]]]] = {
    "1": ("Train", shown_in_train_mode),
    "3": ("Graph", shown_in_graph_mode),
    "4": ("Attention", shown_in_attention_mode),
}


class Scrubbing:
    """A recorded run in a terminal; goes to steps and times how long until all of one is there."""

    def __init__(
        self, terminal: Terminal, run: Run, shown: Callable[[RecordedStep], list[str]]
    ) -> None:
        self._terminal = terminal
        self._run = run
        self._shown = shown
        self._where = "live · , . back and forth"

    def click(self, near: int) -> float:
        """Clicks where a step is drawn. Units: seconds, from the click to the whole picture."""
        left, right = len(" 1 "), len(f" {LAST} ◆ {self._where} ")
        columns = WIDTH - left - right
        column = column_of(near, 1, LAST, columns)
        step = step_in(column, 1, LAST, columns)
        place = f"{left + column + 1};{SCRUBBER_ROW}"
        return self._go(f"\x1b[<0;{place}M\x1b[<0;{place}m", step)

    def type_number(self, step: int) -> float:
        """Asks for a step by its number. Units: seconds, from the last key on."""
        since = len(self._terminal.written)
        self._terminal.type("g")
        self._terminal.until_text("go to step", since)
        time.sleep(IDLE)  # its cursor blinks, so that it never is idle
        self._terminal.type(str(step))
        time.sleep(IDLE)
        return self._go("\r", step)

    def _go(self, keys: str, step: int) -> float:
        texts = [text.encode() for text in self._shown(self._run.at(step))]

        def is_there(written: bytes) -> bool:
            plain = ESCAPES.sub(b"", written)
            return all(text in plain for text in texts)

        took = self._terminal.delay(keys, is_there)
        self._where = f"step {step} · L: live"
        self.wait_until_idle()
        return took

    def wait_until_idle(self) -> None:
        """Until the mode is drawn, or a step and its samples are."""
        written = -1
        while len(self._terminal.written) > written:
            written = len(self._terminal.written)
            time.sleep(IDLE)


@pytest.fixture
def recorded(names: Corpus, tmp_path: Path) -> Path:
    """A run of 1,000 steps."""
    path, training = tmp_path / "names.run", Training(names, engine="kernel")
    with RunRecorder.create(path, training, corpus="names") as recorder:
        for losses in training.losses(pause_every=recorder.interval):
            recorder.record(losses)
    return path


def test_going_to_a_step(recorded: Path, benchmark: BenchmarkFixture) -> None:
    """On the scrubber from one end to the other and back and to anywhere; and by number."""
    rng = random.Random(4)
    rows = []

    def measure() -> None:
        for key, (mode, shown) in MODES.items():
            with Run(recorded, "kernel") as run, Terminal(str(recorded), size=SIZE) as terminal:
                terminal.until_text(f"step {LAST}/{LAST}")
                terminal.type(key)
                if mode == "Graph":
                    terminal.until_text("view: grad")
                    terminal.type("H")
                scrubbing = Scrubbing(terminal, run, shown)
                scrubbing.wait_until_idle()
                scrubbing.click(LAST // 2)  # in Graph mode, replay is made ready after it
                delays: dict[str, list[float]] = {name: [] for name in HEADER[1:]}
                for _ in range(ROUNDS):
                    delays["last to first"].append(scrubbing.click(1))
                    delays["and back"].append(scrubbing.click(LAST))
                    delays["to anywhere"].append(scrubbing.click(rng.randrange(50, LAST - 50)))
                    delays["by number"].append(scrubbing.type_number(rng.randrange(50, LAST - 50)))
                rows.append([mode, *map(told, delays.values())])

    benchmark.pedantic(measure, rounds=1)
    report(benchmark, "latency", HEADER, rows)


def told(times: list[float]) -> str:
    """Median, and the 95th percentile in brackets. Units: milliseconds."""
    slow = sorted(times)[round(0.95 * (len(times) - 1))]
    return f"{1e3 * median(times):.0f} ({1e3 * slow:.0f})"
