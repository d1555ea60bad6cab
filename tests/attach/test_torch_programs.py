"""Scripts with PyTorch: taken apart into single numbers, and held against torch's own gradients."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from microgpt.attach import Ended, ScriptProcess, Stop, StopRule
from microgpt.debugger import DebugSession

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch is not installed"
)
FOLDER = Path(__file__).parent / "programs" / "torch"
PROGRAMS = sorted(FOLDER.glob("*.py"))
PATIENCE = 120
"""Units: seconds."""
EVERY = StopRule()
MLP = FOLDER / "mlp.py"


@cache
def attached(path: Path, rule: StopRule = EVERY) -> tuple[tuple[Stop, ...], Ended, list[str]]:
    """All stops of a program, how it ended, and what it printed."""
    stops = []
    with ScriptProcess(path, stop=rule) as script:
        while isinstance(stop := script.next_stop(PATIENCE), Stop):
            stops.append(stop)
            script.resume()
        assert stop is not None
        return tuple(stops), stop, list(script.output.lines)


all_programs = pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=() if path == MLP else pytest.mark.slow)
        for path in PROGRAMS
    ],
)


@all_programs
def test_nothing_of_a_program_changes(path: Path) -> None:
    plain = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False)
    for rule in (EVERY, StopRule(only=2)):
        stops, ended, lines = attached(path, rule)
        assert lines[-1] == plain.stdout.splitlines()[-1]
        assert lines == (plain.stdout + plain.stderr).splitlines()[-len(lines) :]
        assert ended.status == plain.returncode == 0
        assert ended.n_backwards == 2
        assert [stop.number for stop in stops] == ([2] if rule.only else [1, 2])


@all_programs
def test_each_number_of_a_tensor_is_a_node_with_torchs_own_gradient(path: Path) -> None:
    for stop in (attached(path)[0][-1], attached(path, StopRule(only=2))[0][-1]):
        graph = stop.graph
        assert graph is not None, stop.problem
        assert graph.backpropagated, graph.why_no_events
        assert graph.ledger is None, graph.pass_note
        assert not np.isnan(graph.data).any()
        rows = [line.split() for line in attached(path)[2]]
        told = {name: (float.fromhex(data), float.fromhex(grad)) for name, data, grad in rows}
        assert len(told) > 30
        for name, (data, grad) in told.items():
            node = graph.find(name)
            assert float(graph.data[node]) == data
            shares = np.abs(graph.contributions[graph.edges_out_of(node)])
            bound = 2.0**-18 * float(shares.sum())
            assert float(graph.grad[node]) == pytest.approx(grad, rel=1e-4, abs=max(bound, 1e-8))
        assert float(graph.data[graph.root]) == stop.loss


def test_numbers_that_are_made_of_others_are_what_the_ops_say() -> None:
    graph = attached(MLP)[0][0].graph
    assert graph is not None
    for node in graph.nodes_of("tanh").tolist():
        (edge,) = graph.operands_of(node)
        assert float(graph.data[node]) == pytest.approx(np.tanh(graph.data[edge.operand]), rel=1e-6)
        assert edge.local == pytest.approx(1 - float(graph.data[node]) ** 2, rel=1e-5)
    assert {graph.op(node) for node in graph.forward_order.tolist()} >= {"addmm", "tanh", "mean"}
    lines = MLP.read_text(encoding="utf-8").splitlines()
    node = int(graph.nodes_of("tanh")[0])
    found = graph.line(node)
    assert found is not None
    assert found[0] == str(MLP)
    assert "torch.tanh" in lines[found[1] - 1]
    assert graph.scope(node) == "forward"


def test_gradcheck_of_a_torch_pass_says_what_it_could_not_check() -> None:
    stop = attached(MLP)[0][0]
    assert stop.graph is not None
    checked = DebugSession(stop.graph, methods=stop.methods).check_gradients()
    assert checked.n_wrong == 0


def test_a_gradient_that_a_hook_changes_is_said(tmp_path: Path) -> None:
    script = tmp_path / "hook.py"
    source = MLP.read_text(encoding="utf-8")
    script.write_text(
        source.replace(
            "    loss.backward()", "    model.fc1.bias.register_hook(lambda g: g * 3)\n"
            "    loss.backward()"
        ), encoding="utf-8",
    )  # fmt: skip
    graph = attached(script)[0][0].graph
    assert graph is not None
    assert graph.ledger is not None
    assert "has changed 5 of them" in graph.pass_note
    bias = graph.find("fc1.bias[0]")
    assert float(graph.grad[bias]) == pytest.approx(3 * float(graph.true_pass.grad[bias]), rel=1e-5)
    session = DebugSession(graph)
    session.goto("end")
    assert session.inspect(bias).grad_now == float(graph.grad[bias])


def test_gradients_that_are_accumulated_begin_where_they_were(tmp_path: Path) -> None:
    script = tmp_path / "accumulates.py"
    script.write_text(
        MLP.read_text(encoding="utf-8").replace("    optimizer.zero_grad()\n", "")
        .replace("    optimizer.step()\n", ""), encoding="utf-8",
    )  # fmt: skip
    first, second = (stop.graph for stop in attached(script)[0])
    assert first is not None
    assert second is not None
    assert second.ledger is None
    bias = first.find("fc1.bias[0]")
    assert float(second.grad_before[bias]) == pytest.approx(float(first.grad[bias]), rel=1e-5)
    assert float(second.grad[bias]) == pytest.approx(2 * float(first.grad[bias]), rel=1e-5)


def test_what_is_too_large_is_said_with_its_size(tmp_path: Path) -> None:
    script = tmp_path / "large.py"
    script.write_text(
        "import torch\nw = torch.ones(200, 300, requires_grad=True)\n"
        "(torch.ones(300, 200) @ w).tanh().sum().backward()\nprint(w.grad.sum().item())\n",
        encoding="utf-8",
    )
    (stop,), ended, lines = attached(script)
    assert ended.status == 0
    assert lines == ["0.0"]
    assert stop.graph is not None
    assert not stop.graph.backpropagated
    assert "240,001 numbers in 4 arrays" in stop.graph.why_no_events
    assert float(stop.graph.data[stop.graph.find("w")]) == pytest.approx(60_000**0.5)


def test_an_error_of_the_pass_is_the_scripts(tmp_path: Path) -> None:
    script = tmp_path / "twice.py"
    script.write_text(
        MLP.read_text(encoding="utf-8").replace(
            "    loss.backward()\n", "    loss.backward()\n    loss.backward()\n"
        ), encoding="utf-8",
    )  # fmt: skip
    plain = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    stops, ended, lines = attached(script)
    assert ended.status == plain.returncode == 1
    assert stops[-1].kind == "exception"
    assert lines[-1] == plain.stderr.splitlines()[-1]
    assert "backward through the graph a second time" in lines[-1]


def test_what_the_optimizer_did_between_two_passes_is_told() -> None:
    stops = attached(MLP)[0]
    first, second = (stop.graph for stop in stops)
    updates = stops[1].updates
    assert first is not None
    assert second is not None
    assert updates is not None
    assert updates.since == 1
    rows = {row.name: row for row in updates.leaves}
    assert len(rows) == 3 * 5 + 5 + 5 * 2 + 2
    for name, row in rows.items():
        assert row.node == second.find(name)
        assert row.before == float(first.data[first.find(name)])
        assert row.after == float(second.data[second.find(name)])
        assert row.after == pytest.approx(row.before - 0.1 * row.grad, rel=1e-6)


PASSES = {
    "torch.autograd.backward": "    torch.autograd.backward([loss])\n",
    "torch.autograd.grad": "    for p, g in zip(model.parameters(),\n"
    "                    torch.autograd.grad(loss, list(model.parameters()))):\n"
    "        p.grad = g\n",
}


@pytest.mark.parametrize("name", PASSES)
def test_passes_of_free_functions_are_followed(tmp_path: Path, name: str) -> None:
    script = tmp_path / "functions.py"
    source = MLP.read_text(encoding="utf-8").replace("    loss.backward()\n", PASSES[name])
    script.write_text(source, encoding="utf-8")
    stops, ended, lines = attached(script)
    assert lines == attached(MLP)[2]
    assert ended.n_backwards == 2
    for stop, same in zip(stops, attached(MLP)[0], strict=True):
        graph, other = stop.graph, same.graph
        assert graph is not None, stop.problem
        assert other is not None
        assert graph.ledger is None
        assert "loss" in source.splitlines()[stop.line - 1]
        assert np.array_equal(graph.grad, other.grad)
        assert not graph.grad_before.any()


def test_a_pass_of_several_roots_is_said_to_be_one(tmp_path: Path) -> None:
    script = tmp_path / "roots.py"
    script.write_text(
        "import torch\nw = torch.ones(2, requires_grad=True)\n"
        "torch.autograd.backward([w[0] * 2, w[1] * 3])\nprint(w.grad.tolist())\n", encoding="utf-8"
    )  # fmt: skip
    (stop,), ended, lines = attached(script)
    assert (ended.status, lines) == (0, ["[2.0, 3.0]"])
    assert stop.loss == 5.0
    assert stop.problem == "its pass begins at 2 tensors: a graph has one root"
