"""Kinds about the model's structure: planted faults are named first, at their line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from microgpt.autograd.value import Value
from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.diagnosis.structure.algebra import entry_of
from microgpt.diagnosis.structure.forms import Arithmetic, forms_of
from microgpt.graph.graph import Graph
from tests.diagnosis.diagnosed import diagnosed
from tests.diagnosis.fault import Fault, edited
from tests.diagnosis.fault import lines_of as lines_at
from tests.diagnosis.faults import FAULTS

NAMED = (
    "future-leak", "target-not-shifted", "position-unused", "not-normalised", "softmax-twice",
    "no-residual", "computed-unused", "unscaled",
)  # fmt: skip
OURS = [fault for fault in FAULTS if fault.kind in NAMED]
QUICK = {"softmax-twice": "matrix_lists", "not-normalised": "pairs_softmax",
         "computed-unused": "xor_closures", "target-not-shifted": "rnn_letters"}  # fmt: skip


def check(fault: Fault, folder: Path) -> None:
    path = folder / f"{fault.base}.py"
    path.write_text(edited(fault), encoding="utf-8")
    found = diagnosed(path).findings
    assert found[0].kind == fault.kind
    assert found[0].line in lines_at(fault)


@pytest.mark.parametrize(("kind", "base"), QUICK.items())
def test_a_fault_of_structure_is_named_first_at_its_line(
    kind: str, base: str, tmp_path: Path
) -> None:
    check(next(f for f in OURS if (f.kind, f.base) == (kind, base)), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("fault", OURS, ids=lambda fault: fault.name)
def test_each_fault_of_structure_is_named_first_at_its_line(fault: Fault, tmp_path: Path) -> None:
    check(fault, tmp_path)


def test_there_are_faults_of_each_kind() -> None:
    assert {fault.kind for fault in OURS} == set(NAMED)


# -- what a graph computes -------------------------------------------------------------------------


def softmax(scores: list[Value], beside: float = 0.0) -> list[Value]:
    exps = [score.exp() for score in scores]
    total = sum(exps, Value(beside))
    return [e / total for e in exps]


def evidence(loss: Value) -> Evidence:
    loss.backward()
    return Evidence((PassEvidence.of_graph(Graph.from_value(loss)),))


def rows(n: int, width: int, name: str) -> list[list[Value]]:
    draw = np.random.default_rng(3)
    return [
        [Value(float(draw.normal()), name=f"{name}[{i}][{j}]") for j in range(width)]
        for i in range(n)
    ]


def scores_of(inputs: list[float]) -> list[Value]:
    weights = rows(3, 2, "w")
    return [a * inputs[0] + b * inputs[1] for a, b in weights]


def test_forms_are_told_by_numbers_and_slopes() -> None:
    a, b = Value(0.3, name="a"), Value(-0.7, name="b")
    loss = ((a + b) * a).exp() + (a / (b * b + 1.0)).log()
    seen = evidence(loss).passes[0]
    forms = forms_of(seen.graph, seen.slopes)
    told = {seen.graph.op(n): Arithmetic(int(forms.of[n])) for n in range(len(seen.graph))}
    assert told["add"] == Arithmetic.LINEAR
    assert told["mul"] == Arithmetic.PRODUCT
    assert told["exp"] == Arithmetic.EXP
    assert told["log"] == Arithmetic.LOG
    assert told["pow"] == Arithmetic.RECIPROCAL


def test_the_sum_of_scores_knows_its_target() -> None:
    weights = rows(3, 2, "w")
    h = [Value(0.4).exp(), Value(-0.2).exp()]
    loss = -softmax([a * h[0] + b * h[1] for a, b in weights])[2].log()
    (row,) = evidence(loss).text_model(0).scored
    assert row.target == "2"
    assert row.matrix == "w"
    assert len(row.tops) == 3


def test_a_softmax_is_found_with_its_scores_and_shares() -> None:
    loss = -softmax(scores_of([0.5, -1.0]))[1].log()
    (found,) = evidence(loss).distributions(0).all
    assert len(found.scores) == 3
    assert len(found.shares) == 1
    assert not found.is_fused


def kinds_of(loss: Value) -> list[tuple[str, str]]:
    from microgpt.diagnosis.kinds import findings

    return [(each.kind, each.certainty) for each in findings(evidence(loss)).findings]


def test_a_class_that_is_always_zero_and_a_guard_are_no_faults() -> None:
    assert not kinds_of(-softmax(scores_of([0.5, -1.0]), beside=1.0)[1].log())
    assert not kinds_of(-softmax(scores_of([0.5, -1.0]), beside=1e-9)[1].log())


def test_a_share_of_half_the_sum_adds_up_to_two() -> None:
    exps = [score.exp() for score in scores_of([0.5, -1.0])]
    share = exps[1] / (sum(exps, Value(0.0)) * 0.5)
    loss = -share.log()
    loss.backward()
    from microgpt.diagnosis.kinds import findings

    (found,) = findings(Evidence((PassEvidence.of_graph(Graph.from_value(loss)),))).findings
    assert (found.kind, found.certainty) == ("not-normalised", "certain")
    assert found.was == pytest.approx(2.0)
    assert found.should == 1.0


def test_a_softmax_of_shares_is_found_and_one_of_their_logarithms_is_not() -> None:
    once = softmax(scores_of([0.5, -1.0]))
    assert kinds_of(-softmax(once)[1].log()) == [("softmax-twice", "likely")]
    again = softmax([share.log() for share in softmax(scores_of([0.5, -1.0]))])
    assert not kinds_of(-again[1].log())


def test_entries_are_found_in_any_nesting() -> None:
    entry = entry_of("net.layers[0].units[2].w[1]")
    assert entry is not None
    assert entry.matrix == "net.layers[0].units.w"
    assert (entry.row, entry.column) == ("2", "1")
    assert entry_of("b[0]") is None
    assert entry_of("layers[0].units[2].b") is None
