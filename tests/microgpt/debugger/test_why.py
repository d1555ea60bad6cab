"""Why and flow: shares that add up, against a backward pass from each position's loss, by hand."""

from __future__ import annotations

import math
from itertools import zip_longest

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from microgpt import Corpus, Graph, GraphError, ModelConfig, ModelSnapshot, Training, Value, scope
from microgpt.autograd.backward_order import topological_order
from microgpt.debugger import DebugSession
from microgpt.debugger.derivatives import Derivatives
from microgpt.debugger.rounded_shares import cancellation, settled
from microgpt.debugger.verbs.why import Explainer, Why
from microgpt.model.places import position_losses
from tests.microgpt.debugger.conftest import DOCUMENTS
from tests.microgpt.graph.random_dags import Dag, dags


def explainer(graph: Graph) -> Explainer:
    return Explainer.of(Derivatives(graph))


def assert_adds_up(shares: list[float], total: float) -> None:
    """Within 1e-12 of the sum of their absolute values."""
    assert abs(math.fsum([total, *(-s for s in shares)])) <= 1e-12 * math.fsum(map(abs, shares))


def groups(why: Why) -> list[list[float]]:
    found = [
        [share.share for share in why.by_position],
        [share.share for share in why.by_head],
        [share.share for share in why.by_consumer],
        [*(path.share for path in why.paths), why.remainder],
    ]
    return [shares for shares in found if shares]


@given(st.integers(0, 10**6))
def test_every_grouping_adds_up_to_the_gradient(tiny_graph: Graph, pick: int) -> None:
    node = pick % len(tiny_graph)
    assume(node != tiny_graph.root)
    why = explainer(tiny_graph).why(node)
    assert why.gradient == tiny_graph.grad[node]
    assert len(groups(why)) == 4 or not tiny_graph.consumers_of(node)
    for shares in groups(why):
        assert_adds_up(shares, why.gradient)


def test_ways_that_cancel_to_nothing_are_still_a_group(tiny_graph: Graph) -> None:
    """The loss does not move with the number that the last softmax subtracts."""
    (shift,) = (
        node
        for node in tiny_graph.bindings
        if tiny_graph.op(node) == "max" and tiny_graph.scope(node) == "pos3/softmax"
    )
    why = explainer(tiny_graph).why(shift)
    assert abs(why.gradient) < 1e-15
    assert_adds_up([share.share for share in why.by_position], why.gradient)
    assert len(why.by_position) == 4
    assert [share.head for share in why.by_head] == ["residual"]


CONTRIBUTIONS = st.floats(-1e6, 1e6) | st.sampled_from([1e-20, -1e-20, 1.0, -1.0, 5e-324])


@given(st.lists(st.lists(CONTRIBUTIONS, max_size=5), min_size=1, max_size=5))
def test_shares_add_up_whatever_cancels_in_them(ways: list[list[float]]) -> None:
    """And none moves by more than the rounding of what it is the sum of."""
    shares = [sum(each) for each in ways]
    total = 0.0
    for each in zip_longest(*ways, fillvalue=0.0):  # in another order, as a backward pass may
        for way in each:
            total += way
    sizes = [sum(map(abs, each)) for each in ways]
    found = settled(shares, total, lambda: sizes)
    assert_adds_up(found, total)
    for before, after in zip(shares, found, strict=True):
        assert abs(after - before) <= 1e-14 * sum(sizes)


@given(
    st.lists(
        st.lists(st.sampled_from([0.1, -0.1, 0.3, -0.3, 1e-18]), min_size=1, max_size=6), max_size=4
    )
)
def test_positions_that_cancel_in_themselves_add_up(weights: list[list[float]]) -> None:
    x = Value(0.7, name="x")
    total = Value(0.0)
    for position, each in enumerate(weights):
        loss = Value(1.0)
        with scope(f"pos{position}"), scope("loss"):
            for weight in each:
                loss = loss + x * weight
        with scope("loss"):
            total = total + loss
    root = total * 1.0 + x * 0.0
    root.backward()
    why = explainer(Graph.from_value(root)).why(0)
    assert len(why.by_position) == len(weights) + any(
        share.position is None for share in why.by_position
    )
    for shares in groups(why):
        assert_adds_up(shares, why.gradient)


@pytest.mark.parametrize("lost", [math.inf, math.nan])
def test_a_gradient_that_is_not_finite_has_no_parts(lost: float) -> None:
    w = Value(2.0, name="w")
    loss = w * Value(lost) + w
    loss.backward()
    session = DebugSession(Graph.from_value(loss))
    with pytest.raises(GraphError, match=f"the grad of w is {lost}, which has no parts"):
        session.why(session.find("w"))
    session.flow(session.find("w"))
    session.health()


