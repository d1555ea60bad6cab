"""Places in the code, as numbers: the calls that lead to one, from the outermost in, and its line.

All turns of a loop are one place. Within a call that is a column's, places are told from that call
on, so that columns have them in common.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from microgpt.autograd.scopes import BY_HAND
from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph
from viz.maps.matrices import NOWHERE

Position = tuple[tuple[int, ...], ...]
"""Line and instructions of each call on the way, which sort as the code runs."""


@dataclass(frozen=True, eq=False)
class Places:
    """The places that scopes were entered from."""

    of_scope: tuple[int, ...]  # number of each scope's place; 0 is that of the root
    names: tuple[tuple[str, ...], ...]  # of the calls that lead to each place
    positions: tuple[Position, ...]  # of each place
    outer: tuple[int, ...]  # the place around each, -1 for none
    calls: tuple[int, ...]  # which of a column's calls each lies in, -1 for none
    are_known: bool  # whether the program's calls were recorded, or there are none

    @classmethod
    def of(cls, graph: Graph, calls: Mapping[int, int]) -> Places:
        """The places of a graph's scopes.

        Args:
            calls: the scopes that are calls of a column, each with its number in that.
        """
        scopes = tuple(graph.scopes)
        are_known = bool((graph.line_of >= 0).any()) and (
            len(scopes) == 1 or any(scope.place is not None for scope in scopes)
        )
        numbers: dict[object, int] = {"": 0}
        of_scope: list[int] = [0]
        names: list[tuple[str, ...]] = [()]
        positions: list[Position] = [()]
        call_of: list[int] = [NOWHERE]
        outers: list[int] = [NOWHERE]
        for scope in scopes[1:]:
            outer, call = of_scope[scope.parent], calls.get(scope.index, NOWHERE)
            key: object = call
            way: tuple[str, ...] = ()
            position: Position = ((call,),)
            if call == NOWHERE:
                call = call_of[outer]
                # The k-th call of a function belongs to column k, whatever its number; within a
                # column, it is all that tells apart calls whose places are not known.
                keeps_number = scope.place is None and call != NOWHERE
                name = scope.name if keeps_number else _unnumbered(scope.name)
                is_call = scope.place is not None and scope.place.offset != BY_HAND
                # At one place different classes may be called: `layer(x)`.
                key = (outer, name, scope.place if is_call else None)
                at = scope.place[1:] if scope.place else (0,)
                way, position = (*names[outer], name), (*positions[outer], at)
            number = numbers.setdefault(key, len(numbers))
            if number == len(names):
                names.append(way)
                positions.append(position)
                call_of.append(call)
                outers.append(NOWHERE if scope.index in calls else outer)
            of_scope.append(number)
        return cls(
            tuple(of_scope),
            tuple(names),
            tuple(positions),
            tuple(outers),
            tuple(call_of),
            are_known,
        )

    def of_nodes(self, graph: Graph) -> Ints:
        """A number for the place that made each node, its line included. Shape: `[node]`."""
        n_lines = len(graph.source_lines) + 1
        return np.array(self.of_scope)[graph.scope_of] * n_lines + graph.line_of + 1

    def is_inside(self, place: int, other: int) -> bool:
        """Whether a place lies in a call from another, or is that."""
        while place not in (other, NOWHERE):
            place = self.outer[place]
        return place == other

    def position(self, graph: Graph, place: int, line: int) -> Position:
        """Where a line is, or a call as a whole if it is -1."""
        if line < 0:
            return self.positions[place]
        return (*self.positions[place], (graph.source_lines[line][1],))


def _unnumbered(name: str) -> str:
    """The name that a scope was entered under: `linear` of `linear[1]`."""
    return re.sub(r"\[\d+\]$", "", name)
