"""Tables of what was measured: printed, and kept in the data that docs/performance.md is made of."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pytest_benchmark.fixture import BenchmarkFixture


def report(
    benchmark: BenchmarkFixture, name: str, header: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    """Prints a Markdown table and attaches it to the benchmark under a name."""
    lines = [header, ["---"] * len(header), *rows]
    table = "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
    benchmark.extra_info[name] = table
    sys.stdout.write(f"\n{name}\n{table}\n")
