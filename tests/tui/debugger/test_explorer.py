"""Moving through a graph: boxes, selection and events, with every number from the graph."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from microgpt import ModelSnapshot, Value
from microgpt.debugger import DebugSession
from microgpt.graph.graph import Graph
from tests.tui.small_run import small_training
from tui.debugger.explorer import Explorer
from viz.boxes import Box

Place = tuple[str, str, bool, int, bytes]


def place(explorer: Explorer) -> Place:
    """All that can be seen, gradients to the last bit."""
    return (
        explorer.focus.key,
        explorer.selected,
        explorer.stepping,
        explorer.state.moment,
        explorer.grads().tobytes(),
    )


def boxes_down(explorer: Explorer, box: Box, levels: int) -> Iterator[Box]:
    for child in explorer.folding.children(box):
        yield child
        if levels > 1:
            yield from boxes_down(explorer, child, levels - 1)


# -- boxes -----------------------------------------------------------------------------------------


def test_it_begins_at_the_whole_graph_with_every_gradient_complete(small_graph: Graph) -> None:
    explorer = Explorer(DebugSession(small_graph))
    assert explorer.focus.kind == "graph"
    assert explorer.selected == "loss"
    assert not explorer.stepping
    assert explorer.visited is None
    assert explorer.visit() is None
    assert explorer.grads() is small_graph.grad


def test_opening_and_closing_come_back_to_the_same_box(small_graph: Graph) -> None:
    explorer = Explorer(DebugSession(small_graph))
    opened = 0
    for box in [b for b in boxes_down(explorer, explorer.focus, 3) if b.kind != "node"]:
        parent = box.parent
        assert parent
        explorer.look_into(parent)
        explorer.select(box.key)
        before = place(explorer)
        assert explorer.open()
        assert explorer.focus.key == box.key
        assert np.array_equal(np.sort(np.concatenate([b.ids for b in explorer.view.inside])),
                              box.ids)  # fmt: skip
        assert explorer.close()
        assert place(explorer) == before
        opened += 1
    assert opened > 50


def test_the_whole_graph_cannot_be_closed(small_graph: Graph) -> None:
    explorer = Explorer(DebugSession(small_graph))
    before = place(explorer)
    assert not explorer.close()
    assert place(explorer) == before


def test_a_scalar_cannot_be_opened(small_graph: Graph) -> None:
    explorer = Explorer(DebugSession(small_graph))
    explorer.reveal(small_graph.root)
    before = place(explorer)
    assert not explorer.open()
    assert place(explorer) == before


def test_from_the_top_down_to_one_multiplication(small_graph: Graph) -> None:
    explorer = Explorer(DebugSession(small_graph))
    for key in ("pos1", "pos1/layer0", "pos1/layer0/mlp", "pos1/layer0/mlp/fc1"):
        explorer.select(key)
        assert explorer.selected == key
        assert explorer.open()
    while explorer.selected_box.kind != "node":
        assert explorer.open()
    mul = next(b for b in explorer.view.inside if b.kind == "node" and op(small_graph, b) == "mul")
    explorer.select(mul.key)
    assert explorer.selected_box.node == mul.node
    assert small_graph.scope(mul.node) == "pos1/layer0/mlp/fc1"


def op(graph: Graph, box: Box) -> str:
    return graph.op(box.node)


def test_selecting_what_is_not_in_sight_does_nothing(small_graph: Graph) -> None:
    explorer = Explorer(DebugSession(small_graph))
    explorer.select("pos0/embed")
    explorer.select("no such box")
    assert explorer.selected == "loss"


@pytest.mark.slow
@given(st.data())
def test_any_node_can_be_revealed(small_graph: Graph, data: st.DataObject) -> None:
    explorer = Explorer(DebugSession(small_graph))
    node = data.draw(st.integers(0, len(small_graph) - 1))
    explorer.reveal(node)
    assert explorer.selected_box.kind == "node"
    assert explorer.selected_box.node == node
    assert explorer.selected_box in explorer.view.inside
    assert not explorer.stepping


def test_looking_into_a_scalar_selects_it_where_it_lies(small_graph: Graph) -> None:
    explorer = Explorer(DebugSession(small_graph))
    node = int(small_graph.visit_order[500])
    explorer.look_into(explorer.folding.path_to(node)[-1])
    assert explorer.selected_box.node == node
    assert len(explorer.view.inside) > 1


def test_looking_into_boxes_joined_for_a_view_goes_to_the_box_around_them() -> None:
    graph = ModelSnapshot.of(small_training("emma", n_layer=2)).graph("emma")
    explorer = Explorer(DebugSession(graph))
    joined = 0
    for outer in list(boxes_down(explorer, explorer.focus, 3)):
        if outer.kind != "scope":
            continue
        explorer.look_into(outer)
        for box in explorer.view.around:
            explorer.look_into(outer)
            in_tree = explorer.folding.find(box.key)
            if in_tree.key == box.key:
                continue
            joined += 1
            explorer.select(box.key)
            assert explorer.selected == box.key
            assert explorer.open()
            assert set(box.ids) <= set(explorer.focus.ids)
            assert explorer.selected_box in explorer.view.inside
            smaller = explorer.folding.children(explorer.focus)
            assert not any(set(box.ids) <= set(child.ids) for child in smaller)
    assert joined > 10


# -- events ----------------------------------------------------------------------------------------


def go(explorer: Explorer, place: str) -> None:
    """A move of the session, and the explorer after it."""
    explorer.session.goto(place)
    explorer.follow()


def test_stepping_begins_at_the_selected_scalar(small_graph: Graph) -> None:
    explorer = Explorer(DebugSession(small_graph))
    node = int(small_graph.visit_order[1234])
    explorer.reveal(node)
    assert explorer.first_place(node) == "backward 1235"
    go(explorer, explorer.first_place(node))
    assert explorer.visited == node
    assert explorer.selected_box.node == node


def test_stepping_begins_with_the_pass_where_a_box_or_a_leaf_is_selected(
    small_graph: Graph,
) -> None:
    leaf = next(i for i in range(len(small_graph)) if small_graph.is_leaf(i))
    for select in (None, leaf):
        explorer = Explorer(DebugSession(small_graph))
        if select is not None:
            explorer.reveal(select)
        assert explorer.first_place(select) == "backward 0"


def test_the_ends_of_the_backward_pass(small_graph: Graph) -> None:
    explorer = Explorer(DebugSession(small_graph))
    go(explorer, "backward 0")
    assert explorer.visited == small_graph.root
    assert explorer.grads()[small_graph.root] == 1.0
    assert np.count_nonzero(explorer.grads()) == 1
    go(explorer, "end")
    assert explorer.grads().tobytes() == small_graph.grad.tobytes()


def test_the_forward_pass_has_the_gradients_found_and_no_backward_event(
    small_graph: Graph,
) -> None:
    explorer = Explorer(DebugSession(small_graph))
    go(explorer, "forward 100")
    assert explorer.visited == small_graph.forward_order[99]
    assert explorer.visit() is None
    assert not explorer.grads().any()
    assert explorer.n_visited(explorer.folding.root) == 100
    assert explorer.n_visits(explorer.folding.root) == len(small_graph.forward_order)


@given(st.data())
@settings(max_examples=30)
def test_any_steps_forward_and_as_many_back_restore_everything(
    small_graph: Graph, data: st.DataObject
) -> None:
    explorer = Explorer(DebugSession(small_graph))
    last = explorer.session.timeline.last
    start = data.draw(st.integers(0, last))
    count = data.draw(st.integers(0, min(40, last - start)))
    explorer.session.goto_moment(start)
    explorer.follow()
    seen = [place(explorer)]
    for _ in range(count):
        explorer.session.step()
        explorer.follow()
        seen.append(place(explorer))
    for expected in reversed(seen[:-1]):
        explorer.session.back()
        explorer.follow()
        assert place(explorer)[3:] == expected[3:]
        if explorer.visited is not None:
            assert place(explorer) == expected


def test_the_gradients_of_an_event_are_those_of_the_real_pass() -> None:
    """Replayed by hand: the pass's own additions, in its order."""
    x = Value(3.0, name="x")
    y = x * x + x
    loss = y * y
    loss.backward()
    explorer = Explorer(DebugSession(graph := Graph.from_value(loss)))
    by_hand = [0.0] * len(graph)
    for event in range(graph.n_events):
        go(explorer, f"backward {event}")
        if event == 0:
            by_hand[graph.root] = 1.0
        else:
            node = int(graph.visit_order[event - 1])
            for edge in graph.operands_of(node):
                by_hand[edge.operand] += edge.local * by_hand[node]
        assert explorer.grads().tolist() == by_hand
    assert x.grad == by_hand[graph.find("x")]


