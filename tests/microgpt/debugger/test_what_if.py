"""What if: edits against fresh runs to the bit, stacked and undone, refused with the reason."""

from __future__ import annotations

import re
from array import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgpt import (
    Corpus,
    Graph,
    GraphError,
    MicrogptError,
    ModelConfig,
    ModelSnapshot,
    Training,
    Value,
)
from microgpt.debugger import DebugSession, GraphOrigin
from microgpt.debugger.edit_stack import MEAN_OF
from microgpt.debugger.verbs.what_if import Replacement
from tests.microgpt.debugger.conftest import DOCUMENTS


@pytest.fixture(scope="module")
def origin(tiny_model: ModelSnapshot) -> GraphOrigin:
    training = Training(Corpus("tiny", DOCUMENTS), ModelConfig(4, 2, 2, 6))
    return GraphOrigin(tiny_model, "ava", 1, training.documents, training.state, training.config)


@pytest.fixture
def session(tiny_graph: Graph, origin: GraphOrigin) -> DebugSession:
    return DebugSession(tiny_graph, origin)


def assert_same_numbers(a: Graph, b: Graph) -> None:
    assert a.data.tobytes() == b.data.tobytes()
    assert a.grad.tobytes() == b.grad.tobytes()
    assert a.local_grads.tobytes() == b.local_grads.tobytes()
    assert a.visit_order.tolist() == b.visit_order.tolist()


def test_a_parameter_is_as_in_a_fresh_run(session: DebugSession, tiny_model) -> None:
    told = session.set_node("layer0.attn_wq[1][2]", 0.5)
    data = tiny_model.data[:]
    names = [leaf.name for leaf in tiny_model.parameters().flat]
    data[names.index("layer0.attn_wq[1][2]")] = 0.5
    fresh = ModelSnapshot(tiny_model.config, tiny_model.tokenizer, data).trace("ava")
    assert_same_numbers(session.graph, fresh)
    assert told.loss.after == fresh.data[fresh.root]
    assert told.loss.before == told.original
    for move, label in zip(told.positions, ("BOS → a", "a → v", "v → a", "a → BOS"), strict=True):
        assert move.label == label
        scope = f"pos{move.position}/loss"
        assert move.loss.after == fresh.data[session.find(scope)]
        target = session.graph.find(f"p{move.position}({label.rpartition(' ')[2]})")
        assert move.probability.after == pytest.approx(float(fresh.data[target]), rel=1e-12)
        logits = fresh.data[fresh.outputs_of(fresh.scopes.find(f"pos{move.position}/lm_head"))]
        assert move.likeliest[1] == tiny_model.tokenizer.label(int(np.argmax(logits)))


@pytest.mark.parametrize("zeroed", ["layer1.mlp_fc2", "layer0.attn_wk[2]"])
def test_a_matrix_of_zeros_is_as_in_a_fresh_run(
    session: DebugSession, tiny_model: ModelSnapshot, zeroed: str
) -> None:
    """All of it, or a row; and undone at once."""
    told = session.replace_outputs(zeroed, "zero")
    names = [leaf.name for leaf in tiny_model.parameters().flat]
    numbers = zip(names, tiny_model.data, strict=True)
    kept = [0.0 if name.startswith(f"{zeroed}[") else number for name, number in numbers]
    data = array("d", kept)
    fresh = ModelSnapshot(tiny_model.config, tiny_model.tokenizer, data).trace("ava")
    assert_same_numbers(session.graph, fresh)
    assert told.edits == (f"zero {zeroed}",)
    assert session.undo().loss.after == told.original


def test_a_token_is_as_in_the_other_document(session: DebugSession, tiny_model) -> None:
    session.set_token(2, "e")
    assert_same_numbers(session.graph, tiny_model.trace("aea"))
    session.set_token(3, "m")
    assert_same_numbers(session.graph, tiny_model.trace("aem"))