@given(dags)
def test_any_graph_is_divided_by_consumer_and_path(dag: Dag) -> None:
    dag.root.backward()
    graph = Graph.from_value(dag.root)
    assume(np.isfinite(graph.grad).all() and np.abs(graph.grad).max() < 1e100)
    asked = explainer(graph)
    for node in range(len(graph)):
        why = asked.why(node)
        assert why.by_position == why.by_head == ()
        for shares in groups(why):
            assert_adds_up([why.given, *shares], why.gradient)
        moved = asked.derivatives.of(node)[graph.root]
        sizes = math.fsum(abs(edge.contribution) for edge in graph.consumers_of(node))
        assert math.isclose(moved, why.gradient, rel_tol=1e-9, abs_tol=1e-9 * max(1, sizes))


def all_paths(graph: Graph, node: int) -> list[float]:
    """The share of every path to the root, the slots of one consumer taken together."""
    if node == graph.root:
        return [1.0]
    locals_: dict[int, float] = {}
    for edge in graph.consumers_of(node):
        locals_[edge.consumer] = locals_.get(edge.consumer, 0.0) + edge.local
    return [
        local * rest for consumer, local in locals_.items() for rest in all_paths(graph, consumer)
    ]


@given(dags)
def test_paths_are_the_heaviest_there_are(dag: Dag) -> None:
    dag.root.backward()
    graph = Graph.from_value(dag.root)
    assume(len(graph) < 20 and np.isfinite(graph.grad).all() and np.abs(graph.grad).max() < 1e100)
    node = 0
    expected = sorted((abs(share) for share in all_paths(graph, node) if share), reverse=True)
    assume(not expected or expected[min(4, len(expected) - 1)] > 1e-200)
    found = [abs(path.share) for path in explainer(graph).heaviest_paths.of(node, 5)]
    assert found == pytest.approx(expected[:5], rel=1e-9)


def test_positions_are_a_backward_pass_from_each_loss() -> None:
    """By hand on `Value`s: zero all grads, put 1/n on one position's loss, walk back."""
    model = ModelSnapshot.of(Training(Corpus("tiny", DOCUMENTS), ModelConfig(4, 2, 2, 6)))
    parameters = model.parameters()
    computed = model.computed("ava", parameters)
    graph = Graph.from_value(computed.loss)
    asked = explainer(graph)
    order = topological_order(computed.loss)
    n = len(computed.losses)
    for position, loss in enumerate(computed.losses):
        for value in {*order, *(operand for node in order for operand in node._children)}:
            value.grad = 0.0
        loss.grad = 1 / n
        for node in reversed(order):
            for operand, local in zip(node._children, node._local_grads, strict=True):
                operand.grad += local * node.grad
        for leaf in (parameters["layer0.attn_wk"][1][2], parameters["wte"][0][1]):
            share = asked.why(graph.find(leaf.name)).by_position[position]
            assert share.position == position
            assert math.isclose(share.share, leaf.grad, rel_tol=1e-9, abs_tol=1e-15)


def test_heads_are_told_apart(tiny_graph: Graph) -> None:
    asked = explainer(tiny_graph)

    def heads(name: str) -> set[str]:
        return {s.head for s in asked.why(DebugSession(tiny_graph).find(name)).by_head}

    assert heads("layer0.attn_wv[0][1]") == {"layer0/head0"}  # of the first half of n_embd
    assert heads("layer1.attn_wv[3][1]") == {"layer1/head1"}
    assert heads("layer0.attn_wo[0][1]") == {"layer0/attn"}
    assert heads("layer1.mlp_fc1[2][3]") <= {"layer1/mlp"}
    assert heads("lm_head[0][1]") == {"residual"}
    assert heads("pos1/layer0/mlp/residual[2]") == {
        "layer1/head0", "layer1/head1", "layer1/mlp", "residual",
    }  # fmt: skip


def test_past_the_positions_there_is_a_share_of_no_position(tiny_graph: Graph) -> None:
    """The sum of the losses is no prediction's: what it gets comes from the mean alone."""
    scope = tiny_graph.scopes.find("loss")
    partial_sum = next(n for n in range(scope.start, scope.stop) if tiny_graph.op(n) == "add")
    shares = explainer(tiny_graph).why(partial_sum).by_position
    assert [share.position for share in shares if share.share] == [None]


