"""Films: how long 200 steps of a recorded run take as a page, an SVG that moves and a GIF."""

from __future__ import annotations

import resource
import subprocess
from pathlib import Path

from pytest_benchmark.fixture import BenchmarkFixture

from microgpt.train.engines.kernel.kernel_engine import compile_kernel
from tests.benchmarks.tables import report
from tests.tui.cli.command import MICROGPT

STEPS = 200
MOST = {".html": 10.0, ".svg": 10.0, ".gif": 20.0}
"""In processor time, so that other programs do not count. Units: seconds.

A GIF is drawn by all processors: 15 s of two of them are 9 s.
"""


def test_films(tmp_path: Path, benchmark: BenchmarkFixture) -> None:
    compile_kernel()
    run = tmp_path / "names.run"
    command = [*MICROGPT, "train", "--steps", str(STEPS), "--samples", "0", "--run", str(run)]
    subprocess.run(command, check=True, capture_output=True)

    def measure() -> dict[str, tuple[float, int]]:
        took = {}
        for suffix in MOST:
            film = tmp_path / f"film{suffix}"
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(
                [*MICROGPT, "film", str(run), "emma", "--frames", str(STEPS), "-o", str(film)],
                check=True, capture_output=True,
            )  # fmt: skip
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
            took[suffix] = (seconds, film.stat().st_size)
        return took

    took = benchmark.pedantic(measure, rounds=1)
    rows = [
        (suffix, f"{seconds:.1f}", f"{MOST[suffix]}", f"{size / 1e6:.1f}")
        for suffix, (seconds, size) in took.items()
    ]
    header = [f"{STEPS} steps", "s of processor, this time", "at most", "MB"]
    report(benchmark, "films", header, rows)
    assert all(seconds <= MOST[suffix] for suffix, (seconds, _) in took.items())
