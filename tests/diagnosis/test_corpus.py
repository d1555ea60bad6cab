"""The corpus that a diagnosis is judged by: programs that are right, and faults planted in them."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.diagnosis.fault import BASES, KINDS, RIGHT, program
from tests.diagnosis.faults import FAULTS, Fault, edited, line_of, lines_of
from tests.diagnosis.true_gradients import ASKED, run, worst_error

BASE_NAMES = sorted(path.stem for path in BASES.glob("*.py"))
PROGRAMS = sorted((*BASES.glob("*.py"), *RIGHT.glob("*.py")))
NOTES = {
    "not-repeatable", "unscaled", "no-residual", "output-unused", "computed-unused",
    "overflow-ahead", "saturated", "dead-units", "vanishing", "exploding",
}  # fmt: skip
"""Kinds that are notes wherever they are."""
NOTES_UNLESS_EXTREME = {"saturated", "dead-units", "vanishing", "exploding"}
SPOILT = {
    "overwritten", "upstream-dropped", "wrong-local", "operand-skipped", "visited-early",
    "visited-twice", "never-visited", "not-seeded", "aliased", "integer-gradient",
}  # fmt: skip
"""Kinds that need a parameter whose gradient is not the true one."""
HARMLESS = {
    "symmetric", "stale-grads", "update-without-grad", "ascent", "not-updated", "not-in-graph",
    "rate-too-large", "rate-too-small", "clip-misplaced", "adam-wrong", "updated-twice",
    "update-mixed", "future-leak", "target-not-shifted", "position-unused", "not-normalised",
    "softmax-twice", "unscaled", "no-residual", "output-unused", "loss-upside-down",
    "computed-unused", "no-gradient", "aliased-parameters",
}  # fmt: skip
"""Kinds whose passes are right."""
UNSEEN = {"computed-unused", "not-in-graph", "overflow-ahead"}
"""Kinds by which no number that a program prints need change."""
SEEN_IN_THE_GRAPH = {
    fault for fault in FAULTS if fault.kind == "rebound" and "num + Num(" in (fault.at or "")
}
"""The parameter is a node of all graphs before, and has the number that it should have."""
NUMBER = re.compile(r"-?\d+\.\d+(?:e[-+]?\d+)?")
LOOP = re.compile(r"^for (\w+) in range\(\d+\):", re.MULTILINE)


@cache
def ran(path: Path) -> tuple[dict[str, object], str]:
    return run(path.read_text(encoding="utf-8"), path.name)


def untrained(text: str) -> str:
    """The program without its training."""
    text, count = LOOP.subn(r"for \1 in range(0):", text, count=1)
    assert count == 1
    return text


def before_the_loop(text: str) -> str:
    loop = LOOP.search(text)
    assert loop is not None
    return text[: loop.start()]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_runs_alone_and_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    names = [
        (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert set(names) <= {"math", "random", "numpy", "dataclasses"}
    assert NUMBER.search(ran(path)[1])


def test_there_are_enough() -> None:
    assert len(BASE_NAMES) >= 12
    assert len(PROGRAMS) >= 60
    assert len({path.stem for path in PROGRAMS}) == len(PROGRAMS)
    assert len(FAULTS) >= 200
    assert len({(fault.base, fault.edits) for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("base", BASE_NAMES)
def test_a_base_learns_by_its_true_gradients(base: str) -> None:
    names, printed = ran(BASES / f"{base}.py")
    lines = [[float(number) for number in NUMBER.findall(line)] for line in printed.splitlines()]
    losses = [line[-1] for line in lines if line]
    assert len(losses) >= 4
    assert losses[-1] < losses[0]
    assert worst_error(names, ASKED[base], at_most=4) < 1e-5


def test_every_base_is_asked() -> None:
    assert sorted(ASKED) == BASE_NAMES


def test_every_kind_is_planted() -> None:
    counts = Counter(fault.kind for fault in FAULTS)
    assert counts.keys() == KINDS
    assert {kind for kind, count in counts.items() if count < 2} == set()
    quiet = [fault for fault in FAULTS if fault.kind in NOTES - NOTES_UNLESS_EXTREME]
    assert all(fault.is_note for fault in quiet)
    assert {fault.base for fault in FAULTS} == set(BASE_NAMES)


@pytest.mark.parametrize("base", BASE_NAMES)
def test_an_edit_applies_once_and_its_line_is_one(base: str) -> None:
    right = program(base).splitlines()
    for fault in FAULTS:
        if fault.base != base:
            continue
        text = edited(fault)
        assert text.splitlines() != right
        place = line_of(fault)
        assert lines_of(fault) >= ({place} if place else set())


def test_an_edit_that_fits_nowhere_or_twice_is_told() -> None:
    for old in ("no such text", "self"):
        with pytest.raises(ValueError, match="times in the program"):
            edited(Fault("ascent", "xor_closures", ((old, ""),), None))
    with pytest.raises(ValueError, match="lines of the edited program"):
        line_of(Fault("ascent", "xor_closures", (), "self"))


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_what_its_kind_says(fault: Fault) -> None:
    text = edited(fault)
    if fault.kind == "error":
        with pytest.raises((ArithmeticError, AttributeError, TypeError, ValueError)):
            run(text)
        return
    printed = run(text)[1]
    if fault.kind not in UNSEEN and fault not in SEEN_IN_THE_GRAPH:
        assert printed != ran(BASES / f"{fault.base}.py")[1]
    if fault.kind in SPOILT | HARMLESS:
        error = worst_error(run(untrained(text))[0], ASKED[fault.base], at_most=12)
        is_in_the_loop = before_the_loop(text) == before_the_loop(program(fault.base))
        assert error < 1e-5 if fault.kind in HARMLESS or is_in_the_loop else error > 1e-3
