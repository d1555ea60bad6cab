"""`DebugSession`: all that can be asked of one computation, from Python.

It draws and prints nothing: front ends say what its answers say. The answers are computed in
`verbs/`, which lines typed come to as well.
"""

from __future__ import annotations

from microgpt.debugger.checks.anomaly_searches import Anomaly, first_anomalies
from microgpt.debugger.checks.health_checks import Finding, findings
from microgpt.debugger.session_core import SessionCore
from microgpt.debugger.verbs.flow import Flow, flow
from microgpt.debugger.verbs.gradcheck import CheckedGradients, check_gradients
from microgpt.debugger.verbs.search import search
from microgpt.debugger.verbs.what_if import (
    Replacement,
    WhatIf,
    changes,
    replace_outputs,
    set_node,
    set_token,
    undo,
)
from microgpt.debugger.verbs.why import Why, why
from microgpt.graph.arrays import Ints


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
    """

    def search(self, text: str) -> Ints:
        """The nodes, leaves too, that a condition holds for in the end, ascending.

        Args:
            text: a condition; or an op, a scope, or a part of a name.

        Raises:
            ConditionError: it is none of these.
        """
        return search(self, text)

    # -- asking why ------------------------------------------------------------------------------

    def why(self, node: int) -> Why:
        """Divides a node's gradient by position, head, consumer and path.

        Raises:
            GraphError: the graph has no backward pass.
        """
        return why(self, node)

    def flow(self, node: int) -> Flow:
        """Where a node goes: how the losses and logits move with it."""
        return flow(self.heaviest_paths.derivatives, node)

    # -- what is wrong ---------------------------------------------------------------------------

    def anomalies(self) -> tuple[Anomaly, ...]:
        """The first numbers of each pass, and of the updates around it, that are out of range."""
        return first_anomalies(self.timeline, self.step_number)

    def health(self) -> tuple[Finding, ...]:
        """What is not well, though finite: dead units, saturated softmaxes, sizes of gradients."""
        return findings(self.graph, self.origin)

    def check_gradients(
        self, reference: str | None = None, step: float | None = None
    ) -> CheckedGradients:
        """Compares gradients with central differences.

        Args:
            reference: a node, a matrix, a row of one, or a scope; everything if not given.
            step: how far to move each node, in parts of its size; about 6e-6 if not given.

        Raises:
            GraphError: there is no such thing, or no backward pass.
        """
        return check_gradients(self, reference, step)

    # -- what if ---------------------------------------------------------------------------------

    def set_node(self, reference: str, value: float) -> WhatIf:
        """Makes a node a constant of this value and computes everything downstream again.

        Args:
            reference: the node, as for `find`.
            value: a leaf's, or what an inner node is pinned to.

        Raises:
            GraphError: there is no such node.
            InputError: the value is not finite.
            DomainError: an op has no finite result then.
        """
        return set_node(self, reference, value)

    def set_token(self, position: int, character: str) -> WhatIf:
        """Lets another character be read at a position, and predicted at the one before.

        Raises:
            InputError: there is no such position or token, or the graph is not of the model.
        """
        return set_token(self, position, character)

    def replace_outputs(self, scope: str, by: Replacement, other: str = "") -> WhatIf:
        """Replaces what a scope gives to the rest.

        Args:
            scope: its path.
            by: `"zero"`; `"mean"` of the first documents at that position; `"other"` for its
                values in another document.
            other: that document.

        Raises:
            GraphError: there is no such scope.
            InputError: there is no document to take values from, or it lacks the position.
        """
        return replace_outputs(self, scope, by, other)

    def undo(self) -> WhatIf:
        """Takes the last edit back. Raises `GraphError` if there is none."""
        return undo(self)

    def edits(self) -> WhatIf:
        """All edits in force, against the graph without any."""
        return changes(self)
