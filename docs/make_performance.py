"""Runs the benchmarks and writes their tables into docs/performance.md.

    make docs-performance
    python docs/make_performance.py tests/benchmarks/test_map.py    # some of them alone

Each table stands between two marks that carry its name; none is typed by hand. Where a bound is
missed, the table says it, and the command fails.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"


def measured(paths: list[str]) -> tuple[dict[str, str], int]:
    """The tables that benchmarks report, by name; and 0 if all bounds hold."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "benchmarks.json"
        command = [sys.executable, "-m", "pytest", *paths, "-p", "no:xdist", "-s"]
        command += ["--benchmark-enable", f"--benchmark-json={file}"]
        status = subprocess.run(command, check=False, cwd=ROOT).returncode
        benchmarks = json.loads(file.read_text(encoding="utf-8"))["benchmarks"]
    return {name: table for one in benchmarks for name, table in one["extra_info"].items()}, status


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
    tables, status = measured(sys.argv[1:] or ["tests/benchmarks"])
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_tables(page, tables), encoding="utf-8")
    sys.exit(status)


if __name__ == "__main__":
    main()
