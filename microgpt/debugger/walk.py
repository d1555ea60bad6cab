"""`Walk`: goes along a graph's forward and backward pass in both directions.

Every move is a search for a moment on the timeline and returns a frozen `State`; nothing is run
again to go back.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from microgpt.debugger.node_references import find_node
from microgpt.debugger.session_state import GradChange, State, StopCause, StopReason
from microgpt.debugger.stops import StopPoint, StopTable, condition_at
from microgpt.debugger.timeline import Timeline
from microgpt.errors import GraphError
from microgpt.graph.events import Phase
from microgpt.graph.graph import Graph
from microgpt.graph.scope_tree import ScopeRange
from microgpt.model.place_names import place_name


class Walk:
    """A place on a graph's timeline, and the moves from there."""

    def __init__(self, graph: Graph) -> None:
        """Stands before the first event."""
        self.timeline = Timeline(graph)
        graph.edges_out_of(graph.root)  # sorts all edges: when opened, not at the first key
        self.stops = StopTable(self.timeline)  # the breakpoints and watchpoints
        self.state = self._state(0, "start")  # where the walk stands

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
            scope: its path, or a pattern of several, all of which are to be done; the one around
                the scope at hand if not given: from `pos1/layer0/attn/q` out of `pos1/layer0/attn`.

        Raises:
            GraphError: there is no such scope, or the pass does not come there.
        """
        moment = self.state.moment
        if not (spans := self._spans(scope)):
            return self._go_forward(self._first_after_phase(), "finish")
        last = max(last for _, last in spans)
        return self._go_forward(max(last, moment) + 1, "finish")

    def reverse_finish(self, scope: str | None = None) -> State:
        """Goes back to before a scope was begun.

        Raises:
            GraphError: as in `finish`.
        """
        moment = self.state.moment
        if not (spans := self._spans(scope)):
            first = 0 if self.state.phase == "forward" else self.timeline.n_forward
            return self._go_backward(min(first, moment - 1), "finish")
        first = min(first for first, _ in spans)
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
                `"start"` or `"end"`; or a node, for its visit in the pass at hand; or a scope of
                several outputs, for where the pass comes into it.

        Raises:
            GraphError: there is no such event or node, or no event visits the node.
        """
        return self.goto_moment(self._moment(place.strip()))

    def goto_moment(self, moment: int) -> State:
        """Goes to a moment of the timeline, the last one if it has fewer."""
        return self._go(moment, "goto")

    def toward(self, moment: int) -> State:
        """Goes to a moment, or to the first breakpoint or watchpoint on the way there."""
        go = self._go_forward if moment > self.state.moment else self._go_backward
        return go(moment, "goto")

    # -- looking ---------------------------------------------------------------------------------

    def find(self, reference: str) -> int:
        """The id of a node; see `node_references.find_node`.

        Raises:
            GraphError: there is no such node.
        """
        return find_node(self.graph, reference)

    def select(self, node: int) -> State:
        """Makes a node the one that verbs without an argument are about.

        Raises:
            GraphError: there is no such node.
        """
        self.state = replace(self.state, selection=self.graph.existing(node))
        return self.state

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
                f"{self.graph.why_no_events}"
            )
        return self.stops.add("watchpoint", text)

    def take_stops(self, other: Walk) -> None:
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
            stop=StopCause(reason, points),
            changes=changes,
        )

    def _changes(self, moment: int) -> tuple[GradChange, ...]:
        if self.timeline.phase(moment) == "forward":
            return ()
        graph = self.graph
        event = graph.event(self.timeline.event(moment))
        if event.index == 0 and graph.ledger is None:
            before = float(graph.grad_before[graph.root])
            name, place = graph.name(graph.root), place_name(graph, graph.root)
            return (GradChange(graph.root, name, place, before, None, 1.0 - before, 1.0),)
        return tuple(
            GradChange(
                change.node,
                graph.name(change.node),
                place_name(graph, change.node),
                change.old,
                change.edge.local if change.edge else None,
                change.contribution,
                change.new,
                change.kind,
                change.line,
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
        try:
            node = self.find(place)
        except GraphError as error:
            try:
                scope = self.graph.scopes.find(place)
            except GraphError:
                raise error from None
            return self.timeline.span_of_scope(scope.start, scope.stop, phase)[0]
        return self.timeline.moment_of(node, phase)

    def _spans(self, path: str | None) -> list[tuple[int, int]]:
        """First and last moment in each scope to leave; none if that is the whole pass."""
        if path is not None:
            scopes = self.graph.scopes.find_all(path)
        else:
            around = self._scope_around()
            scopes = () if around is None else (around,)
        timeline, phase = self.timeline, self.state.phase
        return [timeline.span_of_scope(scope.start, scope.stop, phase) for scope in scopes]

    def _scope_around(self) -> ScopeRange | None:
        """The innermost scope around the visited node that has scopes inside."""
        scopes = self.graph.scopes
        if self.state.node is None:
            return None
        scope = scopes[int(self.graph.scope_of[self.state.node])]
        while scope.parent >= 0 and not scopes.children(scope):
            scope = scopes[scope.parent]
        return scope if scope.parent >= 0 else None

    def _first_after_phase(self) -> int:
        n_forward = self.timeline.n_forward
        return (n_forward if self.state.phase == "forward" else self.timeline.last) + 1
