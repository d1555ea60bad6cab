"""Units that are flat and gradients that fall or rise: told by numbers, whatever ops are called."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from microgpt import Graph, Value
from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds.sizes import KINDS
from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.diagnosis.units import largest_weights, units_of
from tests.diagnosis.diagnosed import diagnosed
from tests.diagnosis.fault import Fault, edited, lines_of
from tests.diagnosis.faults import FAULTS

SIZES = {"saturated", "dead-units", "vanishing", "exploding"}
PLANTED = [fault for fault in FAULTS if fault.kind in SIZES]
QUICK = ("saturated-xor_closures", "exploding-deep_tanh", "vanishing-matrix_lists")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(f, id=f"{f.name}-{i}", marks=[] if f.name in QUICK else pytest.mark.slow)
        for i, f in enumerate(PLANTED)
    ],
)
def test_a_planted_one_is_named_first_at_its_line(fault: Fault, tmp_path: Path) -> None:
    path = tmp_path / f"{fault.base}.py"
    path.write_text(edited(fault), encoding="utf-8")
    found = diagnosed(path).findings[0]
    assert found.kind == fault.kind
    assert found.line in lines_of(fault)


def graph_of(root: Value) -> Graph:
    root.backward()
    return Graph.from_value(root)


def found_in(graph: Graph) -> dict[str, Finding]:
    evidence = Evidence((PassEvidence.of_graph(graph),))
    return {found.kind: found for kind in KINDS for found in kind.findings(evidence)}


def weights(name: str, *numbers: float) -> list[Value]:
    return [Value(number, name=f"{name}[{i}]") for i, number in enumerate(numbers)]


def test_units_are_told_by_their_numbers() -> None:
    xs = [Value(x) for x in (-2.0, 0.5, 3.0)]
    exps = [x.exp() for x in xs]
    inverse = sum(exps[1:], exps[0]) ** -1
    probabilities = [each * inverse for each in exps]
    root = sum((p * x.relu() for p, x in zip(probabilities, xs, strict=True)), Value(0.0))
    graph = graph_of(root)
    units = {each.function: each for each in units_of(graph)}
    assert set(units) == {"relu", "softmax"}
    assert units["relu"].flat.tolist() == [True, False, False]
    (largest,) = largest_weights(graph).tolist()
    assert graph.data[largest] == pytest.approx(probabilities[2].data)
    assert units["softmax"].flat.tolist() == [False]


def test_numbers_that_are_all_off_may_be_no_relu() -> None:
    graph = graph_of(Value(-0.3).relu() + Value(-0.2).relu())
    assert [each.function for each in units_of(graph)] == ["relu"]  # by its name
    renamed = tuple("rounded" if name == "relu" else name for name in graph.op_names)

    assert units_of(replace(graph, op_names=renamed)) == ()


@pytest.mark.parametrize(("scale", "kind"), [(1e-4, "vanishing"), (1.0, None), (1e4, "exploding")])
def test_gradients_along_depth(scale: float, kind: str | None) -> None:
    first, second, third = (weights(name, 0.5, -0.4) for name in ("a", "b", "c"))
    x = [w * 1.0 + 0.1 for w in first]
    y = [w * (x[0] + x[1]) * scale for w in second]
    root = sum((w * each for w, each in zip(third, y, strict=True)), Value(0.0))
    found = found_in(graph_of(root))
    assert set(found) & {"vanishing", "exploding"} == ({kind} if kind else set())
    if kind:
        assert found[kind].certainty == "note"
        assert "where a is used first" in found[kind].what


def test_an_extreme_is_likely() -> None:
    first, last = weights("a", 0.5, 0.3), weights("b", 0.4, 0.2)
    x = [w * Value(2.0) for w in first]
    root = sum((w * each * 1e-12 for w, each in zip(last, x, strict=True)), Value(0.0))
    other = sum((w * Value(1.0) for w in weights("c", 1.0, 2.0)), root)
    assert found_in(graph_of(other))["vanishing"].certainty == "likely"


def test_relus_that_never_fire_are_counted_by_unit() -> None:
    w = weights("w", 1.0, -1.0, 0.5, -2.0)
    inputs = (0.5, 1.0, 2.0)
    units = [(each * Value(x)).relu() for x in inputs for each in w]
    found = found_in(graph_of(sum(units[1:], units[0])))["dead-units"]
    assert found.what.startswith("2 of 4 relus are off for all 3 inputs seen")
    assert found.certainty == "note"
    assert len(found.nodes) == 2


def test_a_kind_has_a_row_and_words() -> None:
    assert {kind.name for kind in KINDS} == SIZES
    assert all(kind.mend and kind.program for kind in KINDS)
