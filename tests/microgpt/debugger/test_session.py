"""Moves along both passes: against a walk event by event, and back again to the same state."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import Graph, GraphError, Value
from microgpt.debugger import DebugSession, NodeCondition, State, StopCause
from microgpt.errors import ConditionError
from tests.microgpt.graph.random_dags import Dag, dags, grads_after_each_event

CONDITIONS = ['op == "exp"', "abs(grad) > 0.5", "fan_out > 2", 'scope within "pos1/layer0"']


def without_stop(state: State) -> State:
    """What must be the same however one came there."""
    return replace(state, stop=None)  # type: ignore[arg-type]


def hex_of(numbers) -> list[str]:
    return [float(number).hex() for number in numbers]


# -- one event at a time ---------------------------------------------------------------------------


@given(dags, st.sampled_from([0.0, 0.25]))
def test_steps_show_the_real_pass(dag: Dag, found: float) -> None:
    dag.nodes[0].grad = found
    before = [node.grad for node in dag.nodes]
    after_events = grads_after_each_event(dag, before)
    dag.root.backward()
    graph = Graph.from_value(dag.root)
    session = DebugSession(graph)
    assert (session.state.phase, session.state.event, session.state.node) == ("forward", 0, None)
    for event, node in enumerate(graph.forward_order.tolist(), start=1):
        state = session.step()
        assert (state.phase, state.event, state.node) == ("forward", event, node)
        assert state.changes == ()
        assert session.inspect(node).grad_now == before[node]
    grads = before
    for event, after in enumerate(after_events):
        state = session.step()
        assert (state.phase, state.event) == ("backward", event)
        grads = list(grads)
        for change in state.changes:
            if change.local is not None:
                assert change.old.hex() == grads[change.node].hex()
                assert (change.old + change.contribution).hex() == change.new.hex()
            grads[change.node] = change.new
        assert hex_of(grads) == hex_of(after)
        views = [session.inspect(node) for node in range(len(graph))]
        assert hex_of(view.grad_now for view in views) == hex_of(after)
        assert hex_of(view.grad_final for view in views) == hex_of(graph.grad)
    end = session.step()
    assert str(end.stop) == "end"
    assert without_stop(end) == without_stop(state)


def test_what_a_node_is_not_yet(tiny_graph: Graph) -> None:
    session = DebugSession(tiny_graph)
    node = session.find("pos1/layer0/attn/q[2]")
    assert not session.inspect(node).computed
    session.goto("pos1/layer0/attn/q[2]")
    assert session.state.node == session.state.selection == node
    assert session.inspect(node).computed
    assert session.inspect(session.find("wte[0][0]")).computed


# -- searches against a walk -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def walked(tiny_graph: Graph) -> dict[str, set[int]]:
    """Moments where a condition or a watched node stops, found by looking at every one."""
    session = DebugSession(tiny_graph)
    watched = {session.find("wte[0][1]"), session.find("layer1.mlp_fc1[2][3]")}
    holds = {
        (condition, phase): NodeCondition.parse(condition).mask(tiny_graph, phase)
        for condition in CONDITIONS
        for phase in ("forward", "backward")
    }
    stops: dict[str, set[int]] = {condition: set() for condition in CONDITIONS}
    for moment in range(session.timeline.last + 1):
        state = session.goto_moment(moment)
        is_visit = state.node is not None and (state.phase, state.event) != ("backward", 0)
        changed = any(
            change.node in watched and change.contribution != 0 for change in state.changes
        )
        for condition, found in stops.items():
            if changed or (is_visit and holds[condition, state.phase][state.node]):
                found.add(moment)
    return stops


@given(condition=st.sampled_from(CONDITIONS), start=st.integers(0, 10**6))
def test_continue_and_until(tiny_graph: Graph, walked, condition: str, start: int) -> None:
    session = DebugSession(tiny_graph)
    start %= session.timeline.last + 1
    session.break_at(condition)
    for node in ("wte[0][1]", "layer1.mlp_fc1[2][3]"):
        session.watch(node)
    later = [moment for moment in walked[condition] if moment > start]
    earlier = [moment for moment in walked[condition] if moment < start]
    session.goto_moment(start)
    state = session.continue_()
    assert state.moment == min(later, default=session.timeline.last)
    assert bool(later) == (state.stop.reason == "stop")
    session.goto_moment(start)
    assert session.reverse_continue().moment == max(earlier, default=0)
    session.stops.clear()
    session.goto_moment(start)
    mask = NodeCondition.parse(condition)
    visits = session.timeline.where(mask).tolist()
    assert session.until(condition).moment == min(
        (m for m in visits if m > start), default=session.timeline.last
    )
    session.goto_moment(start)
    assert session.reverse_until(condition).moment == max(
        (m for m in visits if m < start), default=0
    )


@given(start=st.integers(0, 10**6))
def test_next_and_finish(tiny_graph: Graph, start: int) -> None:
    session = DebugSession(tiny_graph)
    start %= session.timeline.last + 1
    before = session.goto_moment(start)
    after = session.next()
    if str(after.stop) == "next" and before.node is not None:
        between = session.timeline.visited[start : after.moment]
        assert {tiny_graph.scope(node) for node in between} == {tiny_graph.scope(before.node)}
        assert tiny_graph.scope(after.node) != tiny_graph.scope(before.node) or (
            after.phase != before.phase
        )
    before = session.goto_moment(start)
    after = session.finish()
    if before.node is not None and (path := tiny_graph.scope(before.node)).count("/") > 1:
        around = path.rpartition("/")[0]
        rest = session.timeline.visited[after.moment :]
        if after.phase == before.phase:
            assert after.moment > before.moment
            if after.phase == "backward":  # nothing of it is left
                assert not any(tiny_graph.scope(n).startswith(f"{around}/") for n in rest)
            else:
                assert not f"{tiny_graph.scope(after.node)}/".startswith(f"{around}/")


def test_finish_leaves_the_scope_that_has_scopes_inside(tiny_graph: Graph) -> None:
    session = DebugSession(tiny_graph)
    session.goto("pos1/layer0/attn/q[1]")
    assert tiny_graph.scope(session.finish().node) == "pos1/layer0/mlp/norm"
    assert tiny_graph.scope(session.finish().node) == "pos1/layer1/attn/norm"
    assert tiny_graph.scope(session.finish("pos1").node) == "pos2/embed"
    assert tiny_graph.scope(session.reverse_finish("pos2").node) == "pos1/loss"
    session.goto("loss")
    state = session.finish()
    assert (state.phase, state.event) == ("backward", 0)
    session.goto("forward 100")
    assert session.reverse_finish("pos0").moment == 0
    with pytest.raises(GraphError, match="no scope 'pos9'"):
        session.finish("pos9")


def test_breakpoints_stop_every_longer_move(tiny_graph: Graph) -> None:
    session = DebugSession(tiny_graph)
    session.break_at("pos1/layer0/attn/k[0]")
    session.goto("pos1/layer0/attn/q[1]")
    assert str(session.finish().stop) == "breakpoint 1"
    session.goto("pos1/layer0/attn/q[1]")
    assert str(session.until("relu").stop) == "breakpoint 1"
    session.goto("pos1/layer0/mlp/relu[0]")
    assert str(session.reverse_finish("pos1").stop) == "breakpoint 1"
    assert session.stops.listed()[0].hits == 3
    session.goto("start")
    session.step(10_000)
    assert session.stops.listed()[0].hits == 3


# -- back again ------------------------------------------------------------------------------------

REVERSE = {
    "step": "back", "next": "reverse_next", "until": "reverse_until",
    "continue_": "reverse_continue",
}  # fmt: skip
MOVES = st.lists(st.tuples(st.sampled_from(list(REVERSE)), st.integers(1, 4)), max_size=8)


def moved(session: DebugSession, verb: str, count: int = 1) -> State:
    arguments = ["fan_out > 2"] if "until" in verb else []
    for _ in range(count):
        state: State = getattr(session, verb)(*arguments)
    return state


@given(start=st.integers(0, 10**6), moves=MOVES)
def test_verbs_and_then_their_reverses_restore_the_state(
    tiny_graph: Graph, start: int, moves: list[tuple[str, int]]
) -> None:
    """From where a kind of move stops, every state on the way there is met on the way back."""
    session = DebugSession(tiny_graph)
    session.break_at('scope endswith "relu"')
    session.watch("layer0.attn_wq")
    trail = [session.goto_moment(start % session.timeline.last)]
    there = []
    for verb, count in moves:
        if verb != "step":
            trail.append(moved(session, verb))  # to where this kind of move stops
            there.append("goto")
        trail.append(moved(session, verb, count))
        there.append(f"{verb} {count}")
        if trail[-1].stop.reason == "end":
            del trail[-1], there[-1]
            session.goto_moment(trail[-1].moment)
            break
    for before, move in zip(reversed(trail[:-1]), reversed(there), strict=True):
        verb, _, count = move.partition(" ")
        if verb == "goto":
            back = session.goto_moment(before.moment)
        else:
            back = moved(session, REVERSE[verb], int(count))
        assert same_but_for_hits(back) == same_but_for_hits(before)


def same_but_for_hits(state: State) -> State:
    """A state without the reason and the counts, which say how often one came there."""
    points = tuple(replace(point, hits=0) for point in state.stop.points)
    return replace(state, stop=StopCause("goto", points))


@given(start=st.integers(0, 10**6), count=st.integers(1, 500))
def test_there_and_back(tiny_graph: Graph, start: int, count: int) -> None:
    session = DebugSession(tiny_graph)
    before = session.goto_moment(start % session.timeline.last)
    after = session.step(count)
    if str(after.stop) != "end":
        assert without_stop(session.back(count)) == without_stop(before)
    session.goto_moment(before.moment)
    assert session.state == before


# -- where to go, and what there is ----------------------------------------------------------------


def test_goto(tiny_graph: Graph) -> None:
    session = DebugSession(tiny_graph)
    n_forward = session.timeline.n_forward
    assert session.goto("120").moment == 120
    assert session.goto("backward 0").moment == n_forward + 1
    assert session.goto("7").moment == n_forward + 8
    assert session.goto("f 7").moment == 7
    assert session.goto("loss").node == tiny_graph.root
    assert session.goto("end").moment == session.timeline.last == n_forward + tiny_graph.n_events
    assert session.goto("#3000").moment == n_forward + 1 + tiny_graph.event_of[3000]
    assert session.goto("start").moment == 0


@pytest.mark.parametrize("phase", ["forward", "backward"])
def test_goto_a_scope_is_where_the_pass_comes_into_it(tiny_graph: Graph, phase: str) -> None:
    session, path = DebugSession(tiny_graph), "pos1/layer0/attn/head1/softmax"
    scope = tiny_graph.scopes.find(path)
    state = session.goto(f"{phase} {path}")
    assert state.phase == phase
    assert scope.start <= state.node < scope.stop
    before = session.back()
    assert not scope.start <= before.node < scope.stop
    with pytest.raises(GraphError, match="no scope"):
        session.goto(f"{path}/nope")


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("forward 10000000", "no event 10000000: the forward pass has events 0 to "),
        ("backward 10000000", "no event 10000000: this pass has events 0 to "),
        ("wte[0][0]", "is a leaf"),
        ("#10000000", "no node #10000000"),
        ("pos7/loss", "no scope 'pos7/loss': inside the graph there is pos0"),
        ("pos1/layer0/attn/q[4]", "has no output 4: it has pos1/layer0/attn/q[0] to [3]"),
        ("nothing", "no node 'nothing'"),
    ],
)
def test_goto_nowhere(tiny_graph: Graph, place: str, says: str) -> None:
    session = DebugSession(tiny_graph)
    before = session.state
    with pytest.raises(GraphError, match=re.escape(says)):
        session.goto(place)
    assert session.state == before


def test_a_graph_without_a_backward_pass_ends_with_its_root() -> None:
    a = Value(2.0, name="a")
    session = DebugSession(Graph.from_value(a * a))
    assert session.goto("end").moment == 1
    assert str(session.step().stop) == "end"
    assert session.inspect(0).grad_final is None
    with pytest.raises(GraphError, match="no backward pass"):
        session.watch("a")
    with pytest.raises(GraphError, match="no backward pass"):
        session.goto("backward 0")
    session.break_at("grad == 0")
    session.goto("start")
    assert str(session.continue_().stop) == "breakpoint 1"


def test_a_graph_of_one_leaf() -> None:
    root = Value(2.0)
    root.backward()
    session = DebugSession(Graph.from_value(root))
    state = session.step()
    assert (state.phase, state.event, state.changes[0].new) == ("backward", 0, 1.0)
    assert str(session.next().stop) == "end"
    assert str(session.reverse_next().stop) == "next"
    assert session.state.moment == 0
    assert str(session.finish().stop) == "finish"


# -- breakpoints and watchpoints -------------------------------------------------------------------


def test_watching_a_weight_tells_every_addition(tiny_graph: Graph) -> None:
    session = DebugSession(tiny_graph)
    session.watch("layer0.attn_wv[1][2]")
    node = session.find("layer0.attn_wv[1][2]")
    new = 0.0
    for edge in tiny_graph.consumers_of(node):
        if edge.contribution == 0:
            continue
        state = session.continue_()
        assert str(state.stop) == "watchpoint 1"
        assert state.selection == node
        (change,) = [change for change in state.changes if change.node == node]
        assert (change.old, change.contribution) == (new, edge.contribution)
        new = change.new
    assert new == tiny_graph.grad[node]
    assert str(session.continue_().stop) == "end"
    assert session.reverse_continue().changes == state.changes


@pytest.mark.parametrize(
    ("text", "n_nodes"),
    [("layer0.attn_wq", 16), ("layer0.attn_wq[3]", 4), ("layer0.attn_wq[3][1]", 1),
     ("pos1/loss", 3), ("#17", 1), ("pos1/layer0/attn/q[2]", 1)],
)  # fmt: skip
def test_what_can_be_watched(tiny_graph: Graph, text: str, n_nodes: int) -> None:
    session = DebugSession(tiny_graph)
    assert len(session.stops.watched(session.watch(text).number)) == n_nodes


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("exp", 'op == "exp"'),
        ("pos1/layer0", 'scope within "pos1/layer0"'),
        ("loss", 'scope within "loss"'),
        ("#3000", "id == 3000"),
        ("pos1/layer1/attn/k[1]", None),
        ('op == "relu" and data > 0', 'op == "relu" and data > 0'),
    ],
)
def test_what_can_be_broken_at(tiny_graph: Graph, text: str, meaning: str | None) -> None:
    session = DebugSession(tiny_graph)
    point = session.break_at(text)
    condition = meaning or f"id == {session.find(text)}"
    moments = session.timeline.where(NodeCondition.parse(condition))
    assert point.n_moments == len(moments) > 0
    assert session.continue_().moment == moments[0]


@pytest.mark.parametrize("text", ["wte[0][0]", "pos9", "relo", "gard > 1", "pos1/layer0/attn/x"])
def test_what_cannot_be_broken_at(tiny_graph: Graph, text: str) -> None:
    session = DebugSession(tiny_graph)
    with pytest.raises((GraphError, ConditionError)):
        session.break_at(text)
    assert len(session.stops) == 0


def test_breakpoints_are_numbered_switched_and_deleted(tiny_graph: Graph) -> None:
    session = DebugSession(tiny_graph)
    session.break_at("relu")
    session.watch("wte[0][0]")
    session.break_at("log")
    assert session.stops.delete(1).text == "relu"
    assert [point.number for point in session.stops.listed()] == [2, 3]
    assert not session.stops.enable(3, enabled=False).enabled
    assert str(session.continue_().stop) == "watchpoint 2"
    assert session.break_at("relu").number == 4
    with pytest.raises(
        GraphError, match=re.escape("no breakpoint or watchpoint 1; there is 2, 3, 4")
    ):
        session.stops.enable(1, enabled=True)
    session.stops.clear()
    assert str(session.continue_().stop) == "end"


# -- searching -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "n_found"),
    [
        ("layer0.attn_wq[3][", 4),
        ("relu", 128),
        ("pos1/loss", 3),
        ("wte[0][0]", 1),
        ("fan_out > 90", 0),
    ],
)
def test_search(tiny_graph: Graph, text: str, n_found: int) -> None:
    found = DebugSession(tiny_graph).search(text)
    assert len(found) == n_found
    assert np.all(np.diff(found) > 0)


def test_selecting(tiny_graph: Graph) -> None:
    session = DebugSession(tiny_graph)
    assert session.select(17).selection == 17
    assert session.step().selection == session.state.node
    with pytest.raises(GraphError, match="no node"):
        session.select(10**7)
