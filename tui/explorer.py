"""Where a person stands in a graph: the box looked into, the box selected, the backward event.

The Graph mode shows this and nothing else. Knows no widget and no drawing; every number comes from
the `Graph`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from microgpt.events import Event
from microgpt.graph import Graph
from viz.boxes import Box, Folding
from viz.view import View, folded


class Explorer:
    """Moves through one graph.

    Attributes:
        graph: what is looked at.
        folding: its boxes.
        focus: the box looked into.
        selected: key of the selected box of the view.
        event: the backward event whose state is shown.
        stepping: whether the person is stepping through events; until then the last event, with
            every gradient complete, is shown.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.folding = Folding(graph)
        self.focus = self.folding.root
        self.event = self.last_event
        self.stepping = False
        self._views: dict[str, View] = {}
        self.selected = self.view.inside[-1].key

    def go_where(self, other: Explorer) -> None:
        """To the same place in this graph, or as near to it as there is one."""
        if other.focus.parent is not None:
            self.look_into(self.folding.find(other.focus.key))
        if other.stepping and other.event < self.graph.n_events:
            self.event, self.stepping = other.event, True
        self.select(other.selected)

    # -- what is shown -------------------------------------------------------------------------

    @property
    def view(self) -> View:
        """The boxes in sight."""
        key = self.focus.key
        if key not in self._views:
            self._views[key] = folded(self.folding, self.focus)
        return self._views[key]

    @property
    def selected_box(self) -> Box:
        """The selected box."""
        return next(box for box in self.view.boxes if box.key == self.selected)

    @property
    def last_event(self) -> int:
        """The last event of the backward pass."""
        return max(0, self.graph.n_events - 1)

    @property
    def visited(self) -> int | None:
        """The node being visited, None while not stepping."""
        if not self.stepping:
            return None
        return self.graph.root if not self.event else int(self.graph.visit_order[self.event - 1])

    def visit(self) -> Event | None:
        """What happens at the event shown, None while not stepping."""
        return self.graph.event(self.event) if self.stepping else None

    def grads(self) -> NDArray[np.float64]:
        """Every node's gradient at the event shown. Shape: `[node]`."""
        return self.graph.grads_at(self.event) if self.stepping else self.graph.grad

    def n_visited(self, box: Box) -> int:
        """How many of a box's nodes have been visited by the event shown; leaves never are."""
        events = self.graph.event_of[box.ids]
        return int(np.count_nonzero((events > 0) & (events <= self.event)))

    def n_visits(self, box: Box) -> int:
        """How many of a box's nodes the whole pass visits: those that are not leaves."""
        return int(np.count_nonzero(self.graph.event_of[box.ids]))

    # -- moving between boxes ------------------------------------------------------------------

    def select(self, key: str) -> None:
        """Selects a box of the view; any other key is ignored."""
        if any(box.key == key for box in self.view.boxes):
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
        self.selected = self.view.inside[-1].key
        self.select(left.key)
        return True

    def look_into(self, box: Box) -> None:
        """Looks into any box; a single node is selected where it lies instead."""
        if box.kind == "node":
            self.reveal(box.node)
            return
        self.focus = self.folding.find(box.key)  # neighbours joined for a view are not in the tree
        self.selected = self.view.inside[-1].key

    def reveal(self, node: int) -> None:
        """Opens what is needed to show a node as a box of its own, and selects it."""
        path = self.folding.path_to(node)
        if self.focus.key != path[-2].key:
            self.focus = path[-2]
        self.selected = path[-1].key

    # -- moving in time ------------------------------------------------------------------------

    def step(self, by: int) -> bool:
        """Goes on or back by events. False at the end of the pass.

        The first step of all visits the selected node if it is a single one, else begins with the
        first event (or, backwards, with the last).
        """
        if not self.graph.backpropagated:
            return False
        if not self.stepping:
            return self.go_to(self._first_stop(by))
        if not 0 <= self.event + by <= self.last_event:
            return False
        return self.go_to(self.event + by)

    def _first_stop(self, by: int) -> int:
        box = self.selected_box
        if box.kind == "node" and (event := int(self.graph.event_of[box.node])):
            return event
        return 0 if by > 0 else self.last_event

    def go_to(self, event: int) -> bool:
        """Goes to an event and shows the node it visits. False if there is none."""
        if not 0 <= event < self.graph.n_events:
            return False
        self.stepping = True
        self.event = event
        visited = self.visited
        if visited is not None:
            self.reveal(visited)
        return True
