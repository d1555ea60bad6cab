"""`DebugSession`: all that can be asked of one computation, from Python.

It draws and prints nothing: front ends say what its answers say. The questions are functions of the
verbs' files, which lines that are typed come to as well.
"""

from __future__ import annotations

from microgpt.debugger.session_core import SessionCore
from microgpt.debugger.verbs import (
    anomalies,
    flow,
    gradcheck,
    health,
    search,
    updates,
    what_if,
    why,
)


class DebugSession(SessionCore):
    """A walk through one graph, with all questions that there are.

    >>> from microgpt import Graph, Value
    >>> a = Value(2.0, name="a")
    >>> loss = a * a
    >>> loss.backward()
    >>> session = DebugSession(Graph.from_value(loss))
    >>> session.watch("a").number
    1
    >>> state = session.continue_()
    >>> state.phase, state.event, str(state.stop)
    ('backward', 1, 'watchpoint 1')
    >>> [(change.old, change.contribution, change.new) for change in state.changes]
    [(0.0, 2.0, 2.0), (2.0, 2.0, 4.0)]
    >>> session.why(session.find("a")).gradient
    4.0
    """

    search = search.search

    why = why.why
    flow = flow.flow

    set_node = what_if.set_node
    set_token = what_if.set_token
    replace_outputs = what_if.replace_outputs
    undo = what_if.undo
    edits = what_if.edits

    check_gradients = gradcheck.check_gradients
    anomalies = anomalies.anomalies
    health = health.health
    updates = updates.updates
