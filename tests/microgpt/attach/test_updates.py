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
