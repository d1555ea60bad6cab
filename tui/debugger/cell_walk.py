"""A walk along the passes of a graph by the cells and columns of its Map. Knows no widget."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from microgpt.debugger import DebugSession
from microgpt.graph.arrays import Floats, Ints
from viz.maps.moments import MapMoment, column_completions, completions, moment_of
from viz.maps.step_map import StepMap

Stage: TypeAlias = Literal["cell", "column"]
"""What is complete where the walk stops."""


class CellWalk:
    """Moves a session to where cells and columns of its graph's Map are complete."""

    def __init__(self, session: DebugSession, step_map: StepMap) -> None:
        self._session = session
        self._map = step_map

    def go(self, stage: Stage, direction: int) -> bool:
        """To where the next one is complete, or the one before was; False if there is none.

        A breakpoint or watchpoint on the way stops it, as it stops the debugger's `next`.
        """
        session, state = self._session, self._session.state
        stops = self._stops(stage)
        place = int(np.searchsorted(stops, state.event, side="right" if direction > 0 else "left"))
        if direction > 0 and place == len(stops):
            return False
        begin = 0 if state.phase == "forward" else session.timeline.n_forward + 1
        if direction > 0:
            session.toward(begin + int(stops[place]))
        else:
            session.toward(begin + (int(stops[place - 1]) if place else 0))
        return direction > 0 or place > 0

    def _stops(self, stage: Stage) -> Ints:
        """The events at which this pass stops, ascending."""
        phase = self._session.state.phase
        if stage == "cell":
            return completions(self._map, phase)
        stops = np.unique(column_completions(self._map, phase))
        return stops[stops >= 0]

    def moment(self, shown: StepMap, grads: Floats) -> MapMoment:
        """Where the session stands, on a Map of its graph.

        Args:
            shown: the Map, perhaps folded.
            grads: of every node at this moment. Shape: `[node]`.
        """
        state = self._session.state
        return moment_of(shown, state.phase, state.event, grads)

    def in_words(self) -> str:
        """`cell 35/114`."""
        stops = self._stops("cell")
        done = int(np.searchsorted(stops, self._session.state.event, side="right"))
        return f"cell {done}/{len(stops)}"
