"""The matrices of a program: by its own names, with what it added between two passes."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from microgpt import Graph, Value
from microgpt.attach import ScriptProcess, Stop
from tests.tui.debugger.test_script_app import SCALAR
from tui.training.program_parameters import NO_GROUPS, of_graph
from tui.training.shown_parameters import ShownMatrix
from tui.widgets.drawn_matrix import DrawnMatrix

PROGRAM = """
w = [[Scalar(1.0 + row + column / 4) for column in range(2)] for row in range(3)]
fresh = [Scalar(0.5), Scalar(-0.25)]
for step in range(3):
    for row in w:
        for x in row:
            x.grad = 0.0
    read = [w[0], w[1 + step % 2]]  # as an embedding, not all of it in each pass
    loss = Scalar(0.0)
    for row in read:
        for x, f in zip(row, fresh):
            loss = loss + x * x * f
    loss.backward()
    for row in read:
        for x in row:
            x.data -= 0.125 * x.grad
    fresh = [Scalar(f.data - 0.5 * f.grad) for f in fresh]  # other objects, of the same names
"""


def stops(tmp_path: Path, source: str, n: int) -> list[Stop]:
    path = tmp_path / "train.py"
    path.write_text(SCALAR + source)
    with ScriptProcess(path) as script:
        return [script.run_on() for _ in range(n)]


def of_stop(stop: Stop) -> dict[str, ShownMatrix]:
    shown = of_graph(stop.graph, "", stop.updates)
    return {matrix.name: matrix for matrix in shown.matrices}


def test_the_update_is_what_the_program_added_since_the_pass_before(tmp_path: Path) -> None:
    first, second, third = (of_stop(stop) for stop in stops(tmp_path, PROGRAM, 3))
    assert set(first["w"].numbers) == {"data", "gradient"}
    for before, after, row in ((first, second, 1), (second, third, 2)):
        w = after["w"]
        for column in range(2):
            moved = after["w"].numbers["data"][0, column] - before["w"].numbers["data"][0, column]
            assert w.numbers["update"][0, column] == moved
            assert moved == pytest.approx(-0.125 * before["w"].numbers["gradient"][0, column])
        hidden = w.is_hidden("update")
        assert not hidden[0].any()
        other = 3 - row  # the row that this pass reads was not in the pass before
        assert hidden[other].all()
        assert other in {int(each) for each in np.flatnonzero(~w.is_absent[:, 0])}
        known = ~hidden
        assert w.ratio == pytest.approx(
            math.sqrt(
                (w.numbers["update"][known] ** 2).mean() / (w.numbers["data"][known] ** 2).mean()
            )
        )


def test_a_name_that_stands_for_another_object_is_the_same_parameter(tmp_path: Path) -> None:
    _, second = stops(tmp_path, PROGRAM, 2)
    assert "fresh[0]" in second.updates.rebound
    before, after = (of_stop(stop)["fresh"] for stop in stops(tmp_path, PROGRAM, 2))
    moved = after.numbers["data"] - before.numbers["data"]
    assert after.numbers["update"].tolist() == moved.tolist()
    assert moved[0].tolist() == [
        pytest.approx(-0.5 * grad) for grad in before.numbers["gradient"][0].tolist()
    ]
    assert not after.is_hidden("update").any()


def test_what_is_not_known_is_said_and_drawn_as_no_number(tmp_path: Path) -> None:
    first, second = stops(tmp_path, PROGRAM, 2)
    shown = of_graph(second.graph, "pass 2", second.updates)
    assert shown.kinds == ("data", "gradient", "update")
    assert "since backward 1" in shown.note
    assert "moments" in shown.note
    assert of_graph(first.graph, "pass 1", first.updates).kinds == ("data", "gradient")
    w = shown.matrices[shown.find("w")]
    cells = DrawnMatrix.fitting(w, "update", *w.shape)
    unread, new = 1, 2  # the row of the pass before is in this one no more
    assert {cells.text(unread, column) for column in range(2)} == {"  "}
    assert {cells.text(new, column) for column in range(2)} == {" –"}
    assert {cells.text(0, column)[0] for column in range(2)} <= {"+", "-"}
    pooled = DrawnMatrix.fitting(w, "update", 1, 2)
    assert pooled.values.tolist() == [w.numbers["update"][0].tolist()], "a number, where there is"


def test_a_programs_matrices_stand_as_its_names_say() -> None:
    w = [[Value(r + c / 10, name=f"w[{r}][{c}]") for c in range(3)] for r in range(2)]
    b = [Value(float(i), name=f"net.b[{i}]") for i in range(2)]
    sums = [sum((x * x for x in row), start=b[i]) for i, row in enumerate(w)]
    loss = sums[0] * sums[1]
    loss.backward()
    graph = Graph.from_value(loss)
    shown = of_graph(graph, "pass 1")
    by_name = {matrix.name: matrix for matrix in shown.matrices}
    assert set(by_name) == {"w", "net.b"}
    assert by_name["w"].numbers["data"].tolist() == [[v.data for v in row] for row in w]
    assert by_name["w"].numbers["gradient"].tolist() == [[v.grad for v in row] for row in w]
    assert by_name["net.b"].numbers["gradient"].tolist() == [[v.grad for v in b]]
    assert by_name["net.b"].entry(0, 1) == "net.b[1]"
    assert shown.find("w[1][2]") == list(by_name).index("w")
    assert shown.kinds == ("data", "gradient")


def test_rows_of_other_lengths_have_gaps_and_no_numbers_there() -> None:
    w = [Value(1.0, name="w[0][0]"), Value(2.0, name="w[0][1]"), Value(3.0, name="w[1][0]")]
    loss = w[0] * w[1] + w[2]
    loss.backward()
    (matrix,) = of_graph(Graph.from_value(loss), "pass 1").matrices
    assert matrix.is_absent.tolist() == [[False, False], [False, True]]
    assert matrix.entry(1, 1) == ""
    assert matrix.size_of("data") == pytest.approx(math.sqrt((1 + 4 + 9) / 3))


def test_a_program_without_names_says_so() -> None:
    loss = Value(2.0) * Value(3.0)
    loss.backward()
    shown = of_graph(Graph.from_value(loss), "pass 1")
    assert (shown.matrices, shown.note) == ((), NO_GROUPS)


def test_names_are_found_and_gaps_asked_for_once(tmp_path: Path) -> None:
    (stop,) = stops(tmp_path, PROGRAM, 1)
    shown = of_graph(stop.graph, "pass 1")
    for place, matrix in enumerate(shown.matrices):
        assert matrix.is_absent is matrix.is_absent
        for at, name in matrix.entry_names.items():
            assert matrix.place_of(name) == at
            assert shown.find(name) == place
    assert shown.find("w[9][9]") is None
