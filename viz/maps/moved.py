"""What a what-if moves on a Map: the numbers and weights that it shows and did not show without."""

from __future__ import annotations

from dataclasses import dataclass

from viz.maps.lenses import Look
from viz.maps.scale import Scale


@dataclass(frozen=True, slots=True)
class Moved:
    """Numbers of a Map that are marked."""

    cells: frozenset[int] = frozenset()  # those that show another number
    weights: frozenset[tuple[int, int]] = frozenset()  # of heads, as `(cell, source column)`
    wrong: frozenset[int] = frozenset()  # cells with gradients that should be others

    @property
    def heads(self) -> frozenset[int]:
        """The cells of heads with another weight."""
        return frozenset(cell for cell, _ in self.weights)

    def __bool__(self) -> bool:
        return bool(self.cells or self.weights)

    @classmethod
    def between(cls, before: Look, after: Look) -> Moved:
        """What is shown of one Map and was not so in the other, cell by cell at the same places.

        What stood nowhere before has moved.
        """
        was, now = Scale(before), Scale(after)
        cells, weights = set(), set()
        places = after.map.grid.same_places(before.map.grid)
        for cell, place in enumerate(places):
            if place < 0 or not _same(was.number(place), now.number(cell)):
                cells.add(cell)
            if cell in now.weights:
                old = was.weights.get(place, ())
                for source, weight in enumerate(now.weights[cell]):
                    if source >= len(old) or not _same(old[source], weight):
                        weights.add((cell, source))
        return cls(frozenset(cells), frozenset(weights))


def _same(a: float, b: float) -> bool:
    """Whether two numbers are one; nan is the same as nan."""
    return a == b or (a != a and b != b)  # noqa: PLR0124  # nan alone is not itself


NOTHING_MOVED = Moved()
