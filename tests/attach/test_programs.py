"""Programs of many styles, right and wrong: nothing of theirs changes, and their pass is theirs.

Each prints, for some variables, the number and the gradient that its own code has in the end.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from microgpt.attach import Ended, ScriptProcess, Stop, StopRule
from microgpt.debugger import DebugSession
from microgpt.debugger.console import Console
from microgpt.debugger.verbs.gradcheck import CheckedGradients
from microgpt.debugger.verbs.where import halt_as_json, halt_lines
from microgpt.graph.graph import Graph
from microgpt.graph.ledger import KINDS

PROGRAMS = sorted(Path(__file__).with_name("programs").glob("*.py"))
PATIENCE = 60
"""Units: seconds."""
OPS_CALLED = {
    "apply_by_name": ["mul", "add", "cube", "mul", "add"],
    "classes_of_ops": ["mul", "add", "twice", "mul", "mul", "add"],
    "consumers_and_functions": ["times", "add", "times", "times", "add"],
    "dropped_on_the_way": ["times", "plus", "times", "times", "plus"],
    "counts_of_uses": ["times", "plus", "times", "times", "plus"],
    "free_closures": ["times", "plus", "times", "times", "plus"],
    "dict_of_slopes": ["mul", "add", "mul1", "mul", "add"],
    "made_by_new": ["op"] * 5,
    "patched_operators": ["op"] * 5,
}
"""What ops are called where that is not by their operators' names."""
WITHOUT_A_PASS = {"dual_numbers"}
TWICE_OR_MORE = {
    "apply_by_name": 3,
    "training": 3,
    "wrong_backward_twice": 2,
    "wrong_never_zeroed": 2,
}
NOT_SUMS = {
    "consumers_and_functions": {"added"},
    "consumers_pull": {"added"},  # each node adds up its consumers' shares itself, at once
    "handed_on": {"added"},  # right, and visits every path
    "op_objects": {"added"},
    "recursion": {"added"},  # right, and visits every path
    "slopes_on_request": {"added"},  # so does this
    "wrong_breadth_first": {"added"},
    "wrong_early": {"added"},
    "wrong_equal_by_value": {"added"},
    "wrong_in_a_dict": {"added"},  # all at the end of the pass
    "wrong_never_visited": {"added"},
    "wrong_not_seeded": {"added", "zeroed"},
    "wrong_overwritten": {"added", "replaced"},
    "wrong_overwritten_closures": {"added", "replaced"},
    "wrong_recursion": {"added"},
    "wrong_seeded_with_itself": {"added"},
    "wrong_upstream_dropped": {"added"},
    "wrong_visited_twice": {"added"},
}
"""The kinds of writes in the ledgers of those whose pass is not the sums of its contributions."""
HANDED_ON = {"consumers_and_functions", "handed_on"}
"""No line writes the root's gradient of these, which begins with 1 all the same."""
RIGHT_PASS = {
    "wrong_changed_after_use",
    "wrong_forward",
    "wrong_local",
    "wrong_never_zeroed",
    "wrong_operand_skipped",
}
"""Wrong between the passes, or in the derivatives: the pass adds what it should."""

REPLACES = "                each.der = loc * q.der"
Watched = tuple[tuple[Stop, ...], Ended, tuple[str, ...], CheckedGradients | None]


@cache
def attached(path: Path) -> Watched:
    """All stops of a program, how it ended, what it printed, and its first pass's gradcheck."""
    stops, checked = [], None
    with ScriptProcess(path) as script:
        while isinstance(stop := script.next_stop(PATIENCE), Stop):
            stops.append(stop)
            if checked is None and stop.graph is not None:
                checked = DebugSession.at(stop, script).check_gradients()
            script.resume()
        assert isinstance(stop, Ended)
        return tuple(stops), stop, script.output.lines, checked


def last_graph(path: Path) -> Graph:
    graph = attached(path)[0][-1].graph
    assert graph is not None, attached(path)[0][-1].problem
    return graph


