"""`DebugSession`: all that can be asked of one computation, and a walk along it.

It draws and prints nothing: front ends say what its answers say.
"""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

import numpy as np

from microgpt.debugger.anomalies import Anomaly, anomalies
from microgpt.debugger.condition_syntax import quoted
from microgpt.debugger.derivatives import Derivatives
from microgpt.debugger.edit_stack import EditStack, Version, mean_outputs, outputs_in
from microgpt.debugger.flow import Flow, flow
from microgpt.debugger.gradient_checks import CheckedGradients, check_gradients
from microgpt.debugger.health import Finding, health
from microgpt.debugger.inspection import NodeView, inspect
from microgpt.debugger.node_references import find_nodes
from microgpt.debugger.stops import condition_at
from microgpt.debugger.timeline import Timeline
from microgpt.debugger.walk import Walk
from microgpt.debugger.what_if import WhatIf, compare
from microgpt.debugger.why import Explainer, Why
from microgpt.errors import GraphError, InputError
from microgpt.graph.arrays import Ints
from microgpt.graph.debuggee import Debuggee, Ended, Stop
from microgpt.graph.graph import Graph
from microgpt.graph.op_evaluator import OpEvaluator
from microgpt.train.graph_origin import Origin

if TYPE_CHECKING:
    from microgpt.debugger.session_state import State
    from microgpt.replay.editing import Edit

Replacement: TypeAlias = Literal["zero", "mean", "other"]
"""What a scope's outputs can be replaced by."""


