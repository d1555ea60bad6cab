"""Programs whose numbers are numpy arrays, right and wrong: taken apart into single elements.

Each prints, for the elements of some variables, number and gradient as its own code has them.
"""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from microgpt.attach import Ended, ScriptProcess, Stop
from microgpt.debugger import DebugSession
from microgpt.graph.graph import Graph
from microgpt.graph.ledger import KINDS

FOLDER = Path(__file__).parent / "programs" / "arrays"
PROGRAMS = sorted(FOLDER.glob("*.py"))
PATIENCE = 60
"""Units: seconds."""
N_PASSES = {"attention": 1}
NOT_SUMS = {"op_nodes"}
"""Right, but each node adds up its consumers' shares itself and writes their sum at once."""
CLOSURES = (FOLDER / "closures.py").read_text(encoding="utf-8")


@cache
def attached(path: Path) -> tuple[tuple[Stop, ...], Ended, tuple[str, ...]]:
    """All stops of a program, how it ended, and what it printed."""
    stops = []
    with ScriptProcess(path) as script:
        while isinstance(stop := script.next_stop(PATIENCE), Stop):
            stops.append(stop)
            script.resume()
        assert stop is not None
        return tuple(stops), stop, script.output.lines


def graphs(path: Path) -> list[Graph]:
    found = [stop.graph for stop in attached(path)[0]]
    assert None not in found, [stop.problem for stop in attached(path)[0]]
    return [graph for graph in found if graph is not None]


def gradients(lines: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    """Number and gradient of each element that the program told last."""
    rows = [line.split() for line in lines if "0x" in line or "nan" in line]
    return {name: (float.fromhex(data), float.fromhex(grad)) for name, data, grad in rows}


def steps_there_and_back(graph: Graph) -> None:
    session = DebugSession(graph)
    grads = graph.grad_before.copy()
    states = []
    session.goto("backward 0")
    for event in range(graph.n_events):
        for change in session.state.changes:
            assert change.old == grads[change.node]
            grads[change.node] = change.new
        states.append(grads.copy())
        if event + 1 < graph.n_events:
            session.step()
    assert np.array_equal(grads, graph.grad, equal_nan=True)
    for event in reversed(range(0, graph.n_events, 7)):
        assert np.array_equal(graph.grads_at(event), states[event], equal_nan=True)


all_programs = pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)


@all_programs
def test_nothing_of_a_program_changes(path: Path) -> None:
    plain = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False)
    stops, ended, lines = attached(path)
    assert lines == tuple((plain.stdout + plain.stderr).splitlines())
    assert ended.status == plain.returncode == 0
    assert len(stops) == ended.n_backwards == N_PASSES.get(path.stem, 2)


@all_programs
def test_each_element_is_a_node_with_the_programs_own_numbers(path: Path) -> None:
    graph = graphs(path)[-1]
    assert graph.backpropagated, graph.why_no_events
    assert (graph.ledger is not None) == (path.stem in NOT_SUMS)
    told = gradients(attached(path)[2])
    assert len(told) >= 19
    for name, (data, grad) in told.items():
        node = graph.find(name)
        assert float(graph.data[node]).hex() == data.hex()
        shares = np.abs(graph.contributions[graph.edges_out_of(node)])
        bound = 4 * (len(shares) + 8) * 2.0**-52 * float(shares.sum())
        assert float(graph.grad[node]) == pytest.approx(grad, rel=1e-12, abs=bound)


@all_programs
def test_stepping_there_and_back_is_the_pass(path: Path) -> None:
    for graph in graphs(path):
        steps_there_and_back(graph)


@pytest.mark.slow
@all_programs
def test_the_programs_own_methods_are_asked_by_gradcheck(path: Path) -> None:
    with ScriptProcess(path) as script:
        stop = script.next_stop(PATIENCE)
        assert isinstance(stop, Stop)
        assert stop.graph is not None
        checked = DebugSession(stop.graph, methods=stop.methods).check_gradients()
        assert checked.n_wrong == 0
        assert checked.n_checked == len(stop.graph)


# -- wrong passes ----------------------------------------------------------------------------------

