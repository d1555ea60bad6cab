"""A step on the Map, and a walk along its passes by events, cells and positions.

Knows no widget: Map mode shows where the walk stands.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from microgpt.debugger import DebugSession
from microgpt.debugger.post_mortem import compute
from microgpt.debugger.running_grads import RunningGrads
from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph
from microgpt.train.graph_origin import GraphOrigin
from viz.maps.captions import document_captions
from viz.maps.moments import MapMoment, column_completions, completions, moment_of
from viz.maps.step_map import StepMap


@dataclass(frozen=True, eq=False)
class MappedStep:
    """A step with its Map, and a session that walks along its passes."""

    origin: GraphOrigin
    session: DebugSession
    map: StepMap
    row_norms: tuple[float, ...]  # of the gradient, over the cells of each row

    def updated_graph(self) -> Graph:
        """The same text after this step's update."""
        return self.origin.updated(self.session.graph).graph(self.origin.document)


def mapped_step(origin: GraphOrigin) -> MappedStep:
    """Computes the graph of a step and its Map.

    Raises:
        MicrogptError: there is no graph.
    """
    computed = compute(origin.model, origin.document)
    session = DebugSession(computed.graph, origin, computed.problem)
    tokenizer, size = origin.model.tokenizer, origin.model.config.block_size
    tokens = tokenizer.encode(origin.document)[: size + 1]
    captions = document_captions(computed.graph, [tokenizer.label(token) for token in tokens])
    step_map = StepMap.of(computed.graph, captions, origin.step)
    inside = np.flatnonzero(step_map.grid.column_of >= 0)
    with np.errstate(all="ignore"):  # inf and nan are data here, not accidents
        squares = np.bincount(
            step_map.grid.row_of[inside], step_map.grad_norm[inside] ** 2, len(step_map.rows)
        )
        norms = np.sqrt(squares)
    return MappedStep(origin, session, step_map, tuple(norms.tolist()))


class MapWalk:
    """Goes along the passes of one step; before the first move nothing is walked."""

    def __init__(self, step: MappedStep) -> None:
        self.step = step
        self.has_begun = False
        self._grads = RunningGrads(step.session.graph)

    @classmethod
    def arriving(cls, step: MappedStep, before: MapWalk | None) -> MapWalk:
        """At the same moment of another step, if its graph has that; else before the pass."""
        walk = cls(step)
        if before is not None and before.has_begun:
            walk.has_begun = True
            same = len(before.step.session.graph) == len(step.session.graph)
            moment = before.step.session.state.moment
            step.session.goto_moment(moment if same else step.session.timeline.n_forward + 1)
        return walk

    def begin(self) -> bool:
        """Stands at the beginning of the backward pass, if the walk has not begun; whether so."""
        if self.has_begun:
            return False
        self.has_begun = True
        session = self.step.session
        session.goto("backward 0" if session.graph.backpropagated else "start")
        return True

    def by_events(self, by: int) -> None:
        """On or back by events."""
        session = self.step.session
        if by > 0:
            session.step(by)
        else:
            session.back(-by)

    def to_cell(self, direction: int) -> bool:
        """To where the next cell is complete, or the one before was; False if there is none."""
        return self._go(completions(self.step.map, self.step.session.state.phase), direction)

    def to_column(self, direction: int) -> bool:
        """The same for whole columns."""
        stops = np.unique(column_completions(self.step.map, self.step.session.state.phase))
        return self._go(stops[stops >= 0], direction)

    def _go(self, stops: Ints, direction: int) -> bool:
        session = self.step.session
        state = session.state
        place = int(np.searchsorted(stops, state.event, side="right" if direction > 0 else "left"))
        if direction > 0 and place == len(stops):
            return False
        if direction > 0:
            session.goto(f"{state.phase} {int(stops[place])}")
        else:
            session.goto(f"{state.phase} {int(stops[place - 1]) if place else 0}")
        return direction > 0 or place > 0

    def to_end(self) -> None:
        """To the last event of all."""
        self.has_begun = True
        self.step.session.goto("end")

    def to_beginning(self) -> None:
        """To the first event of the backward pass; from there to that of the forward pass."""
        session, state = self.step.session, self.step.session.state
        at_backward_0 = self.has_begun and (state.phase, state.event) == ("backward", 0)
        in_forward = self.has_begun and state.phase == "forward"
        to_start = at_backward_0 or in_forward or not session.graph.backpropagated
        self.has_begun = True
        session.goto("start" if to_start else "backward 0")

    def moment(self, shown: StepMap) -> MapMoment | None:
        """Where the walk stands on a Map of this step; None before it has begun."""
        if not self.has_begun:
            return None
        state, graph = self.step.session.state, self.step.session.graph
        grads = self._grads.at(state.event) if state.phase == "backward" else graph.grad_before
        return moment_of(shown, state.phase, state.event, grads)

    def in_words(self) -> str:
        """`backward 15,537/46,003 · cell 35/114`."""
        session = self.step.session
        state = session.state
        is_forward = state.phase == "forward"
        last = session.timeline.n_forward if is_forward else session.graph.n_events - 1
        stops = completions(self.step.map, state.phase)
        done = int(np.searchsorted(stops, state.event, side="right"))
        return f"{state.phase} {state.event:,}/{last:,} · cell {done}/{len(stops)}"