def gradients(lines: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    """Number and gradient of each variable that the program told last."""
    rows = [line.split() for line in lines]
    return {name: (float.fromhex(data), float.fromhex(grad)) for name, data, grad in rows}


all_programs = pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
with_a_pass = pytest.mark.parametrize(
    "path", [p for p in PROGRAMS if p.stem not in WITHOUT_A_PASS], ids=lambda path: path.stem
)


def test_there_are_many_styles() -> None:
    assert sum(not path.stem.startswith("wrong") for path in PROGRAMS) >= 30
    assert len(PROGRAMS) >= 50
    assert NOT_SUMS.keys() | TWICE_OR_MORE.keys() <= {path.stem for path in PROGRAMS}


@all_programs
def test_nothing_of_a_program_changes(path: Path) -> None:
    plain = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False)
    stops, ended, lines, _ = attached(path)
    assert lines == tuple((plain.stdout + plain.stderr).splitlines())
    assert ended.status == plain.returncode == 0
    assert {stop.kind for stop in stops} <= {"backward"}


@with_a_pass
def test_the_graph_has_the_programs_own_floats(path: Path) -> None:
    stops, ended, lines, _ = attached(path)
    assert len(stops) == ended.n_backwards == TWICE_OR_MORE.get(path.stem, 1)
    graph = last_graph(path)
    for name, (data, grad) in gradients(lines).items():
        node = graph.find(name)
        assert float(graph.data[node]).hex() == data.hex()
        assert float(graph.grad[node]).hex() == grad.hex()
    ops = [graph.op(node) for node in graph.forward_order.tolist()]
    assert ops == OPS_CALLED.get(path.stem, ["mul", "add", "mul", "mul", "add"])
    assert float(graph.data[graph.root]) == stops[-1].loss


@with_a_pass
def test_stepping_there_and_back_is_the_pass_as_it_was(path: Path) -> None:
    graph = last_graph(path)
    assert graph.backpropagated, graph.why_no_events
    assert (graph.ledger is not None) == (path.stem in NOT_SUMS)
    session = DebugSession(graph)
    grads = graph.grad_before.copy()
    states = []
    session.goto("backward 0")
    for event in range(graph.n_events):
        assert session.state.event == event
        for change in session.state.changes:
            assert change.old == grads[change.node]
            grads[change.node] = change.new
        states.append(grads.copy())
        session.step()
    assert np.array_equal(grads, graph.grad)
    session.goto("end")
    for event in reversed(range(graph.n_events)):
        assert session.state.event == event
        now = [session.inspect(node).grad_now for node in range(len(graph))]
        assert now == states[event].tolist()
        session.back()


@pytest.mark.parametrize("name", sorted(NOT_SUMS))
def test_the_ledger_tells_what_each_write_did(name: str) -> None:
    graph = last_graph(PROGRAMS[0].with_name(f"{name}.py"))
    ledger = graph.ledger
    assert ledger is not None
    kinds = {KINDS[kind] for kind in ledger.kind[ledger.changed()]}
    assert kinds <= NOT_SUMS[name]
    if name == "wrong_in_a_dict":  # of which no write was seen
        assert (ledger.line < 0).all()
        return
    own = ledger.event > 0 if name in HANDED_ON else ledger.event >= 0
    assert (ledger.line[own] >= 0).all()
    assert {file for file, _ in graph.source_lines} == {str(PROGRAMS[0].with_name(f"{name}.py"))}


@with_a_pass
def test_gradcheck_is_right_about_each(path: Path) -> None:
    stops, _, _, checked = attached(path)
    graph = stops[0].graph
    assert graph is not None
    assert checked is not None
    is_right = not path.stem.startswith("wrong") or path.stem in {
        "wrong_never_zeroed",
        "wrong_backward_twice",  # in its first pass
    }
    if path.stem == "wrong_changed_after_use":  # its products give other numbers now: it says so
        assert (checked.n_wrong, checked.trusted) == (0, (("mul", 2),))
    else:
        assert (checked.n_wrong == 0) == is_right
    true = graph.true_pass.grad
    assert np.allclose(true, graph.grad, rtol=1e-12) == (is_right or path.stem in RIGHT_PASS)


