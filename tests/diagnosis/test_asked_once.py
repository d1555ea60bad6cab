"""What thousands of nodes of one line have in common is found out once."""

from __future__ import annotations

from pathlib import Path

import pytest

from microgpt.diagnosis.evidence import Interval
from microgpt.diagnosis.program import Program
from microgpt.graph.debuggee import LeafWrite, Updates

LINE = ("train.py", 3)


def test_writes_to_a_leaf_are_all_of_them_in_order() -> None:
    writes = tuple(LeafWrite(at % 3, at % 2 == 0, float(at), LINE) for at in range(10))
    interval = Interval(0, Updates(1, (), (), 0, writes), (0, 1, 2))
    for leaf in range(4):
        assert interval.writes_to(leaf) == [each for each in writes if each.leaf == leaf]
    assert interval.writes_to(1) is interval.writes_to(1)


def test_a_line_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "train.py"
    path.write_text("class Value:\n    pass\n\nx = Value(y.data)\nz = x\n")
    program, looked = Program(), []
    look = Program._makes_of_numbers
    monkeypatch.setattr(
        Program, "_makes_of_numbers",
        lambda self, *place: looked.append(place) or look(self, *place),
    )  # fmt: skip
    answers = {line: program.makes_of_numbers(str(path), line) for line in (4, 5, 4, 5, 4)}
    assert looked == [(str(path), 4), (str(path), 5)]
    assert answers == {line: look(Program(), str(path), line) for line in (4, 5)}