WRONG = {
    "overwritten": ("            self.grad += (1 - out", "            self.grad = (1 - out", 1),
    "overwritten by mul": (
        "            other.grad += unbroadcast(self.data",
        "            other.grad = unbroadcast(self.data", 1,
    ),
    "overwritten by matmul": (
        "            other.grad += self.data.T", "            other.grad = self.data.T", 1,
    ),
    "upstream dropped": ("(1 - out.data**2) * out.grad", "(1 - out.data**2)", 1),
    "visited twice": (
        "for node in reversed(order)", "for node in order[::-1][:4] + order[::-1]", 1,
    ),
    "never visited": ("for node in reversed(order)", "for node in order[:3:-1]", 1),
    "not seeded": ("self.grad = np.ones_like(self.data)", "self.grad = self.data.copy()", 1),
}  # fmt: skip
HARMLESS = {"overwritten", "overwritten by matmul"}
"""Where every operand is used once, and its gradient is 0 before, it is the same."""


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_pass_is_the_programs_to_the_bit(kind: str, tmp_path: Path) -> None:
    before, after, count = WRONG[kind]
    assert CLOSURES.count(before) == count
    script = tmp_path / "wrong.py"
    script.write_text(CLOSURES.replace(before, after), encoding="utf-8")
    for graph in graphs(script):
        assert graph.backpropagated
        assert (graph.ledger is None) == (kind in HARMLESS)
        steps_there_and_back(graph)
    graph = graphs(script)[-1]
    told = gradients(attached(script)[2])
    for name, (_, grad) in told.items():
        found = float(graph.grad[graph.find(name)])
        if kind in HARMLESS:
            assert found == pytest.approx(grad, rel=1e-12, abs=1e-15)
        else:
            assert found.hex() == grad.hex()
    is_true = np.allclose(graph.true_pass.grad, graph.grad, rtol=1e-9, atol=1e-12)
    assert is_true == (kind in HARMLESS)


def test_a_replaced_array_is_said_with_its_line(tmp_path: Path) -> None:
    before, after, _ = WRONG["overwritten by mul"]
    script = tmp_path / "replaces.py"
    script.write_text(CLOSURES.replace(before, after), encoding="utf-8")
    graph = graphs(script)[0]
    ledger = graph.ledger
    assert ledger is not None
    replaced = np.flatnonzero(ledger.kind == KINDS.index("replaced"))
    lines = {graph.source_lines[line] for line in ledger.line[replaced].tolist()}
    written = after + " * out.grad, other.data.shape)"
    line = script.read_text(encoding="utf-8").splitlines().index(written)
    assert lines == {(str(script), line + 1)}


def test_a_gradient_of_another_shape_is_said(tmp_path: Path) -> None:
    script = tmp_path / "shape.py"
    before = "            other.grad += unbroadcast(out.grad, other.data.shape)"
    script.write_text(
        CLOSURES.replace(before, "            other.grad = other.grad + out.grad")
        .replace('"b1", ', "").replace('"b2", ', "").replace("in (w1, b1, w2, b2)", "in (w1, w2)"),
        encoding="utf-8",
    )  # fmt: skip
    graph = graphs(script)[0]
    assert graph.backpropagated, graph.why_no_events
    assert "the gradient of b1 has the shape (4, 5), its data (5,)" in graph.pass_note
    assert np.isnan(graph.grad[graph.find("b1[0]")])
    assert graph.ledger is not None


# -- bad input, sizes ------------------------------------------------------------------------------

LARGE = """
rng = np.random.default_rng(0)
x, w = Tensor(rng.normal(size=(400, 100))), Tensor(rng.normal(size=(100, 100)))
loss = (x @ w).tanh().mean()
loss.backward()
"""


@pytest.mark.slow
def test_what_is_too_large_is_said_with_its_size(tmp_path: Path) -> None:
    script = tmp_path / "large.py"
    script.write_text(CLOSURES[: CLOSURES.index("rng = ")] + LARGE, encoding="utf-8")
    (graph,) = graphs(script)
    assert not graph.backpropagated
    assert "130,001 numbers in 5 arrays" in graph.why_no_events
    assert "2,000,000 edges" in graph.why_no_events
    assert len(graph) == 5
    x = graph.find("x")
    rng = np.random.default_rng(0)
    assert float(graph.data[x]) == pytest.approx(np.linalg.norm(rng.normal(size=(400, 100))))


def test_complex_numbers_are_refused_in_one_line(tmp_path: Path) -> None:
    script = tmp_path / "complex.py"
    script.write_text(
        CLOSURES.replace("dtype=float", "dtype=complex").replace(".relu()", ".tanh()")
        .replace("float(tensor.data[at]).hex(), float(tensor.grad[at]).hex()", "1"),
        encoding="utf-8",
    )  # fmt: skip
    stops, ended, _ = attached(script)
    assert ended.status == 0
    assert [stop.graph for stop in stops] == [None, None]
    for stop in stops:
        assert stop.problem == (
            "the numbers of a node of Tensor cannot be read: its numbers are of type complex128: "
            "real ones are needed"
        )


