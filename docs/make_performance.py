"""Runs the benchmarks and writes their tables into docs/performance.md.

    make docs-performance

Each table stands between two marks that carry its name. None of them is typed by hand.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"


def measured_tables() -> dict[str, str]:
    """The tables that the benchmarks report, by name."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "benchmarks.json"
        command = [sys.executable, "-m", "pytest", "tests/benchmarks", "-p", "no:xdist", "-s"]
        command += ["--benchmark-enable", f"--benchmark-json={file}"]
        subprocess.run(command, check=True, cwd=ROOT)
        benchmarks = json.loads(file.read_text(encoding="utf-8"))["benchmarks"]
    return {name: table for one in benchmarks for name, table in one["extra_info"].items()}


def with_tables(page: str, tables: dict[str, str]) -> str:
    """The page with every table put between its marks."""
    for name, table in tables.items():
        before, begin, rest = page.partition(f"<!-- {name}: begin -->")
        _, end, after = rest.partition(f"<!-- {name}: end -->")
        if not (begin and end):
            raise SystemExit(f"docs/performance.md has no marks for the table {name!r}")
        page = f"{before}{begin}\n{table}\n{end}{after}"
    return page


def main() -> None:
    """Measures, then writes the page."""
    tables = measured_tables()
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_tables(page, tables), encoding="utf-8")


if __name__ == "__main__":
    main()
