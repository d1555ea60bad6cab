"""Where a person stands in a step that is too large for its scalars: on its Map, and nowhere else.

Its cells are opened one at a time, as regions, each with an `Explorer` of its own.
"""

from __future__ import annotations

from functools import cached_property

from microgpt.debugger import DebugSession
from microgpt.train.graph_origin import GraphOrigin
from microgpt.train.region_graph import region_graph
from microgpt.train.step_vectors import StepVectors
from tui.debugger.explorer import Explorer, Standpoint
from viz.maps.step_map import StepMap
from viz.maps.vector_map import map_of_vectors, vectors_of


class StillExplorer(Explorer):
    """A step's Map from its vectors; nothing in it is walked or asked."""

    why_still = "too large to be walked or asked: ⏎ opens a cell's scalars"

    def __init__(self, origin: GraphOrigin) -> None:  # of no graph of scalars
        """Computes the step.

        Raises:
            InputError: a number of it is not finite.
        """
        self.vectors: StepVectors = vectors_of(origin.model, origin.document)
        self._made = map_of_vectors(self.vectors, origin.step)
        self.session = DebugSession(self._made.graph, origin)
        self.graph, self.edits = self._made.graph, ()
        self.should, self.stepping = None, False
        self._fitting = {}

    @cached_property
    def map(self) -> StepMap:
        """The Map."""
        return self._made

    @property
    def map_unedited(self) -> StepMap:
        """The Map: nothing can be edited."""
        return self._made

    @property
    def place(self) -> Standpoint:
        """Nowhere in particular."""
        return Standpoint("", "", None, 0)

    def go_where(self, place: Standpoint) -> None:
        """There is nowhere to go."""

    def first_place(self, node: int | None = None) -> str:  # noqa: ARG002  # as of any explorer
        """Any: whoever goes there is told that it cannot be."""
        return "end"

    def looks_into(self, path: str) -> bool:  # noqa: ARG002  # as of any explorer
        """It looks into nothing."""
        return False

    def follow(self) -> None:
        """There is nothing to follow."""

    def expect_moves(self) -> None:
        """None will come."""

    def region(self, path: str) -> Explorer:
        """A scope of the step in scalars.

        Raises:
            GraphError: it is none, or too large.
        """
        explorer = Explorer(DebugSession(region_graph(self.vectors, [path])))
        explorer.look_into(explorer.folding.scope(path))
        _ = explorer.view  # found here, and not on screen
        return explorer
