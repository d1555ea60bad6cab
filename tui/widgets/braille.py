"""Curves drawn with braille characters: eight dots a cell."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from viz.placement import Point

BLANK = 0x2800
_DOTS = np.array(((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80)))

Cell: TypeAlias = tuple[int, int]
Dots: TypeAlias = Mapping[Cell, int]
"""Which dots of each cell are set, a bit each."""

CURVES_KEPT = 4096
"""Placements are kept, too, and so the curves come again: 50 to a view."""


class BrailleCanvas:
    """Dots by cell, `(x, y)`, each with the weight and the colour of its strongest curve."""

    def __init__(self) -> None:
        self.cells: dict[Cell, tuple[int, float, str]] = {}

    def copy(self) -> BrailleCanvas:
        """Another with the same dots."""
        other = BrailleCanvas()
        other.cells = dict(self.cells)
        return other

    def draw(self, curve: Dots, weight: float, color: str) -> None:
        """Draws a curve; heavier ones colour the cells they share."""
        for cell, more in curve.items():
            dots, strongest, shown = self.cells.get(cell, (0, -1.0, color))
            if weight >= strongest:
                strongest, shown = weight, color
            self.cells[cell] = (dots | more, strongest, shown)

    @staticmethod
    def char(dots: int) -> str:
        """The character of some dots."""
        return chr(BLANK + dots)


@lru_cache(CURVES_KEPT)
def dots_of(points: tuple[Point, ...]) -> Dots:
    """The dots of joined cubic Bézier curves.

    >>> dots_of(((0, 0), (0, 0), (1, 0), (1, 0)))
    {(0, 0): 9, (1, 0): 1}
    """
    dots: dict[Cell, int] = {}
    for i in range(0, len(points) - 3, 3):
        for column, row in _along(points[i : i + 4]):
            cell = (column >> 1, row >> 2)
            dots[cell] = dots.get(cell, 0) | int(_DOTS[row & 3, column & 1])
    return dots


def _along(control: tuple[Point, ...]) -> list[tuple[int, int]]:
    """The dots along a cubic Bézier curve, without gaps: their columns and rows."""
    # A curve is at most three times as fast as its longest pair of control points is long.
    longest = max(max(abs(a[0] - b[0]) * 2, abs(a[1] - b[1]) * 4) for a, b in pairwise(control))
    steps = max(2, int(4 * longest))
    t = np.arange(steps + 1) / steps
    s = 1 - t
    a, b, c, d = s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t
    columns, rows = (
        # Rounding must not push a point over the border of its control points, to another dot.
        (np.clip(a * p0 + b * p1 + c * p2 + d * p3, min(p0, p1, p2, p3), max(p0, p1, p2, p3))
         * dots).astype(np.int64)
        for dots, (p0, p1, p2, p3) in zip((2, 4), zip(*control, strict=True), strict=True)
    )  # fmt: skip
    is_new = np.append(True, (np.diff(columns) != 0) | (np.diff(rows) != 0))
    return list(zip(columns[is_new].tolist(), rows[is_new].tolist(), strict=True))