def test_what_became_of_arrays_between_two_passes_is_told_with_its_line() -> None:
    path = FOLDER / "closures.py"
    stops = attached(path)[0]
    updates = stops[1].updates
    assert updates is not None
    assert updates.since == 1
    rows = {row.name: row for row in updates.leaves if row.name}
    first, second = graphs(path)
    line = CLOSURES.splitlines().index("        p.data -= 0.1 * p.grad") + 1
    for name in ("w1[2][3]", "b1[0]", "w2[4][0]", "b2[0]"):
        row = rows[name]
        assert row.node == second.find(name)
        assert row.before == float(first.data[first.find(name)])
        assert row.after == float(second.data[second.find(name)])
        assert row.after == pytest.approx(row.before - 0.1 * row.grad, rel=1e-12)
        assert row.line == (str(path), line)
    assert rows["x[0][0]"].after == rows["x[0][0]"].before


def test_numpy_is_the_scripts_alone(tmp_path: Path) -> None:
    script = tmp_path / "loads.py"
    script.write_text(
        "import sys\nbefore = 'numpy' in sys.modules, 'torch' in sys.modules\n"
        + CLOSURES + "print(before, 'torch' in sys.modules)\n",
        encoding="utf-8",
    )  # fmt: skip
    assert attached(script)[2][-1] == "(False, False) False"


def test_a_class_of_a_known_shape_may_keep_its_code_elsewhere(tmp_path: Path) -> None:
    script = tmp_path / "elsewhere.py"
    source = CLOSURES.replace("._backward = ", ".pull = ").replace("._backward()", ".pull()")
    script.write_text(source.replace("class Tensor:", "class Tensor:\n    _backward = 0", 1))
    graph = graphs(script)[-1]
    assert graph.ledger is None
    assert graph.n_events == graphs(FOLDER / "closures.py")[-1].n_events


def test_a_pass_over_many_numbers_at_once_is_that_of_their_sum(tmp_path: Path) -> None:
    script = tmp_path / "many.py"
    script.write_text(CLOSURES.replace("(diff * diff).mean()", "diff * diff"), encoding="utf-8")
    for stop in attached(script)[0]:
        graph = stop.graph
        assert graph is not None
        assert graph.ledger is None
        assert (graph.op(graph.root), len(graph.operands_of(graph.root))) == ("sum", 4)
        assert stop.loss == pytest.approx(float(graph.data[graph.root]), rel=1e-15)
        assert int(graph.visit_order[0]) == graph.root
        steps_there_and_back(graph)
    told = gradients(attached(script)[2])
    for name in ("w1[2][3]", "b2[0]"):
        assert float(graph.grad[graph.find(name)]) == pytest.approx(told[name][1], rel=1e-12)


# -- what is asked leaves nothing behind -----------------------------------------------------------


@pytest.mark.slow
def test_asking_ops_again_leaves_a_tape_as_it_was(tmp_path: Path) -> None:
    source = (FOLDER / "free_tape.py").read_text(encoding="utf-8")
    path = tmp_path / "tape.py"
    path.write_text(source.replace("    for each in (w, b):\n        each.cells",
                                   "    print(len(RECORDS))\n    for each in (w, b):\n"
                                   "        each.cells"), encoding="utf-8")  # fmt: skip
    n_asked = 0
    with ScriptProcess(path) as script:
        while isinstance(stop := script.next_stop(PATIENCE), Stop):
            assert stop.graph is not None
            n_asked += DebugSession(stop.graph, methods=stop.methods).check_gradients().n_checked
            script.resume()
        assert n_asked > 100
        assert [line for line in script.output.lines if " " not in line] == ["7", "7"]


def test_updates_in_place_are_none_of_the_pass() -> None:
    path = FOLDER / "in_place.py"
    first, second = graphs(path)
    updates = attached(path)[0][1].updates
    assert updates is not None
    w = first.find("w[0][0]")
    moved = {update.name: (update.before, update.after) for update in updates.leaves}
    assert moved["w[0][0]"] == (float(first.data[w]), float(second.data[w]))
    assert float(second.data[w]) == pytest.approx(
        float(first.data[w]) - 0.05 * float(first.grad[w]), rel=1e-12
    )
