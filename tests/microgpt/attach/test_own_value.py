"""`microgpt.Value` in a user's script: it records itself, and all of that has to arrive."""

from __future__ import annotations

import numpy as np

from microgpt import recording
from microgpt.graph.graph import Graph
from tests.microgpt.attach.conftest import Attach, next_stop

PROGRAM = """\
from microgpt import Value, scope
from microgpt.autograd.bindings import negative_max, parameter

def norm(x):
    return [value * (sum(v * v for v in x) / 2) ** -0.5 for value in x]

def model():
    w = [parameter(0.5, "w", 0, 0, token="e"), parameter(-1.5, "w", 0, 1, token="e")]
    with scope("pos0"):
        x = norm(w)
        shift = negative_max(x)
    with scope("loss"):
        return sum((value + shift).exp() for value in x).log() * Value(2.0, name="two")

loss = model()
loss.backward()
"""


def test_the_graph_is_that_of_the_same_program_recorded_here(attach: Attach) -> None:
    graph = next_stop(attach(PROGRAM)).graph
    assert graph is not None
    here: dict[str, object] = {}
    exec(PROGRAM.partition("loss = model()")[0], here)
    with recording():
        loss = here["model"]()  # type: ignore[operator]
    loss.backward()
    expected = Graph.from_value(loss)
    for column in ("op_codes", "immediate", "data", "grad", "grad_before", "operand_start",
                   "operands", "local_grads", "visit_order", "scope_of"):  # fmt: skip
        assert np.array_equal(getattr(graph, column), getattr(expected, column), equal_nan=True)
    assert [s.path for s in graph.scopes] == [s.path for s in expected.scopes]
    assert "model/pos0/norm" not in [s.path for s in graph.scopes]
    assert dict(graph.names) == dict(expected.names) | {graph.root: "loss"}
    assert dict(graph.bindings) == dict(expected.bindings)
    assert (graph.root, graph.backpropagated) == (expected.root, True)
    lines = [(graph.line(i) or ("", 0))[1] for i in range(len(graph))]
    assert lines == [(expected.line(i) or ("", 0))[1] for i in range(len(graph))]


def test_the_first_value_is_made_where_the_script_makes_it(attach: Attach) -> None:
    """It is the one that has the recording begun, by code of ours."""
    source = "from microgpt import Value\nx = Value(1.5)\ny = Value(2.0)\n(x * y).backward()\n"
    stop = next_stop(attach(source))
    graph = stop.graph
    assert graph is not None
    x, y = graph.find("x"), graph.find("y")
    assert (graph.line(x), graph.line(y)) == ((stop.file, 2), (stop.file, 3))
    assert [scope.path for scope in graph.scopes] == [""]


def test_a_domain_error_is_the_users_line(attach: Attach) -> None:
    source = "from microgpt import Value\nx = Value(1.0)\ny = x - 1\nloss = 2 / (x * 0)\n"
    stop = next_stop(attach(source))
    assert (stop.kind, stop.line) == ("exception", 4)
    assert "DomainError" in stop.traceback
    graph = stop.graph
    assert graph is not None
    assert (graph.op(graph.root), graph.immediate[graph.root]) == ("pow", -1.0)
    assert np.isnan(graph.data[graph.root])
    assert graph.line(graph.root) == (stop.file, 4)
    (operand,) = graph.operands_of(graph.root)
    assert (graph.op(operand.operand), graph.data[operand.operand]) == ("mul", 0.0)
    assert graph.op(graph.find("y")) == "add"  # what has nothing to do with it is there as well


def test_its_division_by_a_plain_zero_too(attach: Attach) -> None:
    stop = next_stop(attach("from microgpt import Value\nx = Value(1.0) * 2\nx / 0\n"))
    assert (stop.kind, stop.line) == ("exception", 3)