def test_a_scope_can_give_zeros(session: DebugSession) -> None:
    told = session.replace_outputs("pos1/layer1/attn/head0/mix", "zero")
    scope = session.graph.scopes.find("pos1/layer1/attn/head0/mix")
    outputs = session.graph.outputs_of(scope)
    assert session.graph.data[outputs].tolist() == [0.0, 0.0]
    assert [session.graph.op(node) for node in outputs] == ["const", "const"]
    changed = [move.position for move in told.positions if move.loss.before != move.loss.after]
    assert changed == [1]  # the last layer's mix is read at its own position only


def test_a_scope_can_give_its_mean(session: DebugSession, origin: GraphOrigin, tiny_model) -> None:
    path = "pos3/layer0/mlp/fc2"
    longer = [d for d in origin.documents[:MEAN_OF] if len(d) >= 3]
    graphs = [tiny_model.trace(document) for document in longer]
    values = [g.data[g.outputs_of(g.scopes.find(path))] for g in graphs]
    session.replace_outputs(path, "mean")
    outputs = session.graph.outputs_of(session.graph.scopes.find(path))
    assert session.graph.data[outputs] == pytest.approx(np.mean(values, axis=0), rel=1e-12)


def test_a_scope_can_give_what_it_gives_elsewhere(session: DebugSession, tiny_model) -> None:
    told = session.replace_outputs("pos2/layer1", "other", "mia")
    other = tiny_model.trace("mia")
    moved = told.positions[2]
    logits = [f"pos2/lm_head[{token}]" for token in range(7)]
    there = DebugSession(other)
    assert [session.graph.data[session.find(r)] for r in logits] == [
        other.data[there.find(r)] for r in logits
    ]
    assert moved.likeliest[1] == tiny_model.tokenizer.label(
        int(np.argmax([other.data[there.find(r)] for r in logits]))
    )


@pytest.mark.parametrize(("by", "other"), [("zero", ""), ("mean", ""), ("other", "mia")])
def test_a_pattern_is_its_scopes_one_by_one_and_undone_at_once(
    session: DebugSession, tiny_graph: Graph, origin: GraphOrigin, by: Replacement, other: str
) -> None:
    told = session.replace_outputs("pos*/layer0/attn/head1", by, other)
    (edit,) = told.edits
    assert "pos*/layer0/attn/head1 (4 scopes)" in edit
    one_by_one = DebugSession(tiny_graph, origin)
    for position in range(4):
        one_by_one.replace_outputs(f"pos{position}/layer0/attn/head1", by, other)
    assert_same_numbers(session.graph, one_by_one.graph)
    assert told.loss.after != told.original
    assert session.undo().edits == ()
    assert session.graph is tiny_graph


def test_a_pattern_of_no_scope_changes_nothing(session: DebugSession, tiny_graph: Graph) -> None:
    for refused in (
        lambda: session.replace_outputs("pos*/layer9", "zero"),
        lambda: session.replace_outputs("pos*/layer0", "other", "m"),  # has two positions
        lambda: session.replace_outputs("*", "mean"),  # the last scope belongs to no position
    ):
        with pytest.raises(MicrogptError):
            refused()
        assert session.graph is tiny_graph


def test_edits_stack_and_are_undone_to_the_same_state(session: DebugSession) -> None:
    session.watch("layer0.attn_wq[1]")
    session.break_at("relu")
    before = session.continue_()
    states, graphs = [before], [session.graph]
    for edit in (
        lambda: session.set_node("layer0.attn_wq[1][2]", 0.5),
        lambda: session.replace_outputs("pos1/layer0/attn/head1/mix", "zero"),
        lambda: session.set_token(2, "m"),
        lambda: session.set_node("pos2/loss", 0.25),
    ):
        edit()
        states.append(session.state)
        graphs.append(session.graph)
    assert session.edits().edits == (
        "set layer0.attn_wq[1][2] = 0.5",
        "zero pos1/layer0/attn/head1/mix",
        "token 2 = m",
        "set pos2/loss = 0.25",
    )
    for state, graph in zip(reversed(states[:-1]), reversed(graphs[:-1]), strict=True):
        session.undo()
        assert session.graph is graph
        assert session.state == state
    with pytest.raises(GraphError, match="nothing to undo"):
        session.undo()
    assert str(session.edits().edits) == "()"


