"""A step of 28 million nodes: its Map, and a cell of it in scalars, as whole commands."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from pytest_benchmark.fixture import BenchmarkFixture

from tests.benchmarks.tables import report
from tests.tui.cli.command import MICROGPT

LARGE = ("--data", "verse", "--n-embd", "64", "--n-layer", "4", "--block-size", "64")
LINE = "and the sea is calm tonight the tide is full and fair and so i"
CELL = ("--region", "pos40/layer2/attn/head1")
ROUNDS = 3


def taken(*words: str) -> tuple[float, float]:
    """Processor time and the most memory of a command. Units: seconds, megabytes."""
    process = subprocess.Popen(
        [*MICROGPT, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3


def test_a_large_step_in_parts(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    commands = {
        "its Map": ("map", LINE, *LARGE, "-o", str(tmp_path / "map.svg"), "--force"),
        "a head's cell": ("debug", LINE, *LARGE, *CELL, "-c", "where"),
        "`why` in it, and ten events": (
            "debug", LINE, *LARGE, *CELL, "-c", "why pos40/layer2/attn/q[17]", "-c", "step 10",
        ),
    }  # fmt: skip
    benchmark.pedantic(taken, commands["its Map"], rounds=1)
    rows = []
    for name, words in commands.items():
        measured = [taken(*words) for _ in range(ROUNDS)]
        seconds, size = (min(each) for each in zip(*measured, strict=True))
        rows.append((name, f"{seconds:.1f}", f"{size:,.0f}"))
        assert seconds < 3.0
        assert size < 2_000
    report(benchmark, "regions", ("", "s, this time", "MB"), rows)
