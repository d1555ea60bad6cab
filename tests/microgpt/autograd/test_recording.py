"""Recording: source lines, and scopes by call path for programs that open none."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

import pytest

from microgpt import (
    Corpus,
    ModelConfig,
    ModelSnapshot,
    Training,
    Value,
    recording,
    scope,
)
from microgpt.autograd import scopes, value
from microgpt.autograd.scopes import current_scope
from microgpt.graph.graph import Graph


def linear(x: list[Value], w: list[float]) -> Value:
    return sum(xi * wi for xi, wi in zip(x, w, strict=True))


def block(x: list[Value]) -> list[Value]:
    x = [linear(x, [1.0, 2.0]), linear(x, [3.0, 4.0])]
    return [xi.relu() for xi in x]


def program() -> Value:
    x = [Value(1.0, name="a"), Value(2.0, name="b")]
    for _ in range(2):
        x = block(x)
    return x[0] + x[1]


def line_of(function: Callable[..., object], offset: int) -> tuple[str, int]:
    return (__file__, function.__code__.co_firstlineno + offset)


def test_calls_are_scopes_and_later_ones_are_numbered() -> None:
    with recording():
        graph = Graph.from_value(program())
    assert [s.path for s in graph.scopes] == [
        "", "program",
        "program/block", "program/block/linear", "program/block/linear[1]",
        "program/block[1]", "program/block[1]/linear", "program/block[1]/linear[1]",
    ]  # fmt: skip
    assert graph.scope(graph.find("a")) == "program"
    assert graph.scope(graph.root) == "program"
    assert {graph.scope(i) for i in range(len(graph)) if graph.op(i) == "relu"} == {
        "program/block",
        "program/block[1]",
    }


def test_a_call_knows_the_place_that_it_was_made_at() -> None:
    with recording():
        graph = Graph.from_value(program())
    places = {s.path: s.place for s in graph.scopes if s.place}
    assert (places["program/block"].filename, places["program/block"].line) == line_of(program, 3)
    assert places["program/block"] == places["program/block[1]"]  # two turns of one loop
    first, second = places["program/block/linear"], places["program/block/linear[1]"]
    assert first.line == second.line  # two calls on one line, in the order of the code
    assert first.offset < second.offset
    assert second == places["program/block[1]/linear[1]"]


def test_a_call_in_a_comprehension_stands_where_the_comprehension_does() -> None:
    with recording():
        a = [block([Value(1.0), Value(2.0)])[0] for _ in range(2)]
        b = block(a)[0]
    places = [s.place for s in Graph.from_value(b).scopes if s.name.startswith("block")]
    assert places[0] is not None
    assert places[0] == places[1]
    assert places[2] is not None
    assert places[1].offset < places[2].offset


def test_two_calls_in_one_comprehension_are_two_places() -> None:
    with recording():
        a = [linear(block([x, x]), [1.0, 2.0]) for x in (Value(1.0), Value(2.0))]
    called = [s for s in Graph.from_value(a[0] + a[1]).scopes if "/" not in s.path and s.path]
    first, second, *others = [s.place for s in called]
    assert [s.name for s in called] == ["block", "linear", "block[1]", "linear[1]"]
    assert first is not None
    assert second is not None
    assert first < second
    assert others == [first, second]


def test_a_scope_opened_by_hand_has_a_place_while_its_calls_are_scopes() -> None:
    def opened() -> Value:
        with scope("hand"):
            return Value(1.0) + 1

    with recording():
        (hand,) = (s for s in Graph.from_value(opened()).scopes if s.name == "hand")
    assert hand.place is not None
    assert (hand.place.filename, hand.place.line) == line_of(opened, 1)
    assert hand.place.offset == scopes.BY_HAND
    with recording(calls_in_scopes=False):
        (hand,) = (s for s in Graph.from_value(opened()).scopes if s.name == "hand")
    assert hand.place is None


def test_lines_are_those_of_the_program() -> None:
    with recording():
        graph = Graph.from_value(program())
    by_op = {graph.op(i): graph.line(i) for i in range(len(graph) - 1)}
    assert by_op == {
        "input": line_of(program, 1),
        "mul": line_of(linear, 1),
        "const": line_of(linear, 1),
        "add": line_of(linear, 1),
        "relu": line_of(block, 2),
    }
    assert graph.line(graph.root) == line_of(program, 4)


def test_no_lines_without_recording() -> None:
    graph = Graph.from_value(program())
    assert {graph.line(node) for node in range(len(graph))} == {None}
    assert [s.path for s in graph.scopes] == [""]


def test_what_was_made_before_and_after_has_no_line() -> None:
    x = Value(3.0)
    with recording():
        y = x * 2
    graph = Graph.from_value(y + 1)
    assert [graph.line(node) is None for node in range(len(graph))] == [
        True, False, False, True, True
    ]  # fmt: skip


def test_a_scope_opened_by_hand_stands_for_the_calls_around_it() -> None:
    def inner(x: Value) -> Value:
        return x * 2

    with recording():
        x = inner(Value(1.0))
        with scope("mine"):
            x = inner(x)
        x = inner(x)
    paths = [s.path for s in Graph.from_value(x).scopes]
    assert paths == ["", "inner", "mine", "mine/inner", "inner[1]"]


def nested(x: Value) -> Value:
    def linear(x: Value) -> Value:
        return x * 2

    def layer(x: Value) -> Value:
        x = linear(x)
        with contextlib.ExitStack() as stack:
            stack.enter_context(scope("attn"))
            x = linear(linear(x)) + 1
        return linear(x)

    with scope("pos0"):
        return layer(x)


def test_a_scope_opened_in_a_call_inside_a_scope_lies_in_the_call() -> None:
    with recording():
        x = nested(Value(1.0))
    paths = [s.path for s in Graph.from_value(x).scopes if s.path]
    assert paths == [
        "pos0",
        "pos0/layer",
        "pos0/layer/linear",
        "pos0/layer/attn",
        "pos0/layer/attn/linear",
        "pos0/layer/attn/linear[1]",
        "pos0/layer/linear[1]",
    ]


def test_a_program_that_names_all_its_parts_is_left_alone() -> None:
    with recording(calls_in_scopes=False):
        x = nested(Value(1.0))
    graph = Graph.from_value(x)
    assert [s.path for s in graph.scopes if s.path] == ["pos0", "pos0/attn"]
    assert graph.line(graph.root) is not None


def test_a_scope_open_before_the_recording_is_around_its_calls() -> None:
    with scope("outer"), recording():
        x = nested(Value(1.0))
    paths = [s.path for s in Graph.from_value(x).scopes if s.path]
    assert paths[:4] == ["outer", "outer/nested", "outer/nested/pos0", "outer/nested/pos0/layer"]


def test_nothing_observes_scopes_after_the_recording() -> None:
    with recording():
        assert scopes.observer is not None
    assert scopes.observer is None


def test_recording_changes_no_number() -> None:
    plain = program()
    plain.backward()
    with recording():
        recorded = program()
    recorded.backward()
    a, b = Graph.from_value(plain), Graph.from_value(recorded)
    assert a.data.tobytes() == b.data.tobytes()
    assert a.grad.tobytes() == b.grad.tobytes()


def test_domain_errors_name_the_scope_by_calls() -> None:
    def inner() -> None:
        Value(-1.0).log()

    with recording(), pytest.raises(ArithmeticError, match=r"operand is input made in inner$"):
        inner()


def test_an_error_inside_ends_the_recording() -> None:
    with pytest.raises(KeyError), recording():
        raise KeyError
    assert value.where is current_scope
    with recording():
        assert Graph.from_value(Value(1.0)).line(0) is not None


def test_of_two_recordings_the_inner_one_counts_until_it_ends() -> None:
    def inside() -> Graph:
        with recording():
            return Graph.from_value(Value(1.0))

    with recording():
        inner, outer = inside(), Graph.from_value(Value(1.0))
    assert inner.line(0) == line_of(inside, 2)
    assert outer.line(0) is not None
    assert value.where is current_scope


def test_other_threads_are_not_recorded() -> None:
    made: list[Value] = []
    with recording():
        thread = threading.Thread(target=lambda: made.append(program()))
        thread.start()
        thread.join()
    graph = Graph.from_value(made[0])
    assert {graph.line(node) for node in range(len(graph))} == {None}


def test_recordings_of_threads_that_overlap() -> None:
    """The first to open is the first to close: the second records on, and none stays behind."""
    second_is_open, first_is_closed = threading.Event(), threading.Event()
    lines: dict[str, object] = {}

    def first() -> None:
        with recording():
            second_is_open.wait(10)
            lines["first"] = Graph.from_value(Value(1.0)).line(0)
        first_is_closed.set()

    def second() -> None:
        with recording():
            second_is_open.set()
            first_is_closed.wait(10)
            lines["second"] = Graph.from_value(Value(1.0)).line(0)

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        assert lines == {"first": line_of(first, 3), "second": line_of(second, 4)}
        assert value.where is current_scope
    finally:
        value.where = current_scope  # for the tests after this one


def test_a_snapshots_graph_is_recorded_in_the_models_scopes() -> None:
    run = Training(Corpus("small", ("ab", "ba")), ModelConfig(4, 2, 1, 4))
    graph = ModelSnapshot.of(run).graph("ab")
    for node in range(len(graph)):
        if graph.op(node) == "param":
            assert graph.line(node) is None
        else:
            path, _ = graph.line(node)
            assert path.endswith("transformer.py")
    assert graph.scope(graph.root) == "loss"


def test_a_snapshots_graph_may_be_asked_for_while_recording() -> None:
    run = Training(Corpus("small", ("ab", "ba")), ModelConfig(4, 2, 1, 4))
    with recording():
        graph = ModelSnapshot.of(run).graph("ab")
    assert graph.scope(graph.root) == "loss"
