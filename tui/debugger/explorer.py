"""Where a person stands in a graph: the moment of its passes, the box looked into, the selection.

The debugger's panes show this and nothing else. Knows no widget and no drawing; time is moved by
the `DebugSession`, space here, and every number comes from the `Graph`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from microgpt.debugger import DebugSession
from microgpt.debugger.running_grads import RunningGrads
from microgpt.debugger.session_state import State
from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.graph.arrays import Floats, Mask, frozen
from microgpt.graph.events import Change, Event, Phase
from microgpt.graph.graph import Graph
from tui.debugger.cell_walk import CellWalk
from viz.boxes import Box, Folding
from viz.maps.captions import document_captions
from viz.maps.folding import fitted
from viz.maps.step_map import StepMap
from viz.view import View, folded

SAME = 1e-9
"""Two sums are the same within this part of the sizes of what is added."""
SEEN_AS_BOXES = 60
"""Of so many nodes one sees each at a glance. Units: nodes."""


@dataclass(frozen=True, slots=True)
class Standpoint:
    """Where a person stands, in words that last from graph to graph."""

    focus: str  # key of the box looked into
    selected: str  # key of the selected box
    phase: Phase | None  # the pass being stepped through; None while not stepping
    event: int  # of that pass, 0 while not stepping


class Explorer:
    """Moves through one graph."""

    why_still: ClassVar[str] = ""  # why there is a Map, and nothing to move through, if so

    def __init__(self, session: DebugSession) -> None:
        self.session = session  # where in time; a verb carried out on it is followed by `follow`
        self.graph: Graph = session.graph  # what is looked at
        self.edits = session.edit_stack.texts
        """The what-ifs in force in it, as they are told: with any, the numbers are of no step."""
        self.folding = Folding(self.graph)  # its boxes
        self.focus = self.folding.root  # the box looked into
        # Whether the person moves through events; until then every number is shown complete.
        self.stepping = False
        self.should: PassEvidence | None = None
        """The pass as it should be, once the doctor has looked at it."""
        self._running_grads = RunningGrads(self.graph)
        self._views: dict[str, View] = {}
        self._fitting: dict[int, StepMap] = {}  # by how many rows there may be
        self._visits_of: dict[tuple[Phase, str], NDArray[np.int64]] = {}
        self.selected = self._inside[-1].key  # key of the selected box of the view

    @classmethod
    def arriving(cls, session: DebugSession, place: Standpoint | None) -> Explorer:
        """At a place in a session's graph; where the computation failed, if it did.

        Args:
            place: None for the whole graph.
        """
        explorer = cls(session)
        if session.state.stop.reason == "post mortem":
            explorer.follow()
        elif place is not None:
            explorer.go_where(place)
        return explorer

    @cached_property
    def changed(self) -> Mask:
        """Of each node, whether the what-ifs in force move its data or grad. Shape: `[node]`."""
        stack, graph = self.session.edit_stack, self.graph
        mask = np.ones(len(graph), np.bool_)  # what is not in the graph before is new
        before = stack.original.graph
        found = np.flatnonzero(stack.current.ids >= 0)
        there = stack.current.ids[found]
        same = _same_floats(graph.data[there], before.data[found])
        same &= _same_floats(graph.grad[there], before.grad[found])
        mask[there] = ~same
        return frozen(mask)

    def moved(self, boxes: Sequence[Box]) -> frozenset[str]:
        """Keys of the boxes with a number that the what-ifs in force move."""
        if not self.edits:
            return frozenset()
        return frozenset(box.key for box in boxes if self.changed[box.ids].any())

    @property
    def is_off(self) -> Mask | None:
        """Of each node, whether its gradient is another than it should be; None if all are right.

        Shape: `[node]`.
        """
        return self.should.off if self.should is not None and self.should.off.any() else None

    @cached_property
    def true_graph(self) -> Graph:
        """The same computation after the pass as it should be."""
        assert self.should is not None
        true = self.should
        return replace(self.graph, grad=true.true_grad, local_grads=true.slopes, ledger=None)

    def off(self, boxes: Sequence[Box]) -> frozenset[str]:
        """Keys of the boxes with a gradient that is another than it should be."""
        if (is_off := self.is_off) is None:
            return frozenset()
        return frozenset(box.key for box in boxes if is_off[box.ids].any())

    def grad_that_should_be(self, node: int) -> float | None:
        """The true gradient of a node, where the one it has is another."""
        if self.should is None or not self.should.off[node]:
            return None
        return float(self.should.true_grad[node])

    def sum_that_should_be(self, change: Change) -> float | None:
        """What a write should have left, where it left another number.

        That is what was there and the true local gradient times the adjoint of the visit.
        """
        edge = change.edge
        if self.should is None or edge is None:
            return None
        place = int(self.graph.operand_start[edge.consumer]) + edge.slot
        should = change.old + float(self.should.slopes[place]) * change.adjoint
        room = SAME * (abs(change.old) + abs(should - change.old))
        return None if abs(change.new - should) <= room or np.isnan(should) else should

    def before(self, node: int) -> tuple[float, float] | None:
        """Data and grad of a node without what-ifs; None if it is not there without them."""
        stack = self.session.edit_stack
        original = stack.current.original_id(node)
        if original is None:
            return None
        graph = stack.original.graph
        return float(graph.data[original]), float(graph.grad[original])

    @property
    def place(self) -> Standpoint:
        """Where the person stands."""
        phase, event = (self.state.phase, self.state.event) if self.stepping else (None, 0)
        return Standpoint(self.focus.key, self.selected, phase, event)

    def go_where(self, place: Standpoint) -> None:
        """To a place of any graph, or as near to it as there is one in this."""
        if place.focus != self.focus.key:
            self.look_into(self.folding.find(place.focus))
        self.stepping = place.phase is not None
        if place.phase is not None:
            self.go_to_moment(place.phase, place.event)
        self.select(place.selected)

    def go_to_moment(self, phase: Phase, event: int) -> None:
        """To an event of a pass, or to its last if there are not so many."""
        timeline = self.session.timeline
        if phase == "forward":
            moment = min(event, timeline.n_forward)
        else:
            moment = min(timeline.n_forward + 1 + event, timeline.last)
        self.session.goto_moment(moment)
        self.stepping = True

    # -- what is shown -------------------------------------------------------------------------

    @property
    def view(self) -> View:
        """The boxes in sight.

        In a large graph it may take half a second to find what surrounds the focus for the first
        time; any thread may ask for it ahead, with `view_of`.
        """
        return self.view_of(self.focus)

    def view_of(self, focus: Box) -> View:
        """The boxes in sight when looking into one."""
        view = self._views.get(focus.key)
        if view is None:
            view = self._views.setdefault(focus.key, folded(self.folding, focus))
        return view

    @cached_property
    def map(self) -> StepMap:
        """The Map of the graph, with the tokens of its columns where they are known."""
        return self._map_of(self.graph, self.session.edit_stack.tokens)

    @cached_property
    def map_unedited(self) -> StepMap:
        """The same without the what-ifs in force."""
        return self._map_of(self.session.edit_stack.original.graph, {})

    def _map_of(self, graph: Graph, tokens: Mapping[int, str]) -> StepMap:
        origin = self.session.origin
        if origin is None:
            return StepMap.of(graph)
        labels, tokenizer = list(origin.labels), origin.model.tokenizer
        for position, character in tokens.items():
            labels[position] = tokenizer.label(tokenizer.encode(character)[1])  # behind BOS
        return StepMap.of(graph, document_captions(graph, labels), origin.step)

    def map_fitting(self, most_rows: int) -> StepMap:
        """The Map with so many rows at most; folded no further than it must be.

        Any thread may ask for it ahead: what is drawn of it is computed here.
        """
        fitting = self._fitting.get(most_rows)
        if fitting is None:
            fitting = self._fitting.setdefault(most_rows, fitted(self.map, most_rows))
            _ = fitting.grad_norm, fitting.weights, fitting.river
        return fitting

    @property
    def map_tells(self) -> bool:
        """Whether the Map says more than boxes do: of many nodes, in columns side by side."""
        if self.graph.region is not None:
            return False
        return len(self.graph) > SEEN_AS_BOXES and len(self.map.grid.labels) > 1

    @cached_property
    def cells(self) -> CellWalk:
        """Moves in time by the Map's cells."""
        return CellWalk(self.session, self.map)

    def looks_into(self, path: str) -> bool:
        """Whether the box looked into is a scope, or lies inside of it."""
        box: Box | None = self.focus
        while box is not None and not (box.kind == "scope" and box.title == path):
            box = box.parent
        return box is not None

    @property
    def selected_box(self) -> Box:
        """The selected box."""
        inside = next((box for box in self._inside if box.key == self.selected), None)
        return inside or next(box for box in self.view.around if box.key == self.selected)

    @property
    def _inside(self) -> tuple[Box, ...]:
        return self.folding.children(self.focus)

    @property
    def state(self) -> State:
        """The moment of the session."""
        return self.session.state

    @property
    def is_in_forward_pass(self) -> bool:
        """Whether the walk is where no gradient is there yet."""
        return self.stepping and self.state.phase == "forward"

    @property
    def visited(self) -> int | None:
        """The node being visited, None while not stepping and before the first."""
        return self.state.node if self.stepping else None

    def moment_in_words(self) -> list[str]:
        """`backward 15,537/46,003`, `cell 35/114` and the stops; nothing while not stepping."""
        if not self.stepping:
            return []
        state, timeline = self.state, self.session.timeline
        last = timeline.n_forward if state.phase == "forward" else self.graph.n_events - 1
        points = (f"{point.kind} {point.number}" for point in state.stop.points)
        return [f"{state.phase} {state.event:,}/{last:,}", self.cells.in_words(), *points]

    def visit(self) -> Event | None:
        """What happens at the backward event shown; None at any other moment."""
        if not self.stepping or self.state.phase == "forward":
            return None
        return self.graph.event(self.state.event)

    def grads(self) -> NDArray[np.float64]:
        """Every node's gradient at the moment shown, good until the next one. Shape: `[node]`."""
        if not self.stepping:
            return self.graph.grad
        if self.state.phase == "forward":
            return self.graph.grad_before
        return self._running_grads.at(self.state.event)

    def n_visited(self, box: Box) -> int:
        """How many of a box's nodes the pass at hand has visited; leaves never are."""
        return int(np.count_nonzero(self._visits(box) <= self.state.event))

    def n_visits(self, box: Box) -> int:
        """How many of a box's nodes the whole pass visits: those that are not leaves."""
        return len(self._visits(box))

    def _visits(self, box: Box) -> NDArray[np.int64]:
        """The events of the pass at hand that visit a box's nodes."""
        at = (self.state.phase, box.key)
        if at not in self._visits_of:
            is_forward = self.state.phase == "forward"
            events = (self._forward_event_of if is_forward else self.graph.event_of)[box.ids]
            self._visits_of[at] = events[events > 0]
        return self._visits_of[at]

    @cached_property
    def _forward_event_of(self) -> NDArray[np.int64]:
        events = np.zeros(len(self.graph), np.int64)
        order = self.graph.forward_order
        events[order] = np.arange(1, len(order) + 1)
        return events

    def reference(self) -> str:
        """The selected box in the debugger's words, `""` if it is no node, scope or parameters."""
        box = self.selected_box
        if box.kind == "node":
            name = self.graph.names.get(box.node)  # which several nodes may share
            is_its_own = name is not None and self.graph.find(name) == box.node
            return name if name and is_its_own else f"#{self.graph.id_of(box.node)}"
        return box.title if box.kind in ("scope", "parameters") else ""

    # -- moving between boxes ------------------------------------------------------------------

    def select(self, key: str) -> None:
        """Selects a box of the view; any other key is ignored."""
        if any(b.key == key for b in self._inside) or any(b.key == key for b in self.view.around):
            self.selected = key

    def open(self) -> bool:
        """Looks into the selected box; for a single node outside the focus, where it lies.

        False for a single node inside: nothing is in it.
        """
        box = self.selected_box
        if box.kind == "node" and self.focus.holds(box.node):
            return False
        self.look_into(box)
        return True

    def close(self) -> bool:
        """Looks into the box around, with the one left selected. False at the whole graph."""
        if self.focus.parent is None:
            return False
        left = self.focus
        self.focus = left.parent or self.folding.root
        self.selected = self._inside[-1].key
        self.select(left.key)
        return True

    def look_into(self, box: Box) -> None:
        """Looks into any box; a single node is selected where it lies instead."""
        if box.kind == "node":
            self.reveal(box.node)
            return
        self.focus = self.folding.find(box.key)  # neighbours joined for a view are not in the tree
        self.selected = self._inside[-1].key

    def reveal(self, node: int) -> None:
        """Opens what is needed to show a node as a box of its own, and selects it."""
        path = self.folding.path_to(node)
        if self.focus.key != path[-2].key:
            self.focus = path[-2]
        self.selected = path[-1].key

    # -- moving in time ------------------------------------------------------------------------

    def first_place(self, node: int | None = None) -> str:
        """Where stepping begins: at the visit of a node, else at the backward pass.

        In the words of the debugger's `goto`; `""` if there is no backward pass to step through.
        """
        if not self.graph.backpropagated:
            return ""
        return f"backward {0 if node is None else max(0, int(self.graph.event_of[node]))}"

    def expect_moves(self) -> None:
        """Computes what the first moves would wait for: in a million nodes, a tenth of a second.

        In any thread: all of it is the graph's own and does not depend on the moment.
        """
        _ = self.graph.event_of, self.graph.fan_out, self.session.timeline.scope_starts

    def follow(self) -> None:
        """Shows where the session has gone: the node it visits, as a box of its own."""
        self.stepping = True
        if self.visited is not None:
            self.reveal(self.visited)


def why_not(explorer: Explorer | None) -> str:
    """Why there is nothing to walk and to ask, `""` if there is."""
    return "no graph is there yet" if explorer is None else explorer.why_still


def _same_floats(a: Floats, b: Floats) -> Mask:
    """Where two arrays have the same numbers; nan is the same as nan."""
    same: Mask = (a == b) | (np.isnan(a) & np.isnan(b))
    return same
