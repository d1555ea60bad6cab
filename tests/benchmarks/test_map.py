"""The Map: how long it takes from a graph, onto the screen, after a key, and as a command."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import repeat
from pathlib import Path
from statistics import median

from pytest_benchmark.fixture import BenchmarkFixture
from textual.geometry import Region

from microgpt import Corpus, Graph, ModelSnapshot, Training
from tests.benchmarks.contest import Contest, contest
from tests.benchmarks.headless_training import WARM_UP
from tests.benchmarks.million_nodes import DOCUMENT, MODEL
from tests.benchmarks.tables import report
from tests.benchmarks.test_terminal_latency import ESCAPES, told
from tests.benchmarks.training_rate import FULL_SPEED, quit_app, rate_after, training_terminal
from tests.tui.piloted import LARGE, piloted
from tests.tui.terminal import Terminal
from tui.widgets.map_view import MapView
from viz.maps.step_map import StepMap

ROUNDS = 7
HEADER = ["", "ms, this time", "at most"]
EMMA, MILLION, REPAINT = 5.0, 50.0, 16.0
"""Bounds. Units: milliseconds."""
KEY = 50.0
"""Within which 19 of 20 keys are answered on the Map while training goes on. Units: ms."""
LEAST_SPEED = 0.7
"""Of training with the Map on screen, beside training without a screen."""
COMMAND = 0.4
"""What `microgpt map` may take beside importing numpy. Units: seconds."""

HEADLESS = (sys.executable, "-m", "tests.benchmarks.headless_training")


def drawn(graph: Graph) -> StepMap:
    """A Map with all that a renderer asks it for."""
    step_map = StepMap.of(graph)
    for _ in (step_map.grad_norm, step_map.weights, step_map.ribbons, step_map.river):
        pass
    return step_map


def test_from_a_graph(names: Corpus, benchmark: BenchmarkFixture) -> None:
    emma = ModelSnapshot.of(Training(names)).graph("emma")
    million = ModelSnapshot.of(Training(names, MODEL)).trace(DOCUMENT)
    works: dict[str, Callable[[], object]] = {
        f"the StepMap of “emma”, {len(emma):,} nodes": lambda: StepMap.of(emma),
        "with weights, ribbons and river": lambda: drawn(emma),
        f"the StepMap of {len(million):,} nodes": lambda: StepMap.of(million),
        "with weights, ribbons and river ": lambda: drawn(million),
    }
    for work in works.values():
        work()
    contenders = {name: repeat(work, ROUNDS) for name, work in works.items()}
    result: Contest = benchmark.pedantic(contest, (contenders,), rounds=1)
    times = [1e3 * result.seconds(name) for name in works]
    bounds = (f"{EMMA:g}", "", f"{MILLION:g}", "")
    rows = [(name, f"{ms:.1f}", most) for name, ms, most in zip(works, times, bounds, strict=True)]
    report(benchmark, "map", HEADER, rows)
    assert times[0] <= EMMA
    assert times[2] <= MILLION


def test_repaint(names: Corpus, benchmark: BenchmarkFixture) -> None:
    """Setting the Map out and drawing all its lines, at 120x40, without and with a walk."""

    async def measured(document: str) -> list[tuple[str, float]]:
        training = Training(Corpus("one", (*names.documents, document)), engine="kernel")
        training.documents = (document,) * len(training.documents)
        async with piloted(training, size=LARGE) as ui:
            await ui.train()
            screen = await ui.map()
            view = ui.app.screen.query_one(MapView)
            window = Region(0, 0, *view.size)

            def repaint() -> None:
                screen.pane.show()
                view.render_lines(window)

            rows = []
            for what, keys in (("newest step", ()), ("in a walk", ("s", *"n" * 30, "left"))):
                await ui.press(*keys)
                result = contest({"repaint": repeat(repaint, ROUNDS)})
                rows.append((f"“{document}”, {what}", 1e3 * result.seconds("repaint")))
            return rows

    def both() -> list[tuple[str, float]]:
        return [*asyncio.run(measured("emma")), *asyncio.run(measured("christopherjohn"))]

    rows = benchmark.pedantic(both, rounds=1)
    report(
        benchmark, "map repaint", HEADER, [(what, f"{ms:.1f}", f"{REPAINT:g}") for what, ms in rows]
    )
    assert all(ms <= REPAINT for _, ms in rows)


ROWS = ("attn/norm", "attn/q", "attn/k", "attn/v", "attn/head0", "attn/head1", "attn/head2")
DOWN, UP, ESCAPE = "\x1b[B", "\x1b[A", "\x1b"


def test_keys_while_training(benchmark: BenchmarkFixture) -> None:
    """An arrow on the Map, until the selected cell is told, while training runs at full speed."""

    def measure() -> list[float]:
        delays: list[float] = []
        with Terminal("--steps", "1000000", size=LARGE) as terminal:
            time.sleep(WARM_UP)  # the fastest engine is compiled
            terminal.type(FULL_SPEED)
            terminal.type("2")
            terminal.until_text("attn residual")  # the Map's, not what is said beside it before
            terminal.delay(DOWN, _tells("embed"))  # the first key selects the first cell
            for _ in range(6):
                for row in (*ROWS, *reversed(ROWS[:-1])):
                    key = DOWN if not delays or len(delays) % 13 < 7 else UP
                    delays.append(terminal.delay(key, _tells(row)))
                    time.sleep(0.05)
                terminal.delay(UP, _tells("embed"))
            terminal.type("q")
            assert terminal.exit_status() == 0
        return delays

    delays = benchmark.pedantic(measure, rounds=1)
    rows = [("an arrow on the Map, until its cell is told", told(delays), f"{KEY:g} (19 in 20)")]
    report(benchmark, "map keys", HEADER, rows)
    assert 1e3 * sorted(delays)[round(0.95 * (len(delays) - 1))] <= KEY


def _tells(row: str) -> Callable[[bytes], object]:
    """Whether the pane beside the Map tells of a row's cell, by its scope."""
    scope = f"pos0/layer0/{row}" if "/" in row else f"pos0/{row}"
    return lambda written: scope.encode() in ESCAPES.sub(b"", written)


