"""The root's gradient of passes that hand it on: read from what its operands got, never made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from microgpt.diagnosis.finding import Diagnosis
from microgpt.diagnosis.watching import diagnosis_of
from microgpt.graph.graph import Graph
from tests.diagnosis.diagnosed import evidence_of

PROGRAM = Path(__file__).with_name("programs") / "consumers_and_functions.py"
SUM = "loss = times(d, d) + times(a, d)"
OPS = """
import random
random.seed(1)


def cube(x):
    cell = Cell(x.level ** 3)
    x.tell(3 * x.level ** 2, cell)
    return cell


def scaled(x):
    slope = 3.0 + random.random()
    cell = Cell(x.level * slope)
    x.tell(slope, cell)
    return cell


a, b, c ="""


def handing_on(folder: Path, seed: str, loss: str) -> Path:
    source = PROGRAM.read_text(encoding="utf-8")
    for old, new in (("return 1.0", f"return {seed}"), (SUM, loss), ("\na, b, c =", OPS)):
        assert source.count(old) == 1
        source = source.replace(old, new)
    path = folder / "program.py"
    path.write_text(source, encoding="utf-8")
    return path


def seen_of(path: Path) -> tuple[Graph, Diagnosis]:
    evidence = evidence_of(path)
    (seen,) = evidence.passes
    return seen.graph, diagnosis_of(evidence)


@pytest.mark.parametrize("seed", ["0.5", "-3.0"])
@pytest.mark.parametrize(
    "loss",
    [
        SUM,
        "loss = times(d, d)",  # one operand, in both slots
        "loss = d + times(a, d)",  # an operand with another consumer
        "loss = cube(d)",  # which is in no table
    ],
)
def test_a_seed_of_any_size_is_found(tmp_path: Path, seed: str, loss: str) -> None:
    graph, diagnosis = seen_of(handing_on(tmp_path, seed, loss))
    assert graph.grad[graph.root] == float(seed)
    assert f"its pass hands on {float(seed):g}" in graph.pass_note
    assert diagnosis.verdict == "sound"
    assert [found.was for found in diagnosis.findings] == [float(seed)]
    assert {found.kind for found in diagnosis.findings} == {"not-seeded"}


@pytest.mark.parametrize("seed", ["1.0", "0.5"])
def test_a_seed_that_nothing_tells_is_not_made_up(tmp_path: Path, seed: str) -> None:
    loss = "loss = scaled(times(d, d) + times(a, d))"
    graph, diagnosis = seen_of(handing_on(tmp_path, seed, loss))
    assert graph.grad[graph.root] == 0.0
    assert "what its pass hands on is not known" in graph.pass_note
    assert diagnosis.verdict == "unverified"
    assert diagnosis.findings == ()
    assert "cannot be computed again: scaled" in diagnosis.why_unchecked[0]  # it draws


def test_a_wrong_slope_of_the_root_is_not_taken_for_a_seed(tmp_path: Path) -> None:
    path = handing_on(tmp_path, "1.0", SUM)
    source = path.read_text(encoding="utf-8")
    path.write_text(source.replace("self.tell(1.0, cell)", "self.tell(0.5, cell)"), "utf-8")
    graph, diagnosis = seen_of(path)
    assert graph.grad[graph.root] == 1.0
    (finding,) = diagnosis.findings  # and none of `times(d, d)`, which gives both slots at once
    assert (finding.kind, finding.op) == ("wrong-local", "add")
