"""`DebugSession`: walks a graph's forward and backward pass in both directions.

Every move is a search for a moment on the timeline and returns a frozen `State`; nothing is run
again to go back. It draws and prints nothing: front ends say what the state says.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace

import numpy as np

from microgpt.debugger.anomalies import Anomaly, anomalies
from microgpt.debugger.condition_syntax import quoted
from microgpt.debugger.derivatives import Derivatives
from microgpt.debugger.edits import Anchor, Edit, Replacement, ReplaceOutputs, SetNode, set_token
from microgpt.debugger.flow import Flow, flow
from microgpt.debugger.health import Finding, health
from microgpt.debugger.inspection import NodeView, inspect
from microgpt.debugger.nodes import find_node
from microgpt.debugger.origin import Origin
from microgpt.debugger.state import GradChange, State, Stop, StopReason
from microgpt.debugger.stops import StopPoint, StopTable, condition_at
from microgpt.debugger.timeline import Phase, Timeline
from microgpt.debugger.what_if import Edits, WhatIf, compare
from microgpt.debugger.why import Explainer, Why
from microgpt.errors import GraphError, InputError
from microgpt.graph import Graph, Ints
from microgpt.scope_tree import ScopeRange


class DebugSession:
    """A walk through one graph.

    Attributes:
        timeline: of the graph at hand.
        stops: the breakpoints and watchpoints.
        origin: what the graph was computed from, None if not known.
        problem: of the op that failed, `""` if none did.
        state: where the session stands.

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

    def __init__(self, graph: Graph, origin: Origin | None = None, problem: str = "") -> None:
        """Stands before the first event; post mortem, at the op that failed.

        Args:
            origin: what the graph was computed from, for what-ifs about tokens and documents, and
                for what an update would do.
            problem: what the op that the graph ends with said when it failed.
        """
        self.problem = problem
        self.origin = origin
        self.timeline = Timeline(graph)
        self.stops = StopTable(self.timeline)
        self.state = self._state(0, "start")
        if problem:
            self.state = self._state(self.timeline.moment_of(graph.root, "forward"), "post mortem")
        self._explainer = Explainer.of(Derivatives(graph))
        self._edits = Edits(graph, origin)
        self._states_before: list[tuple[State, State]] = []

    @property
    def graph(self) -> Graph:
        """The graph at hand."""
        return self.timeline.graph

    # -- moves -----------------------------------------------------------------------------------

    def step(self, count: int = 1) -> State:
        """Goes on by events; breakpoints on the way do not matter."""
        return self._go(self.state.moment + count, "step")

    def back(self, count: int = 1) -> State:
        """Goes back by events."""
        return self._go(self.state.moment - count, "step")

    def next(self) -> State:
        """Steps over the scope at hand: to where the pass enters another one."""
        starts = self.timeline.scope_starts
        place = int(np.searchsorted(starts, self.state.moment, side="right"))
        target = int(starts[place]) if place < len(starts) else self.timeline.last + 1
        return self._go_forward(target, "next")

    def reverse_next(self) -> State:
        """Goes to where the pass entered the scope at hand, or from there to the one before."""
        starts = self.timeline.scope_starts
        place = int(np.searchsorted(starts, self.state.moment))
        return self._go_backward(int(starts[place - 1]) if place else -1, "next")

    def finish(self, scope: str | None = None) -> State:
        """Goes on until a scope is done, with all that is inside.

        Args:
            scope: its path; the one around the scope at hand if not given: from
                `pos1/layer0/attn/q` out of `pos1/layer0/attn`.

        Raises:
            GraphError: there is no such scope, or the pass does not come there.
        """
        moment = self.state.moment
        if (around := self._scope(scope)) is None:
            return self._go_forward(self._first_after_phase(), "finish")
        _, last = self.timeline.span_of_scope(around.start, around.stop, self.state.phase)
        return self._go_forward(max(last, moment) + 1, "finish")

    def reverse_finish(self, scope: str | None = None) -> State:
        """Goes back to before a scope was begun.

        Raises:
            GraphError: as in `finish`.
        """
        moment = self.state.moment
        if (around := self._scope(scope)) is None:
            first = 0 if self.state.phase == "forward" else self.timeline.n_forward
            return self._go_backward(min(first, moment - 1), "finish")
        first, _ = self.timeline.span_of_scope(around.start, around.stop, self.state.phase)
        return self._go_backward(min(first, moment) - 1, "finish")

    def until(self, condition: str) -> State:
        """Goes on to the next visit for which a condition holds.

        Args:
            condition: or an op, a scope or a node, as for `break_at`.

        Raises:
            ConditionError: it is no condition.
            GraphError: there is no such node or scope.
        """
        moments = self.timeline.where(condition_at(self.timeline, condition))
        place = int(np.searchsorted(moments, self.state.moment, side="right"))
        target = int(moments[place]) if place < len(moments) else self.timeline.last + 1
        return self._go_forward(target, "until")

    def reverse_until(self, condition: str) -> State:
        """Goes back to the last visit before this one for which a condition holds.

        Raises:
            ConditionError, GraphError: as in `until`.
        """
        moments = self.timeline.where(condition_at(self.timeline, condition))
        place = int(np.searchsorted(moments, self.state.moment))
        return self._go_backward(int(moments[place - 1]) if place else -1, "until")

    def continue_(self) -> State:
        """Goes on to the next breakpoint or watchpoint, or to the end."""
        return self._go_forward(self.timeline.last + 1, "stop")

    def reverse_continue(self) -> State:
        """Goes back to the last breakpoint or watchpoint before, or to the start."""
        return self._go_backward(-1, "stop")

    def goto(self, place: str) -> State:
        """Goes to a moment, past all breakpoints.

        Args:
            place: an event's number in the pass at hand, `"120"`; with the pass, `"backward 0"`;
                `"start"` or `"end"`; or a node, for its visit in the pass at hand.

        Raises:
            GraphError: there is no such event or node, or no event visits the node.
        """
        return self.goto_moment(self._moment(place.strip()))

    def goto_moment(self, moment: int) -> State:
        """Goes to a moment of the timeline, the last one if it has fewer."""
        return self._go(moment, "goto")

    # -- looking ---------------------------------------------------------------------------------

    def find(self, reference: str) -> int:
        """The id of a node; see `microgpt.debugger.nodes.find_node`.

        Raises:
            GraphError: there is no such node.
        """
        return find_node(self.graph, reference)

    def select(self, node: int) -> State:
        """Makes a node the one that verbs without an argument are about.

        Raises:
            GraphError: there is no such node.
        """
        self.state = replace(self.state, selection=self.graph.find(f"#{node}"))
        return self.state

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
        """The first number of each pass, and of the update, that is not finite."""
        return anomalies(self.timeline, self.origin.step if self.origin else None)

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
            EngineUnavailableError: numba is not installed.
        """
        if not math.isfinite(value):
            raise InputError(f"a node can be set to a finite number, not to {value}")
        anchor = Anchor.of(self.graph, self.find(reference))
        return self._edit(SetNode(f"set {reference} = {value!r}", anchor, value))

    def set_token(self, position: int, character: str) -> WhatIf:
        """Lets another character be read at a position, and predicted at the one before.

        Raises:
            InputError: there is no such position or token, or the graph is not of the model.
        """
        document = "" if self.origin is None else self.origin.document
        return self._edit(set_token(self.origin, document, position, character))

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
        path = self.graph.scopes.find(scope).path
        word = {"zero": f"zero {path}", "mean": f"mean {path}"}.get(
            by, f"patch {path} from {other}"
        )
        return self._edit(ReplaceOutputs(word, path, by, other))

    def undo(self) -> WhatIf:
        """Takes the last edit back. Raises `GraphError` if there is none."""
        before = self.graph
        self._edits.undo()
        state_before, state_after = self._states_before.pop()
        unmoved = self.state == state_after
        self._change_graph(self._edits.graph)
        if unmoved:
            self.state = state_before
        return self._compared(before)

    def edits(self) -> WhatIf:
        """All edits in force, against the graph without any."""
        return self._compared(self._edits.original)

    def _edit(self, edit: Edit) -> WhatIf:
        before, state_before = self.graph, self.state
        self._edits.push(edit)
        self._change_graph(self._edits.graph)
        self._states_before.append((state_before, self.state))
        return self._compared(before)

    def _compared(self, before: Graph) -> WhatIf:
        return compare(self._edits, before, self.stops.all_watched())

    def _change_graph(self, graph: Graph) -> None:
        """Puts another graph under the session, which stays at the node it visits if it can."""
        state, old = self.state, self.graph
        anchor = None if state.node is None else Anchor.of(old, state.node)
        self.timeline = Timeline(graph)
        self._explainer = Explainer.of(Derivatives(graph))
        self.stops.move_to(self.timeline)
        moment = min(state.moment, self.timeline.last)
        if anchor is not None and (state.phase, state.event) != ("backward", 0):
            with suppress(GraphError):  # it is a constant now, or not there
                moment = self.timeline.moment_of(anchor.find(graph), state.phase)
        self.state = self._state(moment, "edit")

    # -- breakpoints and watchpoints -------------------------------------------------------------

    def break_at(self, text: str) -> StopPoint:
        """Adds a breakpoint.

        Args:
            text: a condition, or an op's name, a scope's path, or a node.

        Raises:
            ConditionError: it is no condition.
            GraphError: there is no such node or scope, or no event visits the node.
        """
        return self.stops.add("breakpoint", text)

    def watch(self, text: str) -> StopPoint:
        """Adds a watchpoint: stops at each event that changes a grad.

        Args:
            text: a node; a matrix or a row of one, `layer0.attn_wq[3]`; or a scope's path.

        Raises:
            GraphError: there is no such thing, or no gradient flows in this graph.
        """
        if not self.graph.backpropagated:
            raise GraphError(
                "this graph has no backward pass of its own: no event changes a grad; "
                "call backward() on its root before taking the Graph"
            )
        return self.stops.add("watchpoint", text)

    def take_stops(self, other: DebugSession) -> None:
        """Takes over another session's breakpoints and watchpoints, found anew in this graph."""
        self.stops = other.stops
        self.stops.move_to(self.timeline)

    # -- how a move is made ----------------------------------------------------------------------

    def _go_forward(self, target: int, reason: StopReason) -> State:
        stop = self.stops.next_after(self.state.moment)
        if stop is not None and stop < target:
            return self._go(stop, "stop")
        return self._go(target, reason)

    def _go_backward(self, target: int, reason: StopReason) -> State:
        stop = self.stops.last_before(self.state.moment)
        if stop is not None and stop > target:
            return self._go(stop, "stop")
        return self._go(target, reason)

    def _go(self, moment: int, reason: StopReason) -> State:
        if moment > self.timeline.last:
            moment, reason = self.timeline.last, "end"
        elif moment < 0:
            moment, reason = 0, "start"
        if moment != self.state.moment:
            self.stops.count_hits(moment)
        self.state = self._state(moment, reason)
        return self.state

    def _state(self, moment: int, reason: StopReason) -> State:
        points = self.stops.at(moment)
        visited = int(self.timeline.visited[moment])
        node = visited if visited >= 0 else None
        changes = self._changes(moment)
        watched = {
            node
            for point in points
            if point.kind == "watchpoint"
            for node in self.stops.watched(point.number).tolist()
        }
        changed = (change.node for change in changes if change.node in watched)
        return State(
            phase=self.timeline.phase(moment),
            event=self.timeline.event(moment),
            moment=moment,
            node=node,
            selection=next(changed, node),
            stop=Stop(reason, points),
            changes=changes,
        )

    def _changes(self, moment: int) -> tuple[GradChange, ...]:
        if self.timeline.phase(moment) == "forward":
            return ()
        graph = self.graph
        event = graph.event(self.timeline.event(moment))
        if event.index == 0:
            before = float(graph.grad_before[graph.root])
            name = graph.name(graph.root)
            return (GradChange(graph.root, name, before, None, 1.0 - before, 1.0),)
        return tuple(
            GradChange(
                change.edge.operand,
                graph.name(change.edge.operand),
                change.old,
                change.edge.local,
                change.edge.contribution,
                change.new,
            )
            for change in event.changes
        )

    def _moment(self, place: str) -> int:
        if place in {"start", "end"}:
            return 0 if place == "start" else self.timeline.last
        phase: Phase = self.state.phase
        first, _, rest = place.partition(" ")
        for named in ("forward", "backward"):
            if rest and named.startswith(first):
                phase, place = named, rest.strip()
        if place.isdecimal():
            return self.timeline.moment(phase, int(place))
        return self.timeline.moment_of(self.find(place), phase)

    def _scope(self, path: str | None) -> ScopeRange | None:
        """The scope to leave: the innermost around the visited node that has scopes inside."""
        scopes = self.graph.scopes
        if path is not None:
            return scopes.find(path)
        if self.state.node is None:
            return None
        scope = scopes[int(self.graph.scope_of[self.state.node])]
        while scope.parent >= 0 and not scopes.children(scope):
            scope = scopes[scope.parent]
        return scope if scope.parent >= 0 else None

    def _first_after_phase(self) -> int:
        n_forward = self.timeline.n_forward
        return (n_forward if self.state.phase == "forward" else self.timeline.last) + 1