def test_training_speed(benchmark: BenchmarkFixture) -> None:
    """With the Map on screen at full speed, beside a loop that has no screen; in turns."""

    def measure() -> list[tuple[float, float]]:
        rounds = []
        for _ in range(3):
            headless = subprocess.run(HEADLESS, capture_output=True, check=True, text=True)
            rounds.append((float(headless.stdout), _rate_on_the_map()))
        return rounds

    rounds = benchmark.pedantic(measure, rounds=1)
    parts = [shown / headless for headless, shown in rounds]
    rows = [
        (
            f"{median(headless for headless, _ in rounds):,.0f}",
            f"{median(shown for _, shown in rounds):,.0f}",
            f"{median(parts):.2f} ({min(parts):.2f} to {max(parts):.2f})",
        )
    ]
    header = ["steps a second without a screen", "with the Map on screen", "of that"]
    report(benchmark, "map speed", header, rows)
    assert median(parts) >= LEAST_SPEED


def _rate_on_the_map() -> float:
    with training_terminal() as terminal:
        rate = rate_after(terminal, "2", WARM_UP / 2)
        quit_app(terminal)
        return rate


def test_the_command(tmp_path: Path, benchmark: BenchmarkFixture) -> None:
    """`microgpt map emma -o map.svg` as a whole, beside a process that imports numpy."""
    commands = {
        "importing numpy": [sys.executable, "-c", "import numpy"],
        "microgpt map emma": [
            sys.executable, "-m", "tui.cli.main", "map", "emma", "-o", str(tmp_path / "map.svg"),
        ],
    }  # fmt: skip

    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

    def measure() -> dict[str, list[float]]:
        """Processor time, so that other programs do not count."""
        times: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(1 + ROUNDS):
            for name, command in commands.items():
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                subprocess.run(command, check=True, capture_output=True, env=environment)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                took = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
                if number:  # the first one compiles
                    times[name].append(took)
        return times

    times = benchmark.pedantic(measure, rounds=1)
    rows = [(name, f"{1e3 * median(taken):.0f}") for name, taken in times.items()]
    report(benchmark, "map command", ["", "ms, this time"], rows)
    pairs = zip(times["microgpt map emma"], times["importing numpy"], strict=True)
    assert median(command - numpy for command, numpy in pairs) <= COMMAND
