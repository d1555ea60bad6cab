"""A pass as it was: every question about time is answered by what was written last."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import Value
from microgpt.debugger import DebugSession
from microgpt.debugger.running_grads import RunningGrads
from microgpt.graph.graph import Graph
from microgpt.graph.ledger import ADDED, KINDS, Ledger

NUMBERS = st.floats(allow_nan=True, allow_infinity=True, width=64)
N_NODES = 6


def some_graph() -> Graph:
    """Three leaves and three inner nodes, a chain over them."""
    a, b, c = (Value(x, name=name) for x, name in ((2.0, "a"), (3.0, "b"), (-1.0, "c")))
    loss = (a * b + c) * a
    loss.backward()
    graph = Graph.from_value(loss)
    assert len(graph) == N_NODES
    return graph


GRAPH = some_graph()


@st.composite
def passes(draw: st.DrawFn) -> Graph:
    """The graph with a pass of random writes."""
    visits = draw(st.lists(st.sampled_from(GRAPH.visit_order.tolist()), min_size=1, max_size=8))
    writes = draw(
        st.lists(
            st.tuples(st.integers(0, N_NODES - 1), NUMBERS, st.integers(0, len(visits))),
            max_size=20,
        )
    )
    writes.sort(key=lambda write: write[2])
    before = np.array(draw(st.lists(NUMBERS, min_size=N_NODES, max_size=N_NODES)))
    n = len(writes)
    ledger = Ledger.of_writes(
        node=np.array([w[0] for w in writes], np.int64),
        new=np.array([w[1] for w in writes], np.float64),
        line=np.full(n, -1),
        event=np.array([w[2] for w in writes], np.int64),
        edge=np.full(n, -1),
        nth=np.array([], np.int64),
        grad_before=before,
        product=np.full(n, np.nan),
        adds=np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)), np.bool_),
    )
    return replace(
        GRAPH,
        ledger=ledger,
        grad_before=before,
        grad=ledger.grads_at(before, len(visits)),
        visit_order=np.array(visits, np.int64),
    )


@given(graph=passes(), data=st.data())
def test_the_state_after_an_event_is_a_replay_of_its_writes(
    graph: Graph, data: st.DataObject
) -> None:
    ledger, replayed = graph.ledger, graph.grad_before.copy()
    assert ledger is not None
    states = []
    for event in range(graph.n_events):
        for write in ledger.writes_of(event):
            node = ledger.node[write]
            assert np.array_equal(ledger.old[write], replayed[node], equal_nan=True)
            replayed[node] = ledger.new[write]
        states.append(replayed.copy())
        assert np.array_equal(graph.grads_at(event), replayed, equal_nan=True)
        for node in range(N_NODES):
            assert np.array_equal(graph.grad_at(node, event), replayed[node], equal_nan=True)
    running = RunningGrads(graph)
    for event in data.draw(st.lists(st.integers(0, graph.n_events - 1), max_size=6)):
        assert np.array_equal(running.at(event), states[event], equal_nan=True)


@given(passes())
def test_watchpoints_stop_at_every_write_that_changes_a_number(graph: Graph) -> None:
    session = DebugSession(graph)
    ledger = graph.ledger
    assert ledger is not None
    session.watch("a")
    node = graph.find("a")
    expected = sorted(
        {
            int(ledger.event[i])
            for i in range(len(ledger))
            if ledger.node[i] == node and ledger.changed()[i]
        }
    )
    found = []
    while (state := session.continue_()).stop.reason == "stop":
        found.append(state.event)
    assert found == expected
    back = []
    while (state := session.reverse_continue()).stop.reason == "stop":
        back.append(state.event)
    assert back == [event for event in expected[::-1] if event != graph.n_events - 1] or (
        back == expected[::-1]
    )


def written(
    before: float, numbers: list[float], products: list[float], *, adds: bool = False
) -> Ledger:
    n = len(numbers)
    return Ledger.of_writes(
        node=np.zeros(n, np.int64),
        new=np.array(numbers),
        line=np.full(n, -1),
        event=np.arange(n),
        edge=np.where(np.isnan(products), -1, 0),
        nth=np.array([], np.int64),
        grad_before=np.array([before]),
        product=np.array(products),
        adds=np.full(n, adds),
    )


@pytest.mark.parametrize(
    ("before", "new", "product", "adds", "kind", "share"),
    [
        (0.0, 2.0, 2.0, False, "added", 2.0),
        (1.5, 3.5, 2.0, False, "added", 2.0),
        (1.5, 2.0, 2.0, False, "replaced", np.nan),
        (1.5, 2.0, 2.0, True, "added", 0.5),  # `+=`: the numbers agree by chance
        (1.5, 4.5, 2.0, True, "added", 3.0),  # something else was added
        (1.5, 4.5, 2.0, False, "replaced", np.nan),
        (1.5, 0.0, np.nan, False, "zeroed", np.nan),
        (1.5, 0.75, np.nan, False, "scaled", np.nan),
        (0.0, 1.0, np.nan, False, "added", 1.0),  # the seed
    ],
)
def test_the_numbers_tell_what_a_write_did(
    before: float, new: float, product: float, adds: bool, kind: str, share: float
) -> None:
    ledger = written(before, [new], [product], adds=adds)
    assert KINDS[ledger.kind[0]] == kind
    assert ledger.old[0] == before
    assert np.array_equal(ledger.share[0], share, equal_nan=True)


def test_a_replaced_number_contributes_nothing() -> None:
    ledger = written(0.0, [2.0, 3.0, 5.0], [2.0, 3.0, 2.0])
    assert [KINDS[kind] for kind in ledger.kind] == ["added", "replaced", "added"]
    assert ledger.contributions(1).tolist() == [4.0]
    assert repr(ledger) == "Ledger(3 writes: 2 added, 1 replaced)"


def overwritten() -> Graph:
    """`(a * b + c) * a` whose pass writes `a`'s second share over its first."""
    order = GRAPH.visit_order
    nodes, new, events, edges, products = [GRAPH.root], [1.0], [0], [-1], [np.nan]
    grads = {GRAPH.root: 1.0}
    for k, visited in enumerate(order.tolist(), 1):
        for edge in GRAPH.edges_into(np.array([visited])).tolist():
            operand = int(GRAPH.operands[edge])
            product = float(GRAPH.local_grads[edge]) * grads[visited]
            grads[operand] = product  # `=` for `+=`
            nodes.append(operand)
            new.append(product)
            events.append(k)
            edges.append(edge)
            products.append(product)
    before = np.zeros(N_NODES)
    ledger = Ledger.of_writes(
        node=np.array(nodes),
        new=np.array(new),
        line=np.full(len(nodes), -1),
        event=np.array(events),
        edge=np.array(edges),
        nth=np.array([], np.int64),
        grad_before=before,
        product=np.array(products),
        adds=np.zeros(len(nodes), np.bool_),
    )
    return replace(GRAPH, ledger=ledger, grad=ledger.grads_at(before, len(order)))