def test_a_replaced_gradient_is_said_with_its_line() -> None:
    path = PROGRAMS[0].with_name("wrong_overwritten.py")
    session = DebugSession(last_graph(path))
    session.watch("d")
    state = session.continue_()
    while not any(change.kind == "replaced" for change in state.changes):
        state = session.continue_()
    change = next(change for change in state.changes if change.kind == "replaced")
    line = path.read_text(encoding="utf-8").splitlines().index(REPLACES)
    assert change.line == (str(path), line + 1)
    assert change.contribution is None
    assert session.why(session.find("d")).should_be == -9.0


@pytest.mark.parametrize("name", sorted(HANDED_ON))
def test_a_root_that_is_handed_a_gradient_begins_with_it(name: str) -> None:
    graph = last_graph(PROGRAMS[0].with_name(f"{name}.py"))
    assert "its class keeps no gradient in the root: its pass hands on 1" in graph.pass_note
    assert graph.root == graph.find("loss")
    assert (graph.grad_before[graph.root], graph.grad[graph.root]) == (0.0, 1.0)
    assert [change.new for change in DebugSession(graph).goto("backward 0").changes] == [1.0]


def test_a_gradient_that_is_dropped_is_shown_as_what_it_was() -> None:
    graph = last_graph(PROGRAMS[0].with_name("dropped_on_the_way.py"))
    assert "its pass drops 5 gradients that it has handed on" in graph.pass_note
    assert (graph.ledger, graph.grad[graph.find("d")]) == (None, -9.0)
    assert graph.grad[graph.root] == 1.0


def test_a_second_visit_is_told_as_second() -> None:
    graph = last_graph(PROGRAMS[0].with_name("wrong_visited_twice.py"))
    assert sorted(graph.visit_numbers.tolist()) == [1, 1, 1, 1, 1, 2]
    twice = int(graph.visit_order[graph.visit_numbers == 2][0])
    assert np.flatnonzero(graph.visit_order == twice).tolist()[0] + 1 == graph.event_of[twice]


def test_gradients_that_a_slotted_class_had_before_a_pass_of_free_code(tmp_path: Path) -> None:
    source = PROGRAMS[0].with_name("free_loop.py").read_text(encoding="utf-8")
    source = source.replace(
        "class Node:\n", 'class Node:\n    __slots__ = ("data", "ops", "locs", "sens")\n'
    )
    script = tmp_path / "free.py"
    script.write_text(source.replace("d = a * b + c\n", "a.sens = 7.0\nd = a * b + c\n"))
    graph = last_graph(script)
    a = graph.find("a")
    assert graph.grad_before[a] == 7.0
    assert graph.grad[a] == 7.0 + 21.5
    assert graph.ledger is None


VERBS = (
    "watch a", "continue", "reverse-continue", "break grad > 1", "continue", "next", "finish",
    "goto backward 1", "until adjoint == 1", "step 3", "back 2", "where", "print d", "why d",
    "flow a", "set loss = 3", "why a", "undo", "anomalies", 'search op == "mul"', "gradcheck",
    "goto end",
)  # fmt: skip


@with_a_pass
def test_every_verb_speaks_of_a_pass_that_was(path: Path) -> None:
    graph = last_graph(path)
    console = Console(DebugSession(graph))
    last = max(graph.n_events - 1, 0)  # none but the first, if no visit was seen
    for line in VERBS:
        outcome = console.execute(line.replace("backward 1", f"backward {min(1, last)}"))
        assert outcome is not None
        told = " ".join(outcome.lines())
        assert "no backward pass" not in told
        assert json.loads(outcome.as_json())["verb"]


HEALTH = {
    "wrong_backward_twice": {"backward-twice"},
    "wrong_breadth_first": {"wrong pass"},
    "wrong_early": {"wrong pass"},
    "wrong_equal_by_value": {"wrong pass"},
    "wrong_in_a_dict": {"wrong pass"},
    "wrong_never_visited": {"wrong pass"},
    "wrong_never_zeroed": {"stale-grads"},
    "wrong_not_seeded": {"wrong pass"},
    "wrong_overwritten": {"wrong pass"},
    "wrong_overwritten_closures": {"wrong pass"},
    "wrong_recursion": {"wrong pass"},
    "wrong_seeded_with_itself": {"wrong pass"},
    "wrong_upstream_dropped": {"wrong pass"},
    "wrong_visited_twice": {"wrong pass"},
}


