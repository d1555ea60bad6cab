"""Diagnoses every planted fault again and writes the table of docs/diagnosis.md.

    make docs-diagnosis
    python docs/make_diagnosis.py fresh    # the fresh faults alone

The faults and the right programs are those of tests/diagnosis; no figure is typed by hand. What the
page's commands print is written by docs/make_debugger.py.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "diagnosis.md"
PROGRAMS = ROOT / "tests" / "diagnosis" / "programs"
FRESH = ("fresh", "unseen", "blind", "strangers")
"""Sets of faults that were written from the catalogue alone, one after the other."""
LONGEST = 120
"""A program is given up after so long. Units: seconds."""


def said_of(path: Path) -> list[dict[str, Any]]:
    """The findings of one program."""
    command = [sys.executable, "-m", "tui.cli.main", "diagnose", str(path), "--json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired:
        return []
    lines = done.stdout.splitlines()
    findings: list[dict[str, Any]] = json.loads(lines[-1])["findings"] if lines else []
    return findings


def table(folder: Path) -> list[str]:
    """A row for each kind, and how many right programs were suspected."""
    from tests.diagnosis.fault import BASES, RIGHT, edited, lines_of  # noqa: PLC0415  # the path is set late
    from tests.diagnosis.faults import FAULTS  # noqa: PLC0415

    paths = []
    for number, fault in enumerate(FAULTS):
        path = folder / str(number) / f"{fault.base}.py"
        path.parent.mkdir()
        path.write_text(edited(fault), encoding="utf-8")
        paths.append(path)
    right = sorted((*BASES.glob("*.py"), *RIGHT.glob("*.py")))
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        said = list(pool.map(said_of, [*paths, *right]))
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for fault, findings in zip(FAULTS, said, strict=False):
        loud = [f for f in findings if f["certainty"] != "note"]
        of_kind = [f for f in findings if f["kind"] == fault.kind]
        first = [f["kind"] for f in loud][:1]
        named = bool(of_kind) and not loud if fault.is_note else first == [fault.kind]
        lines = lines_of(fault)
        row = counts[fault.kind]
        row["planted"] += 1
        row["named"] += named
        row["at the line"] += named and (not lines or of_kind[0]["line"] in lines)
    suspected = sum(
        any(f["certainty"] != "note" for f in findings) for findings in said[len(paths) :]
    )
    rows = ["| kind | planted | named first | named at the line |", "|---|--:|--:|--:|"]
    total: Counter[str] = Counter()
    for kind, row in sorted(counts.items()):
        total.update(row)
        rows.append(f"| {kind} | {row['planted']} | {row['named']} | {row['at the line']} |")
    rows.append(
        f"| **all** | **{total['planted']}** | **{total['named']}** | **{total['at the line']}** |"
    )
    head = (
        f"Of {total['planted']} planted faults {total['named']} are named first "
        f"({total['named'] / total['planted']:.0%}), {total['at the line']} of them at a line "
        f"where a person would mend them. Of {len(right)} right programs {suspected} are suspected."
    )
    return [head, "", *rows]


def fresh_programs(name: str, folder: Path) -> Iterator[tuple[dict[str, Any], Path]]:
    """The faults of one set, each with its edited program."""
    own = PROGRAMS / name
    for number, fault in enumerate(json.loads((own / "faults.json").read_text("utf-8"))):
        text = (own / "base" / f"{fault['base']}.py").read_text("utf-8")
        for old, new in fault["edits"]:
            text = text.replace(old, new)
        path = folder / f"{name}{number}" / f"{fault['base']}.py"
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
        yield fault, path


def fresh_words(name: str, folder: Path) -> str:
    """How many of a set are named, in a sentence."""
    fresh = list(fresh_programs(name, folder))
    right = sorted((PROGRAMS / name).glob("base/*.py")) + sorted(
        (PROGRAMS / name).glob("right/*.py")
    )
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        said = list(pool.map(said_of, [*(path for _, path in fresh), *right]))
    named = at_line = 0
    for (fault, path), findings in zip(fresh, said, strict=False):
        loud = [f["kind"] for f in findings if f["certainty"] != "note"]
        of_kind = [f for f in findings if f["kind"] == fault["kind"]]
        is_named = bool(of_kind) and (not loud if fault["note"] else loud[:1] == [fault["kind"]])
        lines = path.read_text("utf-8").splitlines()
        wanted = {n for n, line in enumerate(lines, 1) if any(t in line for t in fault["lines"])}
        named += is_named
        at_line += is_named and (not wanted or of_kind[0]["line"] in wanted)
    suspected = sum(any(f["certainty"] != "note" for f in found) for found in said[len(fresh) :])
    return (
        f"Of {len(fresh)} faults that were written from the catalogue alone, in "
        f"`tests/diagnosis/programs/{name}`, {named} are named first ({named / len(fresh):.0%}), "
        f"{at_line} at the line; of {len(right)} right programs beside them {suspected} are "
        "suspected."
    )


def between(page: str, name: str, told: str) -> str:
    """The page with this between two of its marks."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    head, _, rest = page.partition(begin)
    return f"{head}{begin}\n{told}\n{end}{rest.partition(end)[2]}"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    page = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as made:
        told = "\n\n".join(fresh_words(name, Path(made)) for name in FRESH)
        page = between(page, "fresh", told)
        if "fresh" not in sys.argv[1:]:
            page = between(page, "table", "\n".join(table(Path(made))))
    PAGE.write_text(page, encoding="utf-8")
