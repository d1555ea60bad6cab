"""What a script does to its leaves between its passes: moved, zeroed, made anew, kept."""

from __future__ import annotations

import pytest

from microgpt.attach import Stop
from microgpt.debugger import DebugSession
from microgpt.errors import GraphError
from microgpt.graph.debuggee import LeafUpdate, Updates
from tests.microgpt.attach.conftest import SCRIPTS, Attach, all_stops

MICROGPT = (SCRIPTS / "microgpt.py").read_text(encoding="utf-8").partition("def linear")[0]
STEPS = """
a, b = Value(2.0), Value(3.0)
for step in range(2):
    loss = a * b + a
    loss.backward()
    {between}
"""
SLOW = MICROGPT.replace("_children", "kids").replace("backward", "pull").replace("grad", "slope")
"""The same class under other names, and so learnt; its passes are functions."""


def second_stop(attach: Attach, source: str, between: str) -> Stop:
    steps = STEPS.format(between=between)
    if source is SLOW:
        steps = steps.replace("backward", "pull").replace("grad", "slope")
    (first, second), _ = all_stops(attach(source + steps))
    assert first.updates is None
    return second


def leaves(stop: Stop) -> tuple[Updates, dict[str, LeafUpdate]]:
    assert stop.updates is not None
    return stop.updates, {leaf.name: leaf for leaf in stop.updates.leaves}


@pytest.mark.parametrize("source", [MICROGPT, SLOW], ids=["known", "learnt"])
def test_what_an_update_moved_and_where(attach: Attach, source: str) -> None:
    between = "a.data -= 0.5 * a.grad; a.grad = 0"
    stop = second_stop(attach, source, between)
    updates, by_name = leaves(stop)
    line = 1 + source.count("\n") + 5
    a, b = by_name["a"], by_name["b"]
    assert stop.graph is not None
    assert (a.before, a.after, a.grad, a.grad_now) == (2.0, 0.0, 4.0, 0.0)
    assert a.node == stop.graph.find("a")
    assert a.line == a.grad_line == (stop.file, line)
    assert (b.before, b.after, b.grad, b.grad_now, b.line) == (3.0, 3.0, 2.0, 2.0, None)
    assert (updates.since, updates.rebound, updates.n_shared) == (1, (), 0)
    assert stop.graph.grad_before[stop.graph.find("b")] == 2.0
    told = DebugSession.at(stop, NoDebuggee()).updates()
    assert told.lines()[:2] == [
        "since backward 1: 1 of 2 leaves moved",
        f"  a: 2 → 0, moved -2, -0.5 × its gradient 4 at script.py:{line}",
    ]
    assert told.lines()[2] == (
        f"  gradients: 1 of 2 that were not 0 are 0 again at script.py:{line}"
    )
    (moved,) = told.as_json()["updates"]["moved"]
    assert (moved["name"], moved["after"]) == ("a", 0.0)


def test_a_new_object_under_an_old_name(attach: Attach) -> None:
    stop = second_stop(attach, MICROGPT, "a = Value(a.data - 0.1 * a.grad)")
    updates, by_name = leaves(stop)
    assert updates.rebound == ("a",)
    assert by_name["a"].node is None
    assert by_name["a"].after == 2.0


def test_nodes_that_an_earlier_graph_has_too(attach: Attach) -> None:
    source = MICROGPT + (
        "a, h = Value(2.0), Value(1.0)\n"
        "for step in range(3):\n    h = h * a\n    (h + a).backward()\n"
    )
    stops, _ = all_stops(attach(source))
    assert [stop.updates.n_shared for stop in stops if stop.updates] == [1, 2]


def test_there_is_nothing_before_the_first(attach: Attach) -> None:
    stops, _ = all_stops(attach(MICROGPT + "a = Value(2.0)\n(a * a).backward()\n"))
    with pytest.raises(GraphError, match="first pass that was stopped at"):
        DebugSession.at(stops[0], NoDebuggee()).updates()
    assert stops[0].graph is not None
    with pytest.raises(GraphError, match="no script computes this graph"):
        DebugSession(stops[0].graph).updates()


class NoDebuggee:
    """A program that is over."""

    def run_on(self, count: int = 1) -> Stop:
        raise AssertionError(count)


ARRAYS = """
import numpy as np
class T:
    def __init__(self, data, below=()):
        self.data, self.below = np.array(data, dtype=float), below
        self.grad, self.back = np.zeros_like(self.data), lambda: None
    def __add__(self, other):
        out = T(self.data + other.data, (self, other))
        def back():
            self.grad = self.grad + out.grad
            other.grad = other.grad + out.grad
        out.back = back
        return out
    def __mul__(self, other):
        out = T(self.data * other.data, (self, other))
        def back():
            self.grad = self.grad + other.data * out.grad
            other.grad = other.grad + self.data * out.grad
        out.back = back
        return out
    def backward(self):
        order = []
        def walk(t):
            if all(t is not each for each in order):
                for each in t.below: walk(each)
                order.append(t)
        walk(self)
        self.grad = np.ones_like(self.data)
        for t in reversed(order): t.back()
w, x, unused = T([1.0, 2.0]), T([3.0, 4.0]), T([5.0, 6.0])
for step in range(2):
    loss = w * x + w
    loss.backward()
    w.grad[0] = 0
    for p in (w, unused):
        p.data = p.data - 0.5 * p.grad
        p.grad = np.zeros_like(p.data)
"""


def test_writes_to_arrays_are_told_number_by_number(attach: Attach) -> None:
    (_, second), _ = all_stops(attach(ARRAYS))
    updates = second.updates
    assert updates is not None
    names = [leaf.name for leaf in (*updates.leaves, *updates.others)]
    moved = {names[w.leaf]: w.new for w in updates.writes if not w.is_grad}
    assert moved == {"w[0]": 1.0, "w[1]": -0.5, "unused[0]": 5.0, "unused[1]": 6.0}
    line = ARRAYS[: ARRAYS.index("p.data = p.data")].count("\n")
    grads = [(names[w.leaf], w.new, w.line[1]) for w in updates.writes if w.is_grad]
    assert grads[:2] == [("w[0]", 0.0, 0), ("w[1]", 5.0, 0)]  # in place, found by comparing
    assert {(name, new) for name, new, at in grads if at == line + 1} == {
        (name, 0.0) for name in moved
    }
    assert [(leaf.name, leaf.before, leaf.after) for leaf in updates.others] == [
        ("unused[0]", 5.0, 5.0), ("unused[1]", 6.0, 6.0),
    ]  # fmt: skip
