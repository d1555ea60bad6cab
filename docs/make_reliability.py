"""Damages run files, presses random keys, and writes what came of it into docs/reliability.md.

    make docs-reliability
    python docs/make_reliability.py crafted keys=2000    # some tables alone, with fewer of each

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
COUNTS = {"mutated": 2_000, "crafted": 300, "keys": 10_000}
"""Files of each kind; keys, clicks and resizes on each app."""
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


def pressed(kind: str, seed: int, count: int) -> tuple[str, float, float]:
    """A monkey on an app: what it broke, `""` for nothing, and its `slowest` and `busiest`."""
    from tests.tui.test_monkey import in_order, let_loose  # noqa: PLC0415

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            with in_order(Path(folder)):
                return "", *asyncio.run(let_loose(kind, Path(folder), seed, count))
        except Exception:  # noqa: BLE001  # whatever it is, it is what is looked for
            return f"{kind}, seed {seed}: {traceback.format_exc(limit=-3)}", 0.0, 0.0


def keys_table(count: int) -> str:
    """What so many random keys did to each app."""
    from tests.tui.test_monkey import APPS  # noqa: PLC0415

    rows: list[tuple[object, ...]] = []
    for kind in APPS:
        seeds = range(100, 100 + count // KEYS_AT_ONCE)
        n = len(seeds)
        with ProcessPoolExecutor(1) as pool:  # two would wait for each other
            found = list(pool.map(pressed, [kind] * n, seeds, [KEYS_AT_ONCE] * n))
        broken = [why for why, *_ in found if why]
        for why in broken[:MOST_TOLD]:
            print(why, file=sys.stderr)  # noqa: T201
        slowest, busiest = (max(times) for times in list(zip(*found, strict=True))[1:])
        rows.append((kind, f"{count:,}", len(broken), f"{slowest:.2f} s", f"{busiest:.2f} s"))
    columns = ("app", "keys, clicks and resizes", "exceptions", "longest wait", "own work in one")
    return table(columns, rows)


def between(page: str, name: str, told: str) -> str:
    """The page with this between two of its marks."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    head, found, rest = page.partition(begin)
    _, ends, after = rest.partition(end)
    if not (found and ends):
        raise SystemExit(f"docs/reliability.md has no marks for {name!r}")
    return f"{head}{begin}\n{told}\n{end}{after}"


def main() -> None:
    """Does what is asked for, all of it unasked, and writes each table when it is there."""
    os.environ["PYTHONPATH"] = str(ROOT)  # of the processes that do the work
    sys.path.insert(0, str(ROOT))
    for asked in sys.argv[1:] or COUNTS:
        name, _, typed = asked.partition("=")
        count = int(typed or COUNTS[name])
        told = keys_table(count) if name == "keys" else files_table(name, count)
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(between(page, name, told), encoding="utf-8")


if __name__ == "__main__":
    main()