def test_a_wrong_pass_is_stepped_as_it_was_and_explained_beside_the_true_one() -> None:
    graph = overwritten()
    session = DebugSession(graph)
    a = graph.find("a")
    assert graph.grad[a] == 3.0 * 2.0  # only what flowed through a * b
    assert graph.true_pass.grad.tolist() == GRAPH.grad.tolist()
    state = session.goto("end")
    assert state.event == graph.n_events - 1 == 3
    (change,) = (change for change in state.changes if change.name == "a")
    assert (change.old, change.new, change.kind, change.contribution) == (
        5.0,
        6.0,
        "replaced",
        None,
    )
    answer = session.why(a)
    assert (answer.gradient, answer.should_be, answer.given) == (6.0, 11.0, 6.0)
    assert [consumer.share for consumer in answer.by_consumer] == []
    assert sum(path.share for path in answer.paths) + answer.remainder == 11.0
    assert answer.lines()[0] == "a: grad 6; should be 11"
    checked = session.check_gradients()
    assert [node.node for node in checked.worst][:1] == [a]
    assert checked.n_wrong == 1
    assert session.set_node("b", 4.0) is not None
    assert session.graph.ledger is None  # what-ifs are about the true pass


def test_conditions_hold_with_the_gradient_of_that_visit() -> None:
    node = int(GRAPH.visit_order[1])
    ledger = Ledger.of_writes(
        node=np.array([node, node]),
        new=np.array([2.0, 5.0]),
        line=np.full(2, -1),
        event=np.array([0, 1]),
        edge=np.full(2, -1),
        nth=np.array([1, 2]),
        grad_before=np.zeros(N_NODES),
        product=np.full(2, np.nan),
        adds=np.zeros(2, np.bool_),
    )
    graph = replace(
        GRAPH,
        ledger=ledger,
        grad=ledger.grads_at(np.zeros(N_NODES), 2),
        visit_order=np.array([node, node]),
    )
    assert graph.adjoints.tolist() == [2.0, 5.0]
    assert graph.visit_numbers.tolist() == [1, 2]
    session = DebugSession(graph)
    assert session.goto("backward 0").event == 0
    assert session.until("grad == 5").event == 2
    assert session.reverse_until("adjoint == 2").event == 1
    assert graph.event(2).visit == 2
    leaf = graph.find("a")
    assert graph.event_of[leaf] == -1
    assert graph.event_of[node] == 1
    assert ADDED == 0
