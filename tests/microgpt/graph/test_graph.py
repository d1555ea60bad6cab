"""`Graph`: ids, edges, names, and the backward pass as a question to arrays, bit for bit."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import GraphError, Value
from microgpt.autograd.bindings import ParameterBinding, negative_max
from microgpt.autograd.ops import OPS, op_code
from microgpt.graph.arrays import stably_sorted
from microgpt.graph.graph import Graph
from microgpt.model.transformer import ForwardPass
from tests.microgpt.graph.random_dags import Dag, dags, grads_after_each_event, recursive_order


def bits(numbers) -> list[str]:
    return [float(number).hex() for number in numbers]


def graph_of(root: Value) -> Graph:
    root.backward()
    return Graph.from_value(root)


# -- ids, arrays, edges ----------------------------------------------------------------------------


@given(dags)
def test_arrays_say_what_the_values_say(dag: Dag) -> None:
    graph = graph_of(dag.root)
    ids = {node: i for i, node in enumerate(dag.nodes)}  # ids are the order of creation
    assert len(graph) == len(dag.nodes)
    assert graph.root == ids[dag.root]
    assert bits(graph.data) == bits(node.data for node in dag.nodes)
    assert bits(graph.grad) == bits(node.grad for node in dag.nodes)
    assert [graph.op(i) for i in range(len(graph))] == [node._op for node in dag.nodes]
    assert [graph.is_leaf(i) for i in ids.values()] == [not node._children for node in dag.nodes]
    assert graph.operand_start[0] == 0
    assert graph.operand_start[-1] == graph.n_edges == len(graph.operands)
    for node, i in ids.items():
        edges = slice(graph.operand_start[i], graph.operand_start[i + 1])
        assert graph.operands[edges].tolist() == [ids[operand] for operand in node._children]
        assert bits(graph.local_grads[edges]) == bits(node._local_grads)
        assert set(graph.edge_consumers[edges].tolist()) <= {i}
    order = [ids[node] for node in reversed(recursive_order(dag.root)) if node._children]
    assert graph.visit_order.tolist() == order


@given(dags)
def test_edges_are_the_same_from_both_ends(dag: Dag) -> None:
    graph = graph_of(dag.root)
    into = [edge for node in range(len(graph)) for edge in graph.operands_of(node)]
    out_of = [edge for node in range(len(graph)) for edge in graph.consumers_of(node)]
    assert len(into) == graph.n_edges
    assert set(map(repr, into)) == set(map(repr, out_of))
    assert len(out_of) == graph.n_edges
    for node in range(len(graph)):
        edges = graph.operands_of(node)
        assert [(e.consumer, e.slot) for e in edges] == [(node, k) for k in range(len(edges))]
        for e in edges:
            contribution = e.local * float(graph.grad[node])
            assert e.contribution.hex() == contribution.hex()


def test_square_is_two_edges_and_two_changes() -> None:
    x = Value(3.0)
    graph = graph_of(x * x)
    assert [(e.slot, e.operand, e.local) for e in graph.operands_of(1)] == [
        (0, 0, 3.0),
        (1, 0, 3.0),
    ]
    assert [e.slot for e in graph.consumers_of(0)] == [0, 1]
    event = graph.event(1)
    assert [(c.edge.slot, c.old, c.new, c.adjoint) for c in event.changes] == [
        (0, 0.0, 3.0, 1.0),
        (1, 3.0, 6.0, 1.0),
    ]
    assert graph.grads_at(1).tolist() == [6.0, 1.0]


def test_immediates_are_exponents_and_nothing_else() -> None:
    x = Value(2.0)
    graph = graph_of((x**3 + x**-0.5) * 7)
    exponents = {graph.op(i): graph.immediate[i] for i in range(len(graph)) if graph.op(i) == "pow"}
    assert exponents == {"pow": -0.5}
    assert graph.immediate[1] == 3.0
    assert [math.isnan(n) for n in graph.immediate] == [graph.op(i) != "pow" for i in range(6)]


def test_op_codes_are_rows_of_the_table() -> None:
    graph = graph_of(Value(2.0).exp())
    assert tuple(OPS) == graph.op_names
    assert graph.op_codes.tolist() == [op_code("input"), op_code("exp")]


def test_an_op_without_a_row_is_refused() -> None:
    x = Value(1.0)
    with pytest.raises(GraphError, match=r"op 'tanh' has no row .* add, mul, pow"):
        Graph.from_value(Value(0.76, (x,), (0.42,), "tanh"))


def test_only_what_the_root_needs_is_in_its_graph() -> None:
    a, b = Value(1.0), Value(2.0)
    used = a * 3
    _unused = used * b
    assert len(Graph.from_value(used)) == 3


def test_a_single_leaf_is_a_graph() -> None:
    graph = graph_of(Value(2.0, name="x"))
    assert (len(graph), graph.n_edges, graph.n_events) == (1, 0, 1)
    assert graph.event(0).changes == ()
    assert graph.grads_at(0).tolist() == [1.0]


def test_later_changes_to_the_values_do_not_reach_the_graph() -> None:
    x = Value(3.0)
    y = x * x
    graph = graph_of(y)
    x.data, x.grad, y.grad = -1.0, -1.0, -1.0
    assert (graph.data.tolist(), graph.grad.tolist()) == ([3.0, 9.0], [6.0, 1.0])


def test_arrays_and_fields_are_read_only() -> None:
    graph = graph_of(Value(3.0) * 2)
    arrays = [f.name for f in fields(graph) if isinstance(getattr(graph, f.name), np.ndarray)]
    assert {"data", "grad", "operands", "local_grads", "visit_order"} < set(arrays)
    for name in arrays:
        with pytest.raises(ValueError, match="read-only"):
            getattr(graph, name)[0] = 0
    with pytest.raises(FrozenInstanceError):
        graph.root = 0


@pytest.mark.parametrize("name", ["contributions", "edge_consumers", "event_of"])
def test_derived_arrays_are_read_only(name: str) -> None:
    array = getattr(graph_of(Value(3.0) * 2), name)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 0


# -- time ------------------------------------------------------------------------------------------


@given(dags, st.data())
def test_grads_at_every_event_are_those_of_a_pass_stopped_there(
    dag: Dag, data: st.DataObject
) -> None:
    """Also when the pass finds grads that nobody zeroed."""
    stale = data.draw(st.just([0.0]) | st.lists(st.sampled_from([0.0, 0.1, -2.5]), min_size=1))
    for node, grad in zip(dag.nodes, itertools.cycle(stale), strict=False):
        node.grad = grad
    before = [node.grad for node in dag.nodes]
    graph = graph_of(dag.root)
    assert graph.grad_before.tolist() == before
    states = grads_after_each_event(dag, before)
    assert graph.n_events == len(states)
    for k, state in enumerate(states):
        assert bits(graph.grads_at(k)) == bits(state)
        assert bits(graph.grad_at(node, k) for node in range(len(graph))) == bits(state)
    assert bits(graph.grad) == bits(states[-1])


@given(dags)
def test_events_tell_each_addition(dag: Dag) -> None:
    graph = graph_of(dag.root)
    assert graph.event(0) == graph.event(0)
    assert (graph.event(0).node, graph.event(0).changes) == (graph.root, ())
    for k in range(1, graph.n_events):
        event = graph.event(k)
        assert (event.index, event.node) == (k, graph.visit_order[k - 1])
        assert graph.event_of[event.node] == k
        assert event.adjoint.hex() == float(graph.grads_at(k - 1)[event.node]).hex()
        state = graph.grads_at(k - 1)
        assert [c.edge.slot for c in event.changes] == list(range(len(event.changes)))
        for change in event.changes:
            assert change.adjoint == event.adjoint
            assert change.old.hex() == float(state[change.edge.operand]).hex()
            state[change.edge.operand] += change.edge.local * change.adjoint
            assert change.new.hex() == float(state[change.edge.operand]).hex()
        assert bits(state) == bits(graph.grads_at(k))


@given(dags, st.lists(st.integers(0, 1000), min_size=1, max_size=6))
def test_going_somewhere_and_back_gives_the_same_floats(dag: Dag, places: list[int]) -> None:
    graph = graph_of(dag.root)
    states = [bits(graph.grads_at(k)) for k in range(graph.n_events)]
    events = [graph.event(k) for k in range(graph.n_events)]
    for place in places:
        k = place % graph.n_events
        assert bits(graph.grads_at(k)) == states[k]
        assert repr(graph.event(k)) == repr(events[k])


def test_grads_at_is_the_callers_to_change() -> None:
    graph = graph_of(Value(3.0) * 2)
    graph.grads_at(1)[:] = 99
    assert graph.grads_at(1).tolist() == [2.0, 3.0, 1.0]


@pytest.mark.parametrize("event", [-1, 2, 1000])
def test_events_that_do_not_exist(event: int) -> None:
    graph = graph_of(Value(3.0) * 2)
    message = rf"no event {event}: this pass has events 0 to 1"
    for ask in (graph.event, graph.grads_at, lambda k: graph.grad_at(0, k)):
        with pytest.raises(GraphError, match=message):
            ask(event)


def test_emma_contributions_add_up_to_the_grads_bit_for_bit(emma_graph: Graph) -> None:
    sums = [0.0] * len(emma_graph)
    sums[emma_graph.root] = 1.0
    operands, contributions = emma_graph.operands.tolist(), emma_graph.contributions.tolist()
    start = emma_graph.operand_start.tolist()
    for node in emma_graph.visit_order.tolist():
        for edge in range(start[node], start[node + 1]):
            sums[operands[edge]] += contributions[edge]
    assert bits(sums) == bits(emma_graph.grad)


def test_emma_is_the_graph_of_its_values(emma_graph: Graph, emma_pass: ForwardPass) -> None:
    stack, reached = [emma_pass.loss], {emma_pass.loss}
    while stack:
        new = set(stack.pop()._children) - reached
        reached |= new
        stack += new
    values = sorted(reached, key=lambda node: node._number)
    # The straightforward form has as many edges, and 170 nodes more: it makes a softmax's maximum
    # a new constant for each of 195 elements, which here is one leaf for each of 25 softmaxes.
    assert (len(emma_graph), emma_graph.n_edges) == (42_921, 75_632)
    assert bits(emma_graph.data) == bits(node.data for node in values)
    assert bits(emma_graph.grad) == bits(node.grad for node in values)
    assert values[emma_graph.root] is emma_pass.loss


def test_emma_events_here_and_there(emma_graph: Graph) -> None:
    for k in random.Random(0).sample(range(1, emma_graph.n_events), 25):
        before, after = emma_graph.grads_at(k - 1), emma_graph.grads_at(k)
        event = emma_graph.event(k)
        assert event.adjoint == before[event.node] == emma_graph.grad[event.node]
        changed = {c.edge.operand for c in event.changes}
        assert set(np.flatnonzero(before != after)) <= changed
        for operand in changed:
            mine = [c for c in event.changes if c.edge.operand == operand]
            assert (mine[0].old, mine[-1].new) == (before[operand], after[operand])
            assert emma_graph.grad_at(operand, k) == after[operand]


# -- passes that were not the first ----------------------------------------------------------------


def test_without_a_backward_pass_there_are_no_events() -> None:
    graph = Graph.from_value(Value(3.0) * 2)
    assert (graph.backpropagated, graph.n_events) == (False, 0)
    with pytest.raises(GraphError, match=r"call backward\(\) on its root"):
        graph.event(0)
    with pytest.raises(GraphError, match=r"call backward\(\) on its root"):
        graph.grads_at(0)


def test_grads_not_zeroed_before_the_pass_are_kept_apart() -> None:
    w = Value(3.0)
    (w * 10).backward()
    graph = graph_of(w * 2)
    assert graph.backpropagated
    assert graph.grad_before.tolist() == [10.0, 0.0, 0.0]
    assert graph.grads_at(0).tolist() == [10.0, 0.0, 1.0]
    change = graph.event(1).changes[0]
    assert (change.old, change.new) == (10.0, 12.0)


def test_backward_twice_on_the_same_root() -> None:
    x = Value(3.0)
    y = x * 5
    z = y * 2
    z.backward()
    graph = graph_of(z)
    assert graph.backpropagated
    # x, 5, y, 2, z. What y kept from the first pass flows on again: that is what the bug does.
    assert graph.grad_before.tolist() == [10.0, 6.0, 2.0, 15.0, 1.0]
    assert (y.grad, x.grad) == (4.0, 30.0)
    assert graph.grads_at(0).tolist() == [10.0, 6.0, 2.0, 15.0, 1.0]
    assert graph.grads_at(1).tolist() == [10.0, 6.0, 4.0, 30.0, 1.0]
    assert graph.grads_at(2).tolist() == [30.0, 18.0, 4.0, 30.0, 1.0]


def test_grads_zeroed_since_the_pass() -> None:
    w = Value(3.0)
    loss = w * 2
    loss.backward()
    w.grad = 0.0
    graph = Graph.from_value(loss)
    assert (graph.backpropagated, graph.n_events) == (False, 0)
    assert graph.why_no_events.startswith("the grad of #0 is 0.0, but what this pass adds to it ")
    with pytest.raises(GraphError, match="before gradients are zeroed or added to again"):
        graph.grads_at(0)


def test_grads_added_to_by_another_pass_since() -> None:
    w = Value(3.0)
    loss = w * 2
    loss.backward()
    (w * 7).backward()
    assert not Graph.from_value(loss).backpropagated


def test_a_part_of_a_backpropagated_graph_has_no_pass_of_its_own() -> None:
    part = Value(3.0) * 2
    (part * 4).backward()
    graph = Graph.from_value(part)
    assert not graph.backpropagated
    assert graph.grad.tolist() == [8.0, 12.0, 4.0]


@pytest.mark.parametrize(
    "build",
    [
        lambda x: x * math.inf,
        lambda x: x * math.nan,
        lambda x: x * 1e200 * 1e200,  # the gradient overflows
        lambda x: x * 0 * 1e200 * 1e200,  # 0 times infinity
        lambda x: x * 1e200 * 1e200 - x * 1e200 * 1e200,  # infinity minus infinity
    ],
    ids=["inf", "nan", "overflow", "0 * inf", "inf - inf"],
)
def test_numbers_that_are_not_finite_are_data(build: Callable[[Value], Value]) -> None:
    """Warnings are errors in this suite: none may come from numpy here."""
    x = Value(1.0)
    graph = graph_of(build(x))
    assert graph.backpropagated
    last = graph.n_events - 1
    assert bits(graph.grads_at(last)) == bits(graph.grad)
    assert not math.isfinite(graph.grad[0])
    assert graph.grad_at(0, last).hex() == float(graph.grad[0]).hex() == x.grad.hex()
    assert graph.event(last).changes[0].new.hex() == x.grad.hex()


def test_contributions_without_a_pass_are_quiet_too() -> None:
    graph = Graph.from_value(Value(1.0) * math.inf)
    assert bits(graph.contributions) == ["nan", "0x0.0p+0"]


# -- names and bindings ----------------------------------------------------------------------------


def test_find_by_id_and_by_name(emma_graph: Graph) -> None:
    assert emma_graph.find("#12") == emma_graph.find("12") == emma_graph.find(" #12 ") == 12
    assert emma_graph.find("loss") == emma_graph.root
    node = emma_graph.find("layer0.attn_wq[3][7]")
    assert (emma_graph.op(node), emma_graph.name(node)) == ("param", "layer0.attn_wq[3][7]")
    assert emma_graph.name(emma_graph.root - 1) == f"#{emma_graph.root - 1}"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("#99999999", "no node #99999999: the ids of this graph are #0 to #42920"),
        ("layer9", r"no node 'layer9'; .* by name: layer0\.attn_wk, .*, wpe, wte"),
        (
            "wpe[9][0]",
            r"no node 'wpe\[9\]\[0\]' in this graph; of wpe it reads rows 0, 1, 2, 3, 4$",
        ),
        ("wte[1][0]", r"of wte it reads rows 0, 4, 12, 26$"),
        ("", "no node ''; a node is given as #1234 or by name"),
        ("#-1", "no node '#-1'"),
    ],
)
def test_unknown_references_say_what_would_be_valid(
    emma_graph: Graph, reference: str, message: str
) -> None:
    with pytest.raises(GraphError, match=message):
        emma_graph.find(reference)


def test_unknown_names_of_a_program_without_parameters() -> None:
    a, b = Value(2.0, name="a"), Value(3.0, name="b")
    with pytest.raises(GraphError, match=r"by name: a, b"):
        Graph.from_value(a * b).find("c")


def test_labels() -> None:
    a = Value(2.0, name="a")
    graph = Graph.from_value(a * 0.1234567 + a)
    assert [graph.label(i) for i in range(4)] == ["a", "0.123457", "#2", "#3"]


def test_every_parameter_is_bound_to_its_place(emma_graph: Graph, emma_pass: ForwardPass) -> None:
    parameters = [i for i in range(len(emma_graph)) if emma_graph.op(i) == "param"]
    assert parameters == [
        i for i, b in emma_graph.bindings.items() if isinstance(b, ParameterBinding)
    ]
    for node in parameters:
        binding = emma_graph.bindings[node]
        assert emma_graph.names[node] == f"{binding.matrix}[{binding.row}][{binding.col}]"
    # 4 of 27 rows of wte and 5 of 16 of wpe are read; all else is.
    assert len(parameters) == 4192 - 16 * (23 + 11)


def test_rows_of_wte_are_labelled_with_their_token(emma_graph: Graph) -> None:
    labels = {
        (b.row, b.token)
        for b in emma_graph.bindings.values()
        if isinstance(b, ParameterBinding) and b.matrix == "wte"
    }
    assert labels == {(0, "a"), (4, "e"), (12, "m"), (26, "BOS")}
    assert emma_graph.label(emma_graph.find("wte[26][3]")) == "wte[26][3] BOS"
    others = {b.token for b in emma_graph.bindings.values()
              if isinstance(b, ParameterBinding) and b.matrix != "wte"}  # fmt: skip
    assert others == {""}


def test_maxima_are_bound_to_what_they_were_taken_of(emma_graph: Graph) -> None:
    maxima = [i for i in range(len(emma_graph)) if emma_graph.op(i) == "max"]
    assert len(maxima) == 5 * (4 + 1)  # a softmax in each head and one over the vocabulary
    for node in maxima:
        inputs = emma_graph.bindings[node]
        assert emma_graph.data[node] == -emma_graph.data[list(inputs)].max()
        assert emma_graph.is_leaf(node)
        # Each score is shifted by it: its consumers add it to exactly these inputs.
        added_to = [emma_graph.operands[emma_graph.operand_start[e.consumer]]
                    for e in emma_graph.consumers_of(node)]  # fmt: skip
        assert sorted(added_to) == sorted(inputs)


def test_leaves_are_bound_or_constants(emma_graph: Graph) -> None:
    for node in range(len(emma_graph)):
        if emma_graph.is_leaf(node):
            assert (emma_graph.op(node) == "const") == (node not in emma_graph.bindings)


def test_a_graph_may_hold_a_maximum_without_all_it_was_taken_of() -> None:
    """One shifted score is a computation of its own; nothing else of the softmax is below it."""
    scores = [Value(1.0, name="a"), Value(2.0, name="b")]
    shift = negative_max(scores)
    graph = graph_of((scores[0] + shift).exp())
    assert graph.data[graph.find("a")] == 1.0
    assert graph.backpropagated


# -- neighbourhoods --------------------------------------------------------------------------------


def test_around() -> None:
    a, b = Value(2.0), Value(3.0)  # 0, 1
    c = a * b  # 2
    d = c.exp()  # 3
    graph = Graph.from_value(d + a)  # 4
    assert graph.around(3, 0).tolist() == [3]
    assert graph.around(3, 1).tolist() == [2, 3, 4]
    assert graph.around(1, 2).tolist() == [0, 1, 2, 3]
    assert graph.around(1, 99).tolist() == [0, 1, 2, 3, 4]


# -- more of a computation than its root needs -----------------------------------------------------


@given(dags)
def test_uses_are_counted_slot_by_slot(dag: Dag) -> None:
    graph = graph_of(dag.root)
    uses = [sum(node._children.count(v) for node in dag.nodes) for v in dag.nodes]
    assert graph.fan_out.tolist() == uses


@pytest.mark.parametrize(
    ("path", "count"),
    [("pos2/layer0/attn/q", 16), ("pos1/softmax", 1), ("loss", 1), ("pos0", None)],
)
def test_outputs_of_a_scope_are_used_outside(
    emma_graph: Graph, path: str, count: int | None
) -> None:
    scope = emma_graph.scopes.find(path)
    inside = range(scope.start, scope.stop)
    edges = zip(emma_graph.operands.tolist(), emma_graph.edge_consumers.tolist(), strict=True)
    used = {operand for operand, consumer in edges if operand in inside and consumer not in inside}
    used |= {emma_graph.root} & {*inside}
    outputs = emma_graph.outputs_of(scope)
    assert outputs.tolist() == sorted(used)
    assert count in {None, len(outputs)}


def test_what_the_root_does_not_need_can_come_along() -> None:
    a = Value(2.0, name="a")
    aside = [a * 3, Value(5.0)]
    loss = a * a
    loss.backward()
    graph = Graph.from_value(loss, also=aside)
    assert graph.data.tolist() == [2.0, 3.0, 6.0, 5.0, 4.0]
    assert graph.forward_order.tolist() == [2, 4]
    assert graph.visit_order.tolist() == [graph.root] == [4]
    assert graph.grad.tolist() == [4.0, 0.0, 0.0, 0.0, 1.0]
    assert [edge.consumer for edge in graph.consumers_of(0)] == [4, 4]
    assert graph.name_of.tolist() == [0, -1, -1, -1, -1]


@given(st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 3)), st.integers(0, 40))
def test_sorting_by_digits_is_sorting(numbers: list[int], shift: int) -> None:
    array = np.array(numbers, np.int64) >> shift
    assert stably_sorted(array).tolist() == np.argsort(array, kind="stable").tolist()
