"""In one process: a program that puts methods of its own on `Value`."""

from __future__ import annotations

import pytest
from hypothesis import given

from microgpt import Graph, Value
from microgpt.attach.evaluators import methods_of
from microgpt.debugger import DebugSession
from microgpt.replay.graph_program import GraphProgram
from tests.microgpt.graph.random_dags import Dag, dags
from tests.microgpt.replay.same import assert_same


def leaky(x: Value) -> Value:
    slope = 1.0 if x.data > 0 else 0.125
    return Value(x.data * slope, (x,), (slope,), "relu")


def model(number: float) -> Value:
    x = Value(number, name="x")
    return (x * x + x).relu() * x


def test_what_if_is_a_fresh_run_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Value, "relu", leaky)
    loss, fresh = model(2.0), model(-0.5)
    for each in (loss, fresh):
        each.backward()
    session = DebugSession(Graph.from_value(loss), methods=methods_of(loss))
    session.set_node("x", -0.5)
    expected = Graph.from_value(fresh)
    assert session.graph.data.tolist() == expected.data.tolist()
    assert session.graph.grad.tolist() == expected.grad.tolist()
    assert session.check_gradients().n_wrong == 0
    assert [value.data for value in loss._children] == [6.0, 2.0]  # its own are as they were


@pytest.mark.slow
@given(dags)
def test_the_methods_of_value_give_what_the_table_gives(dag: Dag) -> None:
    dag.root.backward()
    graph = Graph.from_value(dag.root)
    leaf = int(next(i for i in range(len(graph)) if graph.is_leaf(i)))
    own, table = GraphProgram.of(graph, methods_of(dag.root)), GraphProgram.of(graph)
    assert_same(own.run().graph(), graph)
    try:
        expected = table.run({leaf: 0.375}).graph()
    except Exception as error:  # noqa: BLE001  # whatever it refuses, the other does too
        with pytest.raises(type(error)):
            own.run({leaf: 0.375})
        return
    assert_same(own.run({leaf: 0.375}).graph(), expected)
