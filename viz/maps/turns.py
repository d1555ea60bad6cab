"""Turns of a program's loops, told by what they read: layers, or units side by side.

At one place in the code, in one column, other parameters are read each time around. If a turn needs
the one before, the turns are layers; else they are units that stand side by side. A loop whose
turns read the same parameters is folded: all its turns are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from microgpt.graph.graph import Graph
from viz.maps.places import Position


class Turn(NamedTuple):
    """Which turn of the loops around it a piece belongs to."""

    layer: int | None = None  # counted from 0; None outside of layers
    units: tuple[int, ...] = ()  # of the loops around that are no layers, from the outermost in


class Made(NamedTuple):
    """A piece of one column."""

    number: int
    start: int  # first of its nodes
    stop: int  # one past the last
    position: Position  # in the code
    reads: int  # the matrices that it reads, as bits


def turns_of(graph: Graph, columns: Iterable[Sequence[Made]]) -> dict[int, Turn]:
    """The turn of each piece, by its number.

    Args:
        columns: the pieces of each, in the order of their nodes.
    """
    start, operands = graph.operand_start.tolist(), graph.operands.tolist()
    found: dict[int, Turn] = {}
    for pieces in columns:
        finder = _Finder(start, operands)
        finder.split(pieces, Turn())
        found |= finder.found
    return found


@dataclass
class _Finder:
    start: list[int]  # of each node's edges, as in a Graph
    operands: list[int]
    found: dict[int, Turn] = field(default_factory=dict)
    n_layers: int = 0

    def split(self, pieces: Sequence[Made], outer: Turn) -> None:
        """Gives pieces inside of one turn their turns of the loops within."""
        turns = _turns(pieces)
        if not turns:
            self.found |= dict.fromkeys((piece.number for piece in pieces), outer)
            return
        first, last = turns[0][0].start, turns[-1][-1].stop
        self.split([piece for piece in pieces if piece.start < first], outer)
        are_layers = outer.layer is None and self._need_each_other(turns)
        for place, turn in enumerate(turns):
            inner = outer._replace(units=(*outer.units, place))
            if are_layers:
                inner = outer._replace(layer=self.n_layers)
                self.n_layers += 1
            self.split(turn, inner)
        self.split([piece for piece in pieces if piece.start >= last], outer)

    def _need_each_other(self, turns: Sequence[Sequence[Made]]) -> bool:
        """Whether each turn is made of what the one before has read."""
        start, operands = self.start, self.operands
        latest: dict[int, int] = {}  # turn of the last reading that led to a node
        needed = [False] * len(turns)
        for place, turn in enumerate(turns):
            for piece in turn:
                for node in range(piece.start, piece.stop):
                    newest = -1
                    for edge in range(start[node], start[node + 1]):
                        newest = max(newest, latest.get(operands[edge], -1))
                    if newest == place - 1:
                        needed[place] = True
                    latest[node] = place if piece.reads else newest
        return all(needed[1:])


def _turns(pieces: Sequence[Made]) -> list[list[Made]]:
    """The turns of the outermost loop that reads other parameters each time; none if none does."""
    readers: dict[Position, list[tuple[int, int]]] = {}  # by place: index of a piece, what it reads
    for index, piece in enumerate(pieces):
        if piece.reads:
            at = readers.setdefault(piece.position, [])
            if not at or at[-1][1] != piece.reads:
                at.append((index, piece.reads))
    loops = [
        (len(at), position)
        for position, at in readers.items()
        if len(at) > 1 and _are_disjoint([reads for _, reads in at])
    ]
    if not loops:
        return []
    _, anchor = min(loops)
    heads = [index for index, _ in readers[anchor]]
    body = {piece.position for piece in pieces[heads[0] : heads[-1]]}
    starts = [heads[0]]
    for here, there in pairwise(heads):
        start = there
        while start > here + 1 and pieces[start - 1].position < anchor:
            start -= 1
        starts.append(start)
    # The first turn begins where the body does, and the last one ends where it does.
    while starts[0] > 0 and min(body) <= pieces[starts[0] - 1].position < anchor:
        starts[0] -= 1
    stop = heads[-1] + 1
    while stop < len(pieces) and anchor <= pieces[stop].position <= max(body):
        stop += 1
    return [list(pieces[start:end]) for start, end in zip(starts, [*starts[1:], stop], strict=True)]


def _are_disjoint(sets: Sequence[int]) -> bool:
    union = 0
    for each in sets:
        if union & each:
            return False
        union |= each
    return True
