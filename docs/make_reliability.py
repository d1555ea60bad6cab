"""Damages run files, presses random keys, and writes what came of it into docs/reliability.md.

    make docs-reliability

What is damaged, how, and what counts as right is in tests/reliability and tests/tui/monkey.py; the
suite does fewer of the same, with fixed seeds. No figure is typed by hand.
"""

import asyncio
import os
import sys
import tempfile
import traceback
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"
N_MUTATED, N_CRAFTED = 2_000, 300
N_KEYS = 10_000
"""On each app: keys, clicks and resizes."""
KEYS_AT_ONCE = 500
"""On one app, before another is opened."""
MOST_TOLD = 10
"""Of what went wrong, on the terminal."""


def table(columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    """A table in Markdown; numbers stand right."""
    lines = [columns, ("---", *["--:"] * (len(columns) - 1)), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def files_table(kind: str, count: int) -> str:
    """What the commands made of so many files."""
    from tests.reliability.attempts import attempts  # noqa: PLC0415  # the path is set late
    from tests.reliability.run_readings import LINE, NEITHER, RIGHT, counted  # noqa: PLC0415

    reads = attempts(kind, range(count))
    for why in [why for read in reads for why in read.why][:MOST_TOLD]:
        print(why, file=sys.stderr)  # noqa: T201
    rows: list[tuple[object, ...]] = [
        (name, f"{counts[RIGHT]:,}", f"{counts[LINE]:,}", f"{counts[NEITHER]:,}")
        for name, counts in counted(reads).items()
    ]
    slowest = max(read.slowest for read in reads)
    given = "right numbers" if kind == "mutated" else "read"
    return (
        table((f"{count:,} {kind} files", given, "one clear line", "neither"), rows)
        + f"\n\nThe slowest of these {count * len(rows):,} readings took {slowest:.1f} s of "
        "processor time."
    )


def pressed(kind: str, seed: int, count: int) -> tuple[str, float]:
    """A monkey on an app: what it broke, `""` for nothing, and the longest wait in seconds."""
    from tests.tui.test_monkey import in_order, let_loose  # noqa: PLC0415

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            with in_order(Path(folder)):
                return "", asyncio.run(let_loose(kind, Path(folder), seed, count))
        except Exception:  # noqa: BLE001  # whatever it is, it is what is looked for
            return f"{kind}, seed {seed}: {traceback.format_exc(limit=-3)}", 0.0


def keys_table() -> str:
    """What random keys did to each app."""
    from tests.tui.test_monkey import APPS  # noqa: PLC0415

    rows: list[tuple[object, ...]] = []
    for kind in APPS:
        seeds = range(100, 100 + N_KEYS // KEYS_AT_ONCE)
        n = len(seeds)
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            found = list(pool.map(pressed, [kind] * n, seeds, [KEYS_AT_ONCE] * n))
        broken = [why for why, _ in found if why]
        for why in broken[:MOST_TOLD]:
            print(why, file=sys.stderr)  # noqa: T201
        rows.append((kind, f"{N_KEYS:,}", len(broken), f"{max(wait for _, wait in found):.2f} s"))
    return table(("app", "keys, clicks and resizes", "exceptions", "longest wait"), rows)


def between(page: str, name: str, told: str) -> str:
    """The page with this between two of its marks."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    head, found, rest = page.partition(begin)
    _, ends, after = rest.partition(end)
    if not (found and ends):
        raise SystemExit(f"docs/reliability.md has no marks for {name!r}")
    return f"{head}{begin}\n{told}\n{end}{after}"


def main() -> None:
    """Does all of it, then writes the page."""
    os.environ["PYTHONPATH"] = str(ROOT)  # of the processes that do the work
    sys.path.insert(0, str(ROOT))
    page = PAGE.read_text(encoding="utf-8")
    page = between(page, "mutated", files_table("mutated", N_MUTATED))
    page = between(page, "crafted", files_table("crafted", N_CRAFTED))
    page = between(page, "keys", keys_table())
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