def test_a_graph_without_a_backward_pass_has_a_forward_pass_only() -> None:
    x = Value(2.0)
    explorer = Explorer(DebugSession(Graph.from_value(x * x)))
    assert explorer.first_place() == ""
    go(explorer, "end")
    assert explorer.state.phase == "forward"
    assert not explorer.grads().any()


def test_another_graph_is_entered_at_the_same_place_and_moment(small_graph: Graph) -> None:
    before = Explorer(DebugSession(small_graph))
    go(before, "backward 321")
    before.look_into(before.folding.find("pos1/layer0"))
    after = Explorer(DebugSession(small_graph))
    after.go_where(before.place)
    assert place(after) == place(before)


@pytest.mark.parametrize("event", ["forward 321", "backward 0", "backward 321", "end"])
def test_a_graph_of_another_size_is_entered_at_the_same_event(
    small_graph: Graph, event: str
) -> None:
    before = Explorer(DebugSession(small_graph))
    go(before, event)
    x = Value(2.0)
    for _ in range(400):
        x = x * 1.0
    x.backward()
    for graph in (Graph.from_value(x), Graph.from_value(Value(2.0) * 3.0)):
        after = Explorer(DebugSession(graph))
        after.go_where(before.place)
        there, here = after.session.timeline, before.state
        if here.phase == "forward":
            expected = "forward", min(here.event, there.n_forward)
        elif graph.backpropagated:
            expected = "backward", min(here.event, graph.n_events - 1)
        else:
            expected = "forward", there.n_forward
        assert (after.state.phase, after.state.event) == expected


