"""An op added by its row of the table, and nothing else: all that is done with ops can do it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import (
    DomainError,
    Graph,
    GraphError,
    ModelConfig,
    ModelSnapshot,
    Training,
    Value,
    load_corpus,
)
from microgpt.attach.evaluators import methods_of
from microgpt.autograd.ops import OPS, Op
from microgpt.debugger import DebugSession
from microgpt.debugger.conditions import NodeCondition
from microgpt.replay import graph_code, loops
from microgpt.replay.document_graph import document_graph
from microgpt.replay.gradient_check import GradientCheck
from microgpt.replay.graph_program import GraphProgram
from microgpt.replay.model_program import ModelProgram, Replay
from microgpt.replay.trace import Trace
from tests.microgpt.autograd.test_ops import (
    applied,
    test_local_gradients_are_the_slopes,
    test_operators_give_exactly_their_row,
)
from tests.microgpt.graph.random_dags import NUMBERS, Dag, dags
from tests.microgpt.replay.same import assert_same, built_again, hexes
from viz.dot import to_dot
from viz.style import op_style
from viz.view import scalars

TANH = Op(
    "tanh", "τ", "#008b8b", 1, math.tanh, lambda a: (1 - math.tanh(a) ** 2,), ("1 - tanh(a)²",)
)
HYPOT = Op(
    "hypot",
    "∠",
    "#556b2f",
    2,
    math.hypot,
    lambda a, b: (a / math.hypot(a, b), b / math.hypot(a, b)),
    ("a / hypot(a, b)", "b / hypot(a, b)"),
)
SLANT = Op(
    "slant",
    "⊿",
    "#2f4f4f",
    2,
    lambda a, b: math.hypot(a, b, 1.0),
    lambda a, b: (a / math.hypot(a, b, 1.0), b / math.hypot(a, b, 1.0)),
    ("a / slant(a, b)", "b / slant(a, b)"),
)
LOG1P = Op("log1p", "log1p", "#b8860b", 1, math.log1p, lambda a: (1 / (1 + a),), ("1 / (1 + a)",))
SCALED = Op(
    "scaled", "s", "#8b0000", 1, lambda a, k: a * k, lambda a, k: (k,), ("k",), immediate="k"
)


@pytest.fixture(autouse=True)
def more_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    for row in (TANH, HYPOT, SLANT, LOG1P, SCALED):
        monkeypatch.setitem(OPS, row.name, row)


def model(number: float, weight: float = -1.25) -> Value:
    x, w = Value(number, name="x"), Value(weight, name="w")
    hidden = (x * w + 0.5).apply("tanh")
    far = hidden.apply("hypot", x.apply("scaled", immediate=3.0)).relu()
    loss = (far * hidden + x * x).exp().apply("log1p") * w
    loss.backward()
    return loss


def graph_of(number: float) -> Graph:
    return Graph.from_value(model(number))


def test_forward_and_backward() -> None:
    x = Value(0.5)
    node = x.apply("tanh")
    node.backward()
    assert (node.data, node._op, node._children) == (math.tanh(0.5), "tanh", (x,))
    assert x.grad == 1 - math.tanh(0.5) ** 2


@pytest.mark.parametrize("row", [TANH, SCALED], ids=lambda row: row.name)
def test_the_property_tests_take_it_as_it_is(row: Op) -> None:
    test_local_gradients_are_the_slopes(row)
    test_operators_give_exactly_their_row(row)
    assert applied(row, (2.0, 3.0))._op == row.name


def test_an_error_names_op_and_operands() -> None:
    with pytest.raises(DomainError, match=r"^log1p\(-1\.0\) has no finite real value, in no scope"):
        Value(-1.0).apply("log1p")
    with pytest.raises(DomainError, match=r"hypot\(0\.0, 0\.0\) .*its operands are a made in no "
                                          r"scope and b made in no scope$"):  # fmt: skip
        Value(0.0, name="a").apply("hypot", Value(0.0, name="b"))


def test_graph_and_condition() -> None:
    graph = graph_of(0.75)
    assert graph.op_names[-5:] == ("tanh", "hypot", "slant", "log1p", "scaled")
    (tanh,), (scaled,) = graph.nodes_of("tanh"), graph.nodes_of("scaled")
    assert graph.data[tanh] == math.tanh(0.75 * -1.25 + 0.5)
    assert graph.immediate[scaled] == 3.0
    found = NodeCondition.parse("op == 'tanh'", graph.op_names)
    assert np.flatnonzero(found.mask(graph)).tolist() == [tanh]


def test_a_picture_has_its_symbol_and_colour() -> None:
    graph = graph_of(0.75)
    dot = to_dot(scalars(graph, range(len(graph)), "all")).source
    for row in (TANH, HYPOT, SCALED):
        assert op_style(row.name).glyph == row.symbol
        assert row.symbol in dot
        assert row.color in dot
    assert "s3" in dot  # the symbol and the immediate


def test_replay_gives_the_graph() -> None:
    graph = graph_of(0.75)
    assert_same(GraphProgram.of(graph).run().graph(), graph)


@given(NUMBERS, NUMBERS)
def test_what_if_is_a_fresh_computation(number: float, weight: float) -> None:
    graph = graph_of(0.75)
    x, w = graph.find("x"), graph.find("w")
    try:
        fresh = Graph.from_value(model(number, weight))
    except DomainError:
        with pytest.raises(DomainError):
            GraphProgram.of(graph).run({x: number, w: weight})
        return
    assert_same(GraphProgram.of(graph).run({x: number, w: weight}).graph(), fresh)


def test_a_model_of_it_is_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the place of the relu: a row of one operand, one of two, one with an immediate."""
    monkeypatch.setattr(
        Value, "relu", lambda x: x.apply("tanh").apply("slant", x.apply("scaled", immediate=3.0))
    )
    config = ModelConfig(n_embd=4, n_head=2, n_layer=2, block_size=4)
    model = ModelSnapshot.of(Training(load_corpus("names"), config))
    tokenizer = model.tokenizer
    trace = Trace.of(config, tokenizer.vocab_size, 4)
    assert trace.is_sound()
    replay = Replay(ModelProgram(trace, config, tokenizer.vocab_size))
    for document in ("ada", "io"):
        replay.forward(model.data, tokenizer.encode(document)[:5])
        replay.backward()
        assert_same(document_graph(replay, config, tokenizer), model.trace(document))


