"""Whole commands beside what they import, and the first seconds where nothing is compiled yet."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

from pytest_benchmark.fixture import BenchmarkFixture

from microgpt.train.engines.kernel.kernel_engine import compile_kernel
from tests.benchmarks.tables import report

ROUNDS = 9
MICROGPT = (sys.executable, "-m", "tui.cli.main")
TRAIN_PER_NUMBA = 2.0
"""What `microgpt train` may take, with its samples, beside importing numba."""
GRAPH, DEBUG = 0.4, 0.5
"""What the commands may take beyond importing numpy. Units: seconds."""
FIRST_SECONDS = 3.0
AT_ONCE = 200.0
"""Steps a second in them, at least."""

TRAINER = f"""
import time
from microgpt import Training, TrainingConfig, load_corpus
run = Training(load_corpus("names"), config=TrainingConfig(num_steps=10**6), engine="auto")
began = time.perf_counter()
for steps in run.losses():
    if time.perf_counter() - began > {FIRST_SECONDS}:
        break
print(run.engine.name, run.step / (time.perf_counter() - began))
"""


def test_whole_commands(tmp_path: Path, benchmark: BenchmarkFixture) -> None:
    """In turns; the fastest of each, in processor time, so that other programs do not count."""
    compile_kernel()
    commands = {
        "importing numpy": [sys.executable, "-c", "import numpy"],
        "importing numba": [sys.executable, "-c", "import numba"],
        "microgpt train --steps 1000": [*MICROGPT, "train", "--steps", "1000", "--quiet"],
        "microgpt graph emma": [*MICROGPT, "graph", "emma", "-o", str(tmp_path / "emma.svg")],
        "microgpt debug emma -c 'why …'": [
            *MICROGPT, "debug", "emma", "-c", "why layer0.attn_wq[3][7]",
        ],
    }  # fmt: skip
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

    def measure() -> dict[str, float]:
        fastest = dict.fromkeys(commands, float("inf"))
        for _ in range(ROUNDS):
            for name, command in commands.items():
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                subprocess.run(command, check=True, capture_output=True, env=environment)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                took = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
                fastest[name] = min(fastest[name], took)
        return fastest

    fastest = benchmark.pedantic(measure, rounds=1)
    numpy, numba, train, graph, debug = fastest.values()
    goals = ["", "", TRAIN_PER_NUMBA * numba, numpy + GRAPH, numpy + DEBUG]
    rows = [
        (name, f"{1e3 * took:.0f}", f"{1e3 * goal:.0f}" if goal else "")
        for (name, took), goal in zip(fastest.items(), goals, strict=True)
    ]
    report(benchmark, "commands", ["", "ms, this time", "at most"], rows)
    assert train <= TRAIN_PER_NUMBA * numba
    assert graph <= numpy + GRAPH
    assert debug <= numpy + DEBUG


def test_the_first_seconds(tmp_path: Path, benchmark: BenchmarkFixture) -> None:
    """Training while another process compiles the kernel, for the first time on the machine."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}

    def measure() -> str:
        return subprocess.run(
            [sys.executable, "-c", TRAINER],
            check=True, capture_output=True, text=True, env=environment,
        ).stdout  # fmt: skip

    name, rate = benchmark.pedantic(measure, rounds=1).split()
    header = ["engine", "seconds", "steps a second", "at least"]
    rows = [(name, f"{FIRST_SECONDS:g}", f"{float(rate):.0f}", f"{AT_ONCE:.0f}")]
    report(benchmark, "first seconds", header, rows)
    assert float(rate) >= AT_ONCE
