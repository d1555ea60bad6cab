"""Programs of all styles in a loop: each pass is met, also if only one of them is looked at."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from microgpt.attach import Ended, ScriptProcess, Stop, StopRule

TURNS = 5
PROGRAMS = Path(__file__).with_name("programs")
CANNOT_LOOP = {
    "counted_consumers",  # its numbers cannot be set
    "dual_numbers",  # it has no pass
    "float_subclass",  # nor can these
    "own_setattr",  # nor these
}
"""Programs whose leaves cannot be updated, or that have a loop of their own."""
STYLES = sorted(
    path
    for path in PROGRAMS.glob("[!w]*.py")
    if path.stem not in CANNOT_LOOP and "for turn in" not in path.read_text(encoding="utf-8")
    and "for step in" not in path.read_text(encoding="utf-8")
)  # fmt: skip


def in_a_loop(source: str) -> str:
    """A program that makes its graph and its pass so many times, with an update of `a` between."""
    begin = re.search(r"^a, b, c = .*\n", source, re.MULTILINE)
    assert begin is not None
    number = re.search(r"\.(\w+)\)\.hex", source)
    assert number is not None
    body = "".join(f"    {line}\n" if line else "\n" for line in source[begin.end() :].splitlines())
    update = f"    a.{number[1]} += 0.125\n"
    return f"{source[: begin.end()]}for turn in range({TURNS}):\n{body}{update}"


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.stem)
def test_the_pass_asked_for_is_the_one_shown(path: Path, tmp_path: Path) -> None:
    script = tmp_path / path.name
    script.write_text(in_a_loop(path.read_text(encoding="utf-8")), encoding="utf-8")
    plain = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    stops = []
    with ScriptProcess(script, stop=StopRule(only=3)) as process:
        while isinstance(stop := process.next_stop(), Stop):
            stops.append(stop)
            process.resume()
        assert process.output.lines == tuple(plain.stdout.splitlines())
    assert isinstance(stop, Ended)
    assert stop.n_backwards == TURNS
    assert [each.number for each in stops] == [3]
    graph = stops[0].graph
    assert graph is not None, stops[0].problem
    rows = [line.split() for line in plain.stdout.splitlines()]
    each_turn = len(rows) // TURNS
    for name, _, grad in rows[2 * each_turn : 3 * each_turn]:
        assert float(graph.grad[graph.find(name)]).hex() == grad


def test_nearly_all_styles_are_looped() -> None:
    assert len(STYLES) >= 30
