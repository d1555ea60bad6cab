"""Breakpoints and watchpoints: numbered together, listed, switched, and found on the timeline.

A breakpoint is a condition on the visited node, and an op, a scope or a node is a short way to
write one. A watchpoint is a set of nodes whose grads are being added to. Both are kept as they were
typed, so that they mean something on another graph too, and as the moments where they stop.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from microgpt.debugger.condition_syntax import quoted
from microgpt.debugger.conditions import NodeCondition
from microgpt.debugger.node_references import find_node, find_nodes, find_told
from microgpt.debugger.timeline import Timeline
from microgpt.errors import ConditionError, GraphError
from microgpt.graph.arrays import Ints
from microgpt.graph.scope_patterns import ANY

StopKind: TypeAlias = Literal["breakpoint", "watchpoint"]


@dataclass(frozen=True, slots=True)
class StopPoint:
    """A breakpoint or watchpoint."""

    number: int  # counted from 1, never used twice in a session
    kind: StopKind
    text: str  # what it stops at, as it was typed
    enabled: bool  # whether it stops anything
    hits: int  # how often the session came to where it stops
    n_moments: int  # at how many moments of the graph at hand it stops
    problem: str = ""  # why it cannot stop in this graph, `""` if it can


@dataclass(slots=True)
class _Entry:
    number: int
    kind: StopKind
    text: str
    enabled: bool = True
    hits: int = 0
    problem: str = ""
    moments: Ints = field(default_factory=lambda: np.array([], np.int64))
    nodes: Ints = field(default_factory=lambda: np.array([], np.int64))

    def shown(self) -> StopPoint:
        return StopPoint(
            self.number, self.kind, self.text, self.enabled, self.hits, len(self.moments),
            self.problem,
        )  # fmt: skip

    def stops_at(self, moment: int) -> bool:
        place = int(np.searchsorted(self.moments, moment))
        return place < len(self.moments) and int(self.moments[place]) == moment

    def find(self, timeline: Timeline) -> None:
        """Finds where it stops on a timeline. Raises what is wrong with its text there."""
        if self.kind == "breakpoint":
            self.moments = timeline.where(condition_at(timeline, self.text))
        else:
            self.nodes = find_nodes(timeline.graph, self.text)
            watched = np.zeros(len(timeline.graph), np.bool_)
            watched[self.nodes] = True
            self.moments = timeline.changes_of(watched)
        self.problem = ""


class StopTable:
    """All breakpoints and watchpoints of a session."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._entries: dict[int, _Entry] = {}
        self._next_number = 1

    def __len__(self) -> int:
        return len(self._entries)

    def listed(self) -> tuple[StopPoint, ...]:
        """All of them, by number."""
        return tuple(entry.shown() for entry in self._entries.values())

    def add(
        self, kind: StopKind, text: str, *, enabled: bool = True, even_if_nowhere: bool = False
    ) -> StopPoint:
        """Adds one.

        Args:
            kind: breakpoint or watchpoint.
            text: a condition, an op, a scope or a node to break at; a node, a matrix, a row or a
                scope to watch. A scope may be a pattern, `pos*/layer0`.
            enabled: whether it stops already.
            even_if_nowhere: keeps one that means nothing in this graph, with its problem.

        Raises:
            GraphError: there is no such node or scope.
            ConditionError: the condition is none.
        """
        entry = _Entry(self._next_number, kind, text.strip(), enabled)
        try:
            entry.find(self._timeline)
        except (GraphError, ConditionError) as error:
            if not even_if_nowhere:
                raise
            entry.problem = str(error)
        self._entries[entry.number] = entry
        self._next_number += 1
        return entry.shown()

    def enable(self, number: int, enabled: bool) -> StopPoint:
        """Switches one on or off. Raises `GraphError` if there is none of that number."""
        entry = self._existing(number)
        entry.enabled = enabled
        return entry.shown()

    def delete(self, number: int) -> StopPoint:
        """Takes one away. Raises `GraphError` if there is none of that number."""
        entry = self._existing(number)
        del self._entries[number]
        return entry.shown()

    def clear(self) -> None:
        """Takes all away."""
        self._entries.clear()

    def move_to(self, timeline: Timeline) -> None:
        """Finds all of them on another timeline."""
        self._timeline = timeline
        for entry in self._entries.values():
            try:
                entry.find(timeline)
            except (GraphError, ConditionError) as error:
                entry.problem, entry.moments = str(error), np.array([], np.int64)

    def watched(self, number: int) -> Ints:
        """The nodes of a watchpoint, none of a breakpoint."""
        return self._existing(number).nodes

    def all_watched(self) -> Ints:
        """The nodes of all watchpoints, ascending."""
        nodes = [entry.nodes for entry in self._entries.values()]
        return np.unique(np.concatenate(nodes)) if nodes else np.array([], np.int64)

    def next_after(self, moment: int) -> int | None:
        """The first moment later than this one at which an enabled one stops."""
        found = []
        for entry in self._enabled():
            place = int(np.searchsorted(entry.moments, moment, side="right"))
            found += entry.moments[place : place + 1].tolist()
        return min(found, default=None)

    def last_before(self, moment: int) -> int | None:
        """The last moment earlier than this one at which an enabled one stops."""
        found = []
        for entry in self._enabled():
            place = int(np.searchsorted(entry.moments, moment))
            found += entry.moments[max(0, place - 1) : place].tolist()
        return max(found, default=None)

    def at(self, moment: int) -> tuple[StopPoint, ...]:
        """Those that stop at a moment."""
        return tuple(entry.shown() for entry in self._enabled() if entry.stops_at(moment))

    def count_hits(self, moment: int) -> None:
        """Counts a hit of each that stops at a moment: the session comes there."""
        for entry in self._enabled():
            entry.hits += entry.stops_at(moment)

    def _enabled(self) -> list[_Entry]:
        return [entry for entry in self._entries.values() if entry.enabled]

    def _existing(self, number: int) -> _Entry:
        try:
            return self._entries[number]
        except KeyError:
            there = ", ".join(map(str, self._entries)) or "none"
            raise GraphError(f"no breakpoint or watchpoint {number}; there is {there}") from None


def condition_at(timeline: Timeline, text: str) -> NodeCondition:
    """The condition that a breakpoint's text means: an op's name, scopes, a node, or itself.

    Raises:
        GraphError: it looks like a node or a scope, and there is none of that name.
        ConditionError: it is no condition.
    """
    text, graph = text.strip(), timeline.graph
    if text in graph.op_names:
        return NodeCondition.parse(f'op == "{text}"', graph.op_names)
    if any(scope.path == text.strip("/") for scope in graph.scopes if scope.path):
        return NodeCondition.parse(f"scope within {quoted(text)}")
    if re.fullmatch(r"[\w./\[\]*-]+", text) and ANY in text:
        graph.scopes.find_all(text)  # complains if it stands for none
        return NodeCondition.parse(f"scope within {quoted(text)}")
    if re.fullmatch(r"[#\w./\[\]-]+", text):
        node: int | None = find_node(graph, text)
    else:
        node = find_told(graph, text)
    if node is not None:
        timeline.moment_of(node, "forward")  # complains about a leaf: no event visits one
        return NodeCondition.parse(f"id == {node}")
    return NodeCondition.parse(text, graph.op_names)