def test_what_if_out_of_its_domain_says_so() -> None:
    x = Value(0.5, name="x")
    loss = x.apply("log1p")
    loss.backward()
    with pytest.raises(DomainError, match=r"log1p\(-2\.0\) has no finite real value, at #1 in no"):
        GraphProgram.of(Graph.from_value(loss)).run({0: -2.0})


@pytest.mark.parametrize("asked", [False, True])
def test_the_debugger_sets_and_checks(asked: bool) -> None:
    loss = model(0.75)
    session = DebugSession(Graph.from_value(loss), methods=methods_of(loss) if asked else None)
    session.set_node("x", -0.375)
    assert_same(session.graph, graph_of(-0.375))
    checked = session.check_gradients()
    assert (checked.n_wrong, checked.trusted) == (0, ())
    assert checked.n_checked + checked.n_unchecked == len(session.graph)


def test_a_wrong_local_gradient_of_it_is_found() -> None:
    x = Value(0.5, name="x")
    wrong = Value(math.tanh(0.5), (x,), (0.5,), "tanh")
    loss = wrong * wrong
    loss.backward()
    check = GradientCheck.of(Graph.from_value(loss))
    worst = next(iter(check))
    assert (worst.node, check.trusted.tolist()) == (0, [])
    assert worst.error > 0.1
    with pytest.raises(GraphError, match="what is recorded of it is not what that op gives"):
        GraphProgram.of(Graph.from_value(loss)).run({0: 1.0})


# -- the compiled branches are optional ------------------------------------------------------------


@pytest.fixture
def only_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_code, "COMPILED", {})


@pytest.mark.usefixtures("only_rows")
@given(dags, st.data())
def test_without_branches_the_rows_give_the_same(dag: Dag, data: st.DataObject) -> None:
    dag.root.backward()
    graph = Graph.from_value(dag.root)
    nodes = st.integers(0, len(graph) - 1)
    numbers = data.draw(st.dictionaries(nodes, NUMBERS, max_size=3))
    program = GraphProgram.of(graph)
    assert not np.isin(program.code.op, (loops.ADD, loops.MUL, loops.EXP)).any()
    assert_same(program.run().graph(), graph)
    try:
        run = program.run(numbers)
    except GraphError:  # it leads to a node that no operator makes
        assert (program.code.op == loops.RECORDED)[~program.uncompiled.nodes].any()
        return
    except DomainError:
        with pytest.raises(DomainError):
            built_again(graph, numbers)
        return
    made = built_again(graph, numbers)
    assert hexes(run.data) == [made[i].data.hex() for i in range(len(graph))]
    assert hexes(run.grad) == [made[i].grad.hex() for i in range(len(graph))]
