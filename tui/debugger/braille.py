"""Curves drawn with braille characters: eight dots a cell."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from viz.placement import Point

BLANK = 0x2800
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))

Cell = tuple[int, int]


class BrailleCanvas:
    """Dots by cell, each cell in the style of the strongest curve through it.

    Attributes:
        cells: (x, y) -> (dots, weight, color). Units: cells.
    """

    def __init__(self) -> None:
        self.cells: dict[Cell, tuple[int, float, str]] = {}

    def curve(self, points: tuple[Point, ...], weight: float, color: str) -> None:
        """Draws joined cubic Bézier curves; heavier ones colour the cells they share."""
        for i in range(0, len(points) - 3, 3):
            for x, y in _along(points[i : i + 4]):
                column, row = int(x * 2), int(y * 4)
                cell = (column >> 1, row >> 2)
                dots, strongest, shown = self.cells.get(cell, (0, -1.0, color))
                if weight >= strongest:
                    strongest, shown = weight, color
                self.cells[cell] = (dots | _DOTS[row & 3][column & 1], strongest, shown)

    @staticmethod
    def char(dots: int) -> str:
        """The character of some dots."""
        return chr(BLANK + dots)


def _along(control: tuple[Point, ...]) -> Iterator[Point]:
    """Points of a cubic Bézier curve, less than a dot apart, so that it is drawn without gaps."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = control
    # A curve is at most three times as fast as its longest pair of control points is long.
    longest = max(max(abs(a[0] - b[0]) * 2, abs(a[1] - b[1]) * 4) for a, b in pairwise(control))
    steps = max(2, int(4 * longest))
    # Rounding must not push a point over the border of its control points, to another dot.
    left, right = min(x0, x1, x2, x3), max(x0, x1, x2, x3)
    top, bottom = min(y0, y1, y2, y3), max(y0, y1, y2, y3)
    for i in range(steps + 1):
        t = i / steps
        s = 1 - t
        a, b, c, d = s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t
        x, y = a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3
        yield min(right, max(left, x)), min(bottom, max(top, y))
