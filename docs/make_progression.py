"""Runs the six programs of the progression and writes what they reach into docs/progression.md.

    make docs-progression

The table stands between two marks; the graphs go to docs/img. Nothing in either is typed by hand.
"""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "progression.md"
PROGRAMS = sorted((ROOT / "examples").glob("train[0-5].py"))
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
STEPS = 1000


def output_of(program: Path, steps: int, folder: Path) -> str:
    """Runs a program and gives what it prints; its graph, if it has one, goes to the folder."""
    command = [sys.executable, str(program), "--steps", str(steps)]
    if '"--graph"' in program.read_text(encoding="utf-8"):
        command += ["--graph", str(folder / f"{program.stem}.svg")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def heading(steps: int) -> str:
    """The table's first line."""
    last = min(100, steps)
    return f"| program | adds | numbers learnt | mean loss, last {last} of {steps:,} steps |"


def row(program: Path, printed: str) -> str:
    """The table's line of a program, from what it printed."""
    adds = re.match(r'"""Layer \d: ([^.]+)\.', program.read_text(encoding="utf-8"))
    numbers = re.search(r"^num (?:params|counts): (\d+)$", printed, re.MULTILINE)
    *_, mean = re.findall(r"^step .* mean (\S+)$", printed, re.MULTILINE)
    assert adds
    assert numbers
    name = program.name
    return f"| [`{name}`](../examples/{name}) | {adds[1]} | {int(numbers[1]):,} | {mean} |"


def main() -> None:
    """Writes the table and the pictures."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    with ThreadPoolExecutor(2) as pool:
        printed = pool.map(lambda program: output_of(program, STEPS, PAGE.parent / "img"), PROGRAMS)
        rows = [row(program, text) for program, text in zip(PROGRAMS, printed, strict=True)]
    made = "\n".join([heading(STEPS), "|---|---|---|---|", *rows])
    PAGE.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}", encoding="utf-8")
    print(made)  # noqa: T201


if __name__ == "__main__":
    main()