@with_a_pass
def test_health_does_not_call_a_wrong_pass_well(path: Path) -> None:
    found = DebugSession(last_graph(path)).health()
    assert {finding.check for finding in found} == HEALTH.get(path.stem, set())


STEPS = """
class S:
    def __init__(self, v, src=(), loc=()):
        self.v, self.src, self.loc, self.g = v, src, loc, 0.0
    def __add__(self, o): return S(self.v + o.v, (self, o), (1.0, 1.0))
    def __mul__(self, o): return S(self.v * o.v, (self, o), (o.v, self.v))
    def pull(self):
        order, seen = [], set()
        def visit(n):
            if n not in seen:
                seen.add(n)
                for s in n.src: visit(s)
                order.append(n)
        visit(self)
        self.g = 1.0
        for n in reversed(order):
            for s, l in zip(n.src, n.loc): s.g += l * n.g
def fit(loss, params):
    loss.pull()
    for p in params: p.v -= 0.1 * p.g
w = [S(0.5), S(-2.0)]
for step in range(4):
    loss = w[0] * S(2.0) + w[1] * S(3.0)
    loss = loss * loss
    {step}
    for p in w: p.g = 0.0
    print(loss.v)
"""
IN_THE_LOOP = """loss.g = 1.0
    for n in [loss, *loss.src[:1], *loss.src[0].src]:
        for s, l in zip(n.src, n.loc): s.g += l * n.g
    for p in w: p.v -= 0.1 * p.g"""


@pytest.mark.parametrize("rule", [StopRule(), StopRule(2), StopRule(only=3)])
@pytest.mark.parametrize("step", ["fit(loss, w)", IN_THE_LOOP], ids=["function", "free code"])
def test_a_pass_inside_a_function_that_does_more(tmp_path: Path, step: str, rule: StopRule) -> None:
    script = tmp_path / "fit.py"
    script.write_text(STEPS.format(step=step))
    plain = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    stops = []
    with ScriptProcess(script, stop=rule) as process:
        while isinstance(stop := process.next_stop(PATIENCE), Stop):
            stops.append(stop)
            process.resume()
    assert process.output.lines == tuple(plain.stdout.splitlines())
    expected = {1: [1, 2, 3, 4], 2: [2, 4]}[rule.every] if not rule.only else [3]
    assert [stop.number for stop in stops] == expected
    assert stop is not None
    assert stop.n_backwards == 4
    source = script.read_text(encoding="utf-8").splitlines()
    for each in stops:
        graph = each.graph
        assert graph is not None
        assert each.loss == float(process.output.lines[each.number - 1])
        assert "pull()" in source[each.line - 1] or "loss.g = 1.0" in source[each.line - 1]
        assert graph.ledger is None
        assert np.allclose(graph.grad, graph.true_pass.grad)
        assert not graph.grad_before.any()


def test_gradients_that_no_node_keeps_are_said_to_be_those_of_the_end() -> None:
    for name in ("dict_of_gradients", "wengert_list"):
        path = PROGRAMS[0].with_name(f"{name}.py")
        stop = attached(path)[0][-1]
        assert "only those at the end of the pass were seen" in halt_lines(stop)[-1]
        assert halt_as_json(stop)["note"] == last_graph(path).pass_note


def test_local_gradients_that_only_the_pass_knows(tmp_path: Path) -> None:
    source = PROGRAMS[0].with_name("prev_and_op.py").read_text(encoding="utf-8")
    source = source.replace(
        "    def backprop", "    def cube(self):\n"
        "        return Scalar(self.value**3, (self,), '3')\n\n    def backprop"
    ).replace(
        "            elif node.op", "            elif node.op == '3':\n"
        "                node.prev[0].g += 3 * node.prev[0].value ** 2 * node.g\n"
        "            elif node.op", 1
    ).replace("loss = d * d + a * d", "loss = d.cube()")  # fmt: skip
    script = tmp_path / "cube.py"
    script.write_text(source)
    graph = last_graph(script)
    (edge,) = graph.operands_of(graph.root)
    assert (graph.op(graph.root), edge.local) == ("cube", 3 * 5.5**2)
    assert graph.pass_note.startswith("no code of its class could be asked for 1 of the local")
    assert graph.ledger is None
