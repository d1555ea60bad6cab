"""Views: attention of a thousand characters as a whole command, its time and its size."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

from pytest_benchmark.fixture import BenchmarkFixture

from microgpt import load_corpus
from tests.benchmarks.tables import report

LONGEST = 5.0
"""Processor time of all threads. Units: seconds."""
LARGEST = 3_000_000
"""Units: bytes."""
CHARACTERS = 1_000


def test_attention_of_a_thousand_characters(tmp_path: Path, benchmark: BenchmarkFixture) -> None:
    text = "".join(load_corpus("names").documents)[:CHARACTERS]
    path = tmp_path / "attention.svg"
    command = [
        sys.executable, "-m", "tui.cli.main", "attention", text, "--train", "300",
        "--block-size", str(CHARACTERS + 1), "-o", str(path),
    ]  # fmt: skip

    def measure() -> list[float]:
        times = []
        for _ in range(3):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            times.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
        return times

    times = benchmark.pedantic(measure, rounds=1)
    size = path.stat().st_size
    rows = [(f"{min(times):.1f} to {max(times):.1f}", f"{size / 1e6:.1f}")]
    report(benchmark, "attention of 1,000 characters", ["s, all threads", "MB of SVG"], rows)
    assert min(times) <= LONGEST
    assert size <= LARGEST