def test_all_edits_hold_at_once(session: DebugSession, tiny_model) -> None:
    """A token, under which ids shift, on top of a weight and a pinned node."""
    session.set_node("layer0.attn_wq[1][2]", 0.5)
    session.set_node("pos2/loss", 0.25)
    session.set_token(2, "m")
    assert session.graph.data[session.graph.find("layer0.attn_wq[1][2]")] == 0.5
    assert session.graph.data[session.find("pos2/loss")] == 0.25
    assert session.graph.scopes.find("pos2").label == "m → a"


def test_the_walk_goes_on_where_it_stood(session: DebugSession) -> None:
    session.goto("pos1/layer0/attn/k[1]")
    session.set_token(2, "m")
    assert session.state.node == session.find("pos1/layer0/attn/k[1]")
    assert str(session.state.stop) == "edit"
    session.set_node("pos1/layer0/attn/k[1]", 0.0)  # a constant: no event visits it
    assert session.step().node != session.find("pos1/layer0/attn/k[1]")
    session.undo()
    session.goto("end")
    session.set_node("pos3/layer0/attn/v[0]", 0.0)
    assert session.state.moment <= session.timeline.last


def test_what_is_watched_is_told(session: DebugSession) -> None:
    session.watch("layer1.attn_wo[0]")
    before = session.graph
    told = session.replace_outputs("pos0/layer1/attn/head0/softmax", "zero")
    assert {move.name for move in told.watched} <= {f"layer1.attn_wo[0][{i}]" for i in range(4)}
    assert told.watched
    for move in told.watched:
        assert move.data.before == move.data.after == before.data[move.node]
        assert move.grad.before == before.grad[move.node]
        assert move.grad.after == session.graph.grad[move.node]


def test_a_row_read_since_cannot_be_set(session: DebugSession) -> None:
    session.set_token(2, "m")
    row = session.origin.model.tokenizer.encode("m")[1]
    with pytest.raises(GraphError, match="is read because a token was changed"):
        session.set_node(f"wte[{row}][0]", 1.0)


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda s: s.replace_outputs("pos3/loss", "other", "avl"), "not in the vocabulary"),
        (
            lambda s: s.replace_outputs("pos3/loss", "other", "ae"),
            "'ae' has positions pos0 to pos2: there is no pos3",
        ),
        (lambda s: s.replace_outputs("loss", "other", "mia"), "belongs to no position"),
        (lambda s: s.replace_outputs("loss", "mean"), "belongs to no position"),
        (lambda s: s.replace_outputs("pos9", "zero"), "no scope 'pos9'"),
        (lambda s: s.set_token(0, "a"), "pos0 reads BOS"),
        (lambda s: s.set_token(4, "a"), "one character each at positions 1 to 3"),
        (lambda s: s.set_token(1, "z"), "not in the vocabulary"),
        (lambda s: s.set_token(1, "ab"), "cannot set token 1 to 'ab'"),
        (lambda s: s.set_node("wte[0][0]", float("inf")), "finite number"),
        (lambda s: s.set_node("wte[0][77]", 0.0), "no node"),
        (lambda s: s.set_node("pos1/layer0/attn/head0/softmax[0]", 1e308), "log(0.0) has no"),
    ],
)
def test_what_cannot_be(session: DebugSession, edit, says: str) -> None:
    before, graph = session.state, session.graph
    with pytest.raises(MicrogptError, match=re.escape(says)):
        edit(session)
    assert (session.state, session.graph) == (before, graph)
    assert session.edits().edits == ()


@settings(max_examples=20)
@given(value=st.floats(-2, 2), pick=st.integers(0, 10**6))
def test_any_node_of_anyones_graph_can_be_pinned(value: float, pick: int) -> None:
    a, b = Value(1.5, name="a"), Value(-0.5, name="b")
    loss = (a * b + a).relu() * a + (b * b)
    loss.backward()
    session = DebugSession(Graph.from_value(loss))
    node = pick % len(session.graph)
    session.set_node(f"#{node}", value)
    assert session.graph.data[node] == value
    session.undo()
    assert session.graph.data[session.graph.root] == loss.data