def test_the_roots_gradient_is_given(tiny_graph: Graph) -> None:
    why = explainer(tiny_graph).why(tiny_graph.root)
    assert (why.gradient, why.given, groups(why)) == (1.0, 1.0, [[0.0]])


def test_what_was_there_before_the_pass_is_told() -> None:
    a = Value(3.0, name="a")
    a.grad = 0.5
    loss = a * 2
    loss.backward()
    why = explainer(Graph.from_value(loss)).why(0)
    assert (why.gradient, why.given) == (2.5, 0.5)
    assert [share.share for share in why.by_consumer] == [2.0]


def test_paths_skip_what_passes_gradients_on_as_they_are() -> None:
    a = Value(3.0, name="a")
    loss = -(a.exp() + 1) * 1
    loss.backward()
    (path,) = explainer(Graph.from_value(loss)).why(0).paths
    assert [step.op for step in path.steps] == ["exp", "mul"]  # and the root
    assert path.length == 4
    assert path.share == loss._children[0]._children[0]._children[0].data * -1


def test_parallel_slots_are_one_path() -> None:
    a = Value(3.0, name="a")
    loss = (a * a) * (a * a)
    loss.backward()
    why = explainer(Graph.from_value(loss)).why(0)
    assert [path.share for path in why.paths] == [54.0, 54.0]
    assert why.remainder == 0


def test_no_gradient_no_reason() -> None:
    with pytest.raises(GraphError, match="no backward pass"):
        explainer(Graph.from_value(Value(1.0) * 2)).why(0)


def test_infinities_do_not_spread_where_nothing_flows() -> None:
    a, b = Value(2.0), Value(1.0)
    strange = Value(math.inf, (b,), (math.inf,), "exp")
    loss = a * 3 + strange
    loss.backward()
    graph = Graph.from_value(loss)
    assert explainer(graph).why(graph.find("#0")).by_consumer[0].share == 3.0
    assert Derivatives(graph).of(0)[graph.root] == 3.0


@pytest.mark.parametrize(
    ("shares", "ratio"),
    [([], 1), ([0.0], 1), ([2.0, 1.0], 1), ([2.0, -1.0], 3), ([1.0, -1.0], math.inf)],
)
def test_cancellation(shares: list[float], ratio: float) -> None:
    assert cancellation(shares) == ratio


def test_flow_is_a_derivative(tiny_model: ModelSnapshot, tiny_graph: Graph) -> None:
    """Against moving the number itself a little."""
    session = DebugSession(tiny_graph)
    node = session.find("layer1.attn_wv[1][2]")
    told = session.flow(node)
    assert math.isclose(told.derivative, tiny_graph.grad[node], rel_tol=1e-9)
    step = 1e-6
    sides = []
    for sign in (1, -1):
        data = tiny_model.data[:]
        place = [leaf.name for leaf in tiny_model.parameters().flat].index("layer1.attn_wv[1][2]")
        data[place] += sign * step
        sides.append(ModelSnapshot(tiny_model.config, tiny_model.tokenizer, data).graph("ava"))
    for share in told.by_position:
        loss = position_losses(tiny_graph)[share.position]
        slope = (sides[0].data[loss] - sides[1].data[loss]) / (2 * step)
        assert math.isclose(share.share, slope, rel_tol=1e-5, abs_tol=1e-8)
    for move in told.logits:
        slope = (sides[0].data[move.node] - sides[1].data[move.node]) / (2 * step)
        assert math.isclose(move.derivative, slope, rel_tol=1e-5, abs_tol=1e-8)
        assert session.find(f"pos{move.position}/lm_head[{move.token}]") == move.node
    assert len(told.logits) == 8
    assert told.n_reached > 8


def test_flow_of_a_leaf_nothing_moves_with() -> None:
    a = Value(-1.0, name="a")
    loss = a.relu() + 1
    loss.backward()
    told = DebugSession(Graph.from_value(loss)).flow(0)
    assert (told.derivative, told.by_position, told.logits, told.n_reached) == (0.0, (), (), 1)


@given(dags)
def test_levels_are_the_longest_ways_from_a_leaf(dag: Dag) -> None:
    graph = Graph.from_value(dag.root)
    expected: list[int] = []
    for node in range(len(graph)):
        edges = graph.operands_of(node)
        expected.append(1 + max(expected[edge.operand] for edge in edges) if edges else 0)
    assert Derivatives(graph)._levels.of_node.tolist() == expected