class DebugSession(Walk):
    """A walk through one graph.

    Attributes:
        origin: what the graph was computed from, None if not known.
        problem: of the op that failed, or of the step that gave no finite numbers; `""` if all is
            well.
        methods: computes the graph's nodes again by the methods of their own class, where that can
            be asked.
        debuggee: the program that computes the session's graphs, None if it has but this one.
        halt: where that program stands still with this graph.

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

    def __init__(
        self,
        graph: Graph,
        origin: Origin | None = None,
        problem: str = "",
        methods: OpEvaluator | None = None,
    ) -> None:
        """Stands before the first event; post mortem, at the op that failed or where it began.

        Args:
            origin: what the graph was computed from, for what-ifs about tokens and documents, and
                for what an update would do.
            problem: what the op that the graph ends with said when it failed; or what is wrong with
                the step that the graph is of.
            methods: for what-ifs and gradient checks of ops that the op table does not know.
        """
        super().__init__(graph)
        self.problem = problem
        self.methods = methods
        self.origin = origin
        self.debuggee: Debuggee | None = None
        self.halt: Stop | None = None
        self._begin()

    @classmethod
    def at(cls, halt: Stop, debuggee: Debuggee) -> Self:
        """A session where a program stands still, post mortem if it raised.

        Raises:
            GraphError: there is no graph.
        """
        session = cls(_graph_of(halt), problem=halt.error, methods=halt.methods)
        session.halt, session.debuggee = halt, debuggee
        return session

    def _begin(self) -> None:
        """Stands where a graph that is new to the session is looked at first, without edits."""
        if self.problem:
            self.state = self._state(self._trouble(), "post mortem")
        else:
            self.state = self._state(0, "start")
        self._explainer = Explainer.of(Derivatives(self.graph))
        self._edits = EditStack(self.graph, self.origin, self.methods)
        self._states_before: list[tuple[State, State]] = []

    def _trouble(self) -> int:
        """The moment at which the problem begins.

        That is the op that failed; of a graph computed to its end, the first anomaly's moment.
        """
        moments = (anomaly.moment for anomaly in self.anomalies())
        first = next((moment for moment in moments if moment is not None), None)
        if first is None or not self.graph.backpropagated:
            return self.timeline.n_forward
        return first

    # -- the program that computes the graphs ----------------------------------------------------

    def run_on(self, count: int = 1) -> Stop | Ended:
        """Lets the program go on to its next stop, and goes to the start of the graph there.

        Breakpoints and watchpoints are found anew in that graph, edits are forgotten. Where there
        is no graph the session stays with the one that it has.

        Args:
            count: at which of its next stops to stand still; where it raises it does so before.

        Raises:
            InputError: no program computes this session's graphs, or it is over, or it runs on and
                the wait for it was broken off.
        """
        if self.debuggee is None:
            raise InputError(
                "no script is there to run on: this graph is all; microgpt debug SCRIPT.py has one"
            )
        halt = self.debuggee.run_on(count)
        if isinstance(halt, Stop) and halt.graph is not None:
            self.timeline = Timeline(halt.graph)
            self.stops.move_to(self.timeline)
            self.halt, self.problem, self.methods = halt, halt.error, halt.methods
            self._begin()
        return halt

    # -- looking ---------------------------------------------------------------------------------

    def inspect(self, node: int) -> NodeView:
        """A node's numbers at this moment and in the end."""
        return inspect(self.timeline, node, self.state.moment)

    def search(self, text: str) -> Ints:
        """The nodes, leaves too, that a condition holds for in the end, ascending.

        Args:
            text: a condition; or an op, a scope, or a part of a name.

        Raises:
            ConditionError: it is none of these.
        """
        try:
            condition = condition_at(self.timeline, text)
        except GraphError:  # not a whole name, or a leaf's
            condition = condition_at(self.timeline, f"name contains {quoted(text.strip())}")
        return np.flatnonzero(condition.mask(self.graph))

    # -- asking why ------------------------------------------------------------------------------

    def why(self, node: int) -> Why:
        """Divides a node's gradient by position, head, consumer and path.

        Raises:
            GraphError: the graph has no backward pass.
        """
        return self._explainer.why(node)

    def flow(self, node: int) -> Flow:
        """Where a node goes: how the losses and logits move with it."""
        return flow(self._explainer.derivatives, node)

    # -- what is wrong ---------------------------------------------------------------------------

    def anomalies(self) -> tuple[Anomaly, ...]:
        """The first numbers of each pass, and of the updates around it, that are out of range."""
        return anomalies(self.timeline, self.origin.step if self.origin else None)

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
        nodes = None if reference is None else find_nodes(self.graph, reference)
        return check_gradients(self.graph, nodes, step, self.methods)

    def health(self) -> tuple[Finding, ...]:
        """What is not well, though finite: dead units, saturated softmaxes, sizes of gradients."""
        return health(self.graph, self.origin)

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
        if not math.isfinite(value):
            raise InputError(f"a node can be set to a finite number, not to {value}")
        from microgpt.replay.editing import SetNode  # noqa: PLC0415  # imports numba

        node = self._edits.original_id(self.find(reference))
        return self._edit(f"set {reference} = {value!r}", SetNode(node, value))

    def set_token(self, position: int, character: str) -> WhatIf:
        """Lets another character be read at a position, and predicted at the one before.

        Raises:
            InputError: there is no such position or token, or the graph is not of the model.
        """
        from microgpt.replay.editing import SetToken  # noqa: PLC0415

        if position == 0:
            raise InputError("pos0 reads BOS, as in every document: name a position from 1")
        return self._edit(f"token {position} = {character}", SetToken(position, character))

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
        from microgpt.replay.editing import SetScope  # noqa: PLC0415

        path, graph = self.graph.scopes.find(scope).path, self._edits.original.graph
        if by == "zero":
            return self._edit(f"zero {path}", SetScope(path))
        if by == "mean":
            return self._edit(
                f"mean {path}", SetScope(path, mean_outputs(self.origin, graph, path))
            )
        numbers = outputs_in(self.origin, graph, path, other)
        return self._edit(f"patch {path} from {other}", SetScope(path, numbers))

    def undo(self) -> WhatIf:
        """Takes the last edit back. Raises `GraphError` if there is none."""
        before = self._edits.current
        self._edits.undo()
        state_before, state_after = self._states_before.pop()
        unmoved = self.state == state_after
        self._change_graph(before)
        if unmoved:
            self.state = state_before
        return self._compared(before)

    def edits(self) -> WhatIf:
        """All edits in force, against the graph without any."""
        return self._compared(self._edits.original)

    def _edit(self, text: str, change: Edit) -> WhatIf:
        before, state_before = self._edits.current, self.state
        self._edits.push(text, change)
        self._change_graph(before)
        self._states_before.append((state_before, self.state))
        return self._compared(before)

    def _compared(self, before: Version) -> WhatIf:
        return compare(self._edits, before, self.stops.all_watched())

    def _change_graph(self, before: Version) -> None:
        """Puts the current graph under the session, which stays at the node it visits if it can."""
        state, now = self.state, self._edits.current
        self.timeline = Timeline(now.graph)
        self._explainer = Explainer.of(Derivatives(now.graph))
        self.stops.move_to(self.timeline)
        moment = min(state.moment, self.timeline.last)
        if state.node is not None and (state.phase, state.event) != ("backward", 0):
            node = before.id_in(now, state.node)
            with suppress(GraphError):  # it is a constant now
                if node is not None:
                    moment = self.timeline.moment_of(node, state.phase)
        self.state = self._state(moment, "edit")


def _graph_of(halt: Stop) -> Graph:
    if halt.graph is None:
        raise GraphError(halt.problem)
    return halt.graph
