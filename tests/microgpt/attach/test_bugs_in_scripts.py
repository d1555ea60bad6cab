"""What a debugger is for: mistakes in the script's gradients have to show as they are."""

from __future__ import annotations

import pytest

from microgpt.debugger import DebugSession
from microgpt.errors import GraphError
from tests.microgpt.attach.conftest import SCRIPTS, Attach, all_stops, next_stop

MICROGRAD = (SCRIPTS / "closures.py").read_text(encoding="utf-8").partition("def main()")[0]
MICROGPT = (SCRIPTS / "microgpt.py").read_text(encoding="utf-8").partition("if __name__")[0]


def test_grads_that_were_not_zeroed(attach: Attach) -> None:
    process = attach("""
        from micrograd.engine import Value
        w = Value(3.0)
        for step in range(2):
            loss = w * 2.0 + w
            loss.backward()
    """)
    (first, second), _ = all_stops(process)
    assert first.graph is not None
    assert second.graph is not None
    w = first.graph.find("w")
    assert not first.graph.grad_before.any()
    w = second.graph.find("w")
    assert second.graph.backpropagated
    assert second.graph.grad_before[w] == 3.0
    assert [second.graph.grad_at(w, event) for event in range(second.graph.n_events)][-1] == 6.0


@pytest.mark.parametrize(
    ("source", "right", "wrong", "expected"),
    [
        (MICROGPT, "(float(self.data > 0),)", "(1.0,)", 1.0),
        (MICROGRAD, "(1 - t**2)", "(1 - t)", 1 - -0.9640275800758169),
    ],
)
def test_a_wrong_local_gradient_shows_as_the_class_has_it(
    attach: Attach, source: str, right: str, wrong: str, expected: float
) -> None:
    assert right in source
    name, method = ("Value", "relu") if source is MICROGPT else ("Scalar", "tanh")
    process = attach(
        source.replace(right, wrong) + f"x = {name}(-2.0)\nloss = x.{method}()\nloss.backward()\n"
    )
    graph = next_stop(process).graph
    assert graph is not None
    assert graph.backpropagated
    assert graph.op(graph.root) == method
    assert [edge.local for edge in graph.operands_of(graph.root)] == [expected]
    assert graph.grad[graph.find("x")] == expected


def test_grads_assigned_instead_of_added(attach: Attach) -> None:
    process = attach(
        MICROGPT.replace("child.grad += local_grad", "child.grad = local_grad")
        + "x = Value(3.0)\nloss = x * 2.0 + x\nloss.backward()\n"
    )
    graph = next_stop(process).graph
    assert graph is not None
    assert graph.backpropagated
    assert graph.ledger is not None
    x = graph.find("x")
    line = 1 + MICROGPT.partition("child.grad +=")[0].count("\n")
    written = [c for k in range(graph.n_events) for c in graph.event(k).changes if c.node == x]
    assert [(c.old, c.new, c.kind) for c in written] == [(0, 1, "added"), (1, 2, "replaced")]
    assert {c.line for c in written} == {(str(process.path), line)}
    assert graph.grad[x] == 2
    assert graph.true_pass.grad[x] == 3


def test_a_pass_that_skips_nodes(attach: Attach) -> None:
    process = attach(
        MICROGPT.replace("reversed(topo)", "reversed(topo[2:])")
        + "x = Value(3.0)\ny = x.exp()\nloss = y.log()\nloss.backward()\n"
    )
    graph = next_stop(process).graph
    assert graph is not None
    assert graph.ledger is not None
    y = graph.find("y")
    assert graph.event_of[y] == -1
    assert graph.grad[y] != 0
    assert graph.grad[graph.find("x")] == 0
    assert graph.true_pass.grad[graph.find("x")] == 1
    with pytest.raises(GraphError, match="does not visit y"):
        DebugSession(graph).goto("backward y")
    assert graph.consumers_of(graph.find("x"))


def test_a_wrong_order_of_visits(attach: Attach) -> None:
    process = attach(
        MICROGPT.replace("reversed(topo)", "topo")
        + "x = Value(3.0)\ny = x * 2.0\nloss = y * y\nloss.backward()\n"
    )
    graph = next_stop(process).graph
    assert graph is not None
    assert graph.ledger is not None
    loss, y, x = (graph.find(name) for name in ("loss", "y", "x"))
    # Operands first: what reaches y comes too late for x.
    assert graph.visit_order.tolist() == [y, loss]
    assert graph.adjoints.tolist() == [0, 1]
    assert graph.grad[[x, y, loss]].tolist() == [0, 12, 1]
    assert graph.true_pass.grad[[x, y, loss]].tolist() == [24, 12, 1]


def test_numbers_that_are_no_numbers(attach: Attach) -> None:
    process = attach(
        MICROGPT
        + "x = Value([1.0])\nloss = Value(2.0, (x,), (1.0,))\nloss.backward()\nprint('on')\n"
    )
    (stop,), ended = all_stops(process)
    assert stop.graph is None
    assert stop.problem == "the data of a node is of type list, not a number"
    assert ended.status == 0
    assert process.output.lines == ("on",)