def test_what_is_selected_has_a_name_that_the_debugger_knows(small_graph: Graph) -> None:
    explorer = Explorer(DebugSession(small_graph))
    seen = set()
    for box in boxes_down(explorer, explorer.focus, 3):
        explorer.look_into(box.parent or explorer.focus)
        explorer.select(box.key)
        reference = explorer.reference()
        if box.kind == "node":
            assert explorer.session.find(reference) == box.node
        elif box.kind == "scope":
            assert small_graph.scopes.find(reference).path == reference
        elif box.kind == "group":
            assert reference == ""
        seen.add(box.kind)
    assert seen >= {"node", "scope", "group", "parameters"}


@given(st.data())
@settings(max_examples=30)
def test_visited_counts_add_up(small_graph: Graph, data: st.DataObject) -> None:
    """Event k has visited k nodes, however they are divided into boxes."""
    explorer = Explorer(DebugSession(small_graph))
    event = data.draw(st.integers(0, small_graph.n_events - 1))
    go(explorer, f"backward {event}")
    assert explorer.n_visited(explorer.folding.root) == event
    visited = set(small_graph.visit_order[:event].tolist())
    for box in (*explorer.focus.ancestors, explorer.focus):
        children = explorer.folding.children(box)
        assert sum(explorer.n_visited(child) for child in children) == explorer.n_visited(box)
        assert explorer.n_visited(box) == len(visited & set(box.ids.tolist()))


# -- anything in any order -------------------------------------------------------------------------


class Wandering(RuleBasedStateMachine):
    """Whatever a person does, what they see is whole and true."""

    graph: Graph

    @initialize()
    def begin(self) -> None:
        self.explorer = Explorer(DebugSession(self.graph))

    @rule(data=st.data())
    def select(self, data: st.DataObject) -> None:
        self.explorer.select(data.draw(st.sampled_from(self.explorer.view.boxes)).key)

    @rule()
    def open(self) -> None:
        box = self.explorer.selected_box
        is_inside = box.kind == "node" and self.explorer.focus.holds(box.node)
        assert self.explorer.open() == (not is_inside)
        assert set(box.ids) <= set(self.explorer.focus.ids)

    @rule()
    def close(self) -> None:
        left = self.explorer.focus
        assert self.explorer.close() == (left.parent is not None)
        if left.parent:
            assert self.explorer.focus.key == left.parent.key
            assert self.explorer.selected == left.key

    @rule(data=st.data())
    def reveal(self, data: st.DataObject) -> None:
        node = data.draw(st.integers(0, len(self.graph) - 1))
        self.explorer.reveal(node)
        assert self.explorer.selected_box.node == node

    @rule(data=st.data())
    def look_into(self, data: st.DataObject) -> None:
        box = data.draw(st.sampled_from(self.explorer.view.boxes))
        self.explorer.look_into(box)

    @rule(by=st.sampled_from([1, -1, 10, -10]))
    def step(self, by: int) -> None:
        session = self.explorer.session
        moment = session.state.moment
        if by > 0:
            session.step(by)
        else:
            session.back(-by)
        self.explorer.follow()
        assert session.state.moment == min(max(moment + by, 0), session.timeline.last)
        assert self.explorer.stepping

    @rule(data=st.data())
    def go_to(self, data: st.DataObject) -> None:
        moment = data.draw(st.integers(0, self.explorer.session.timeline.last))
        self.explorer.session.goto_moment(moment)
        self.explorer.follow()

    @precondition(lambda self: self.explorer.visited is not None)
    @rule()
    def find_visited(self) -> None:
        visited = self.explorer.visited
        assert visited is not None
        self.explorer.reveal(visited)
        box = self.explorer.view.box_of(visited)
        assert box
        assert box.key == self.explorer.selected

    @invariant()
    def the_selection_is_in_sight(self) -> None:
        assert self.explorer.selected_box.key in {b.key for b in self.explorer.view.boxes}

    @invariant()
    def the_focus_is_in_the_tree(self) -> None:
        assert self.explorer.folding.find(self.explorer.focus.key).key == self.explorer.focus.key

    @invariant()
    def the_numbers_are_those_of_the_event(self) -> None:
        explorer, state = self.explorer, self.explorer.state
        if not explorer.stepping:
            assert explorer.grads() is self.graph.grad
            assert explorer.visited is None
        elif state.phase == "backward":
            assert explorer.grads().tobytes() == self.graph.grads_at(state.event).tobytes()
            assert explorer.visit() == self.graph.event(state.event)
            assert explorer.visit().node == explorer.visited  # type: ignore[union-attr]
        else:
            assert not explorer.grads().any()
            assert explorer.visit() is None


def test_anything_in_any_order(small_graph: Graph) -> None:
    machine = type("WanderingInSmallGraph", (Wandering,), {"graph": small_graph})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=25, deadline=None)
    )
