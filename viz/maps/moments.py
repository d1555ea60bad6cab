"""A Map at a moment of a pass: which cells are begun, under way, complete, and where it stops.

A cell's visits are not one after the other: the depth-first order goes back and forth between
cells. So a cell is complete when the last of its nodes has been visited.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from microgpt.graph.arrays import Floats, Ints
from microgpt.graph.events import Phase
from viz.maps.lenses import Look
from viz.maps.step_map import NEVER, StepMap


class Progress(IntEnum):
    """How far a pass is with a cell."""

    NOT_YET = 0
    PARTIAL = 1  # later cells have given it some of its gradient, and others will give more
    UNDER_WAY = 2  # some of its nodes have been visited
    COMPLETE = 3


@dataclass(frozen=True, eq=False)
class MapMoment:
    """A Map after an event."""

    phase: Phase
    event: int
    progress: Ints  # a `Progress` of each cell. Shape: `[cell]`
    done: Ints  # how many of each cell's nodes have been visited. Shape: `[cell]`
    numbers: Floats  # L2 norm over each cell's outputs as it is now. Shape: `[cell]`
    visited: int  # cell of the node that is visited, -1 for none

    def waits(self, look: Look, cell: int) -> bool:
        """Whether a cell's number is still to come: the pass makes it, and is not done there.

        Numbers that another pass has made, or that are of the step as a whole, are there.
        """
        is_made_now = look.lens.made_by == self.phase
        return is_made_now and bool(self.progress[cell] != Progress.COMPLETE)


def moment_of(step_map: StepMap, phase: Phase, event: int, grads: Floats) -> MapMoment:
    """A Map after an event of a pass.

    Args:
        grads: of every node after it; in the forward pass, not looked at. Shape: `[node]`.
    """
    graph, cell_of = step_map.graph, step_map.grid.cell_of
    order = graph.visit_order if phase == "backward" else graph.forward_order
    done = np.bincount(cell_of[order[:event]], minlength=step_map.n_cells)
    total = visits(step_map, phase)
    progress = np.full(step_map.n_cells, int(Progress.NOT_YET))
    if phase == "backward":
        numbers = step_map.norms(grads)
        first = step_map.first_write
        progress[(first != NEVER) & (first <= event)] = Progress.PARTIAL
        progress[(total == 0) & (step_map.last_write <= event)] = Progress.COMPLETE
        visited = int(order[event - 1]) if event else graph.root
    else:
        computed = np.zeros(len(graph), np.bool_)
        computed[order[:event]] = True
        computed[graph.operand_start[1:] == graph.operand_start[:-1]] = True
        numbers = step_map.norms(np.where(computed, graph.data, 0.0))
        progress[total == 0] = Progress.COMPLETE
        visited = int(order[event - 1]) if event else -1
    progress[done > 0] = Progress.UNDER_WAY
    progress[(done == total) & (total > 0)] = Progress.COMPLETE
    return MapMoment(
        phase, event, progress, done, numbers, int(cell_of[visited]) if visited >= 0 else -1
    )


def visits(step_map: StepMap, phase: Phase) -> Ints:
    """How many of each cell's nodes a pass visits. Shape: `[cell]`."""
    graph = step_map.graph
    order = graph.visit_order if phase == "backward" else graph.forward_order
    return np.bincount(step_map.grid.cell_of[order], minlength=step_map.n_cells)


def completions(step_map: StepMap, phase: Phase) -> Ints:
    """The events after which a cell of a column is complete, ascending."""
    inside = step_map.grid.column_of >= 0
    last = last_events(step_map, phase)[inside]
    return np.unique(last[last != NEVER])


def column_completions(step_map: StepMap, phase: Phase) -> Ints:
    """The event after which each column is complete, -1 if it has no visits. Shape: `[column]`."""
    grid = step_map.grid
    last = np.full(len(grid.labels), NEVER)
    inside = np.flatnonzero(grid.column_of >= 0)
    np.maximum.at(last, grid.column_of[inside], last_events(step_map, phase)[inside])
    return last


def last_events(step_map: StepMap, phase: Phase) -> Ints:
    """The event after which each cell is complete, -1 if nothing in it is visited. `[cell]`."""
    if phase == "backward":
        return step_map.last_event
    graph = step_map.graph
    last = np.full(step_map.n_cells, NEVER)
    order = graph.forward_order
    np.maximum.at(last, step_map.grid.cell_of[order], np.arange(1, len(order) + 1))
    return last
