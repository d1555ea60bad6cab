"""A session on a program that computes one graph after the other."""

from __future__ import annotations

from typing import Literal

import pytest

from microgpt import Graph, GraphError, InputError, Value, attach
from microgpt.debugger import DebugSession


class Halts:
    """A debuggee that gives what it was told to."""

    def __init__(self, *halts: attach.Stop | attach.Ended) -> None:
        self._halts = iter(halts)
        self.counts: list[int] = []

    def run_on(self, count: int = 1) -> attach.Stop | attach.Ended:
        self.counts.append(count)
        return next(self._halts)


def halt(number: int, factor: float | None, traceback: str = "") -> attach.Stop:
    graph = None
    if factor is not None:
        x = Value(2.0, name="x")
        loss = x * factor + x
        loss.backward()
        graph = Graph.from_value(loss)
    kind: Literal["backward", "exception"] = "exception" if traceback else "backward"
    return attach.Stop(kind, number, 1.0, graph, "train.py", 3, traceback, "" if graph else "none")


def test_run_on_puts_the_next_graph_under_the_session() -> None:
    first, second, raised = halt(1, 3.0), halt(4, 5.0), halt(5, 7.0, "...\nValueError: no\n")
    lost, ended = halt(6, None), attach.Ended(1, "exit status 1", 6)
    halts = Halts(second, raised, lost, ended)
    session = DebugSession.at(first, halts)
    assert session.graph is first.graph
    assert session.halt is first
    session.watch("x")
    session.set_node("x", 9.0)
    session.continue_()
    assert session.run_on(3) is second
    assert halts.counts == [3]
    assert session.graph is second.graph
    assert session.halt is second
    assert (session.state.moment, str(session.state.stop)) == (0, "start")
    assert session.edits().edits == ()
    with pytest.raises(GraphError, match="nothing to undo"):
        session.undo()
    (change,) = (c for c in session.continue_().changes if c.name == "x")
    assert change.contribution == 1.0
    (change,) = (c for c in session.continue_().changes if c.name == "x")
    assert (change.old, change.contribution) == (1.0, 5.0)
    assert session.why(0).gradient == 6.0
    assert session.run_on() is raised
    assert (session.state.phase, session.state.event) == ("forward", 2)
    assert str(session.state.stop) == "post mortem"
    assert session.problem == "ValueError: no"
    before = session.state
    assert session.run_on() is lost  # no graph: the one before stays, and where it came from
    assert session.run_on() is ended
    assert (session.graph, session.halt, session.state) == (raised.graph, raised, before)


def test_a_session_without_a_program_cannot_run_on() -> None:
    session = DebugSession.at(halt(1, 3.0), Halts())
    session.debuggee = None
    with pytest.raises(InputError, match="no script is there to run on"):
        session.run_on()
    with pytest.raises(GraphError, match=r"^none$"):
        DebugSession.at(halt(1, None), Halts())
