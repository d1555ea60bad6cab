"""Where a view's boxes and edges go on a canvas of character cells. Knows no widget.

Graphviz places them: boxes are given to it in cells, and its plain output comes back as cells.
"""

from __future__ import annotations

from dataclasses import dataclass

from microgpt.graph.graph import Graph
from microgpt.model.place_names import place_name
from tui.widgets.braille import Dots, dots_of
from viz.boxes import Box
from viz.placement import Point, Units, place
from viz.style import PARAMETERS_GLYPH, SCOPE_GLYPH, glyph_of
from viz.view import Bundle, View

CELL_SIZE = Units(0.1, 0.2)
"""Size of a character cell in Graphviz's eyes. Units: inches."""

BOX_HEIGHT = 4
MIN_WIDTH, MAX_WIDTH = 18, 36


@dataclass(frozen=True, slots=True)
class PlacedBox:
    """A box on the canvas. Units: cells; (x, y) is its left upper corner."""

    box: Box
    x: int
    y: int
    width: int
    height: int

    @property
    def center(self) -> Point:
        """Its middle."""
        return self.x + self.width / 2, self.y + self.height / 2

    def contains(self, x: int, y: int) -> bool:
        """Whether a cell is part of it."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


@dataclass(frozen=True, slots=True)
class PlacedEdge:
    """A bundle on the canvas."""

    bundle: Bundle  # what it is
    points: tuple[Point, ...]  # control points of joined cubic Bézier curves. Units: cells.
    dots: Dots  # those curves in braille, found once: they are coloured anew at every key


@dataclass(frozen=True, slots=True)
class Layout:
    """A view's places. Units: cells."""

    view: View
    width: int
    height: int
    boxes: tuple[PlacedBox, ...]
    edges: tuple[PlacedEdge, ...]

    def at(self, x: int, y: int) -> PlacedBox | None:
        """The box at a cell."""
        return next((placed for placed in self.boxes if placed.contains(x, y)), None)

    def of(self, key: str) -> PlacedBox | None:
        """The box of a key."""
        return next((placed for placed in self.boxes if placed.box.key == key), None)

    def beside(self, key: str, direction: str) -> PlacedBox | None:
        """The nearest box in a direction, `"left"`, `"right"`, `"up"` or `"down"`."""
        start = self.of(key)
        if start is None:
            return self.boxes[0] if self.boxes else None
        x0, y0 = start.center
        sideways = direction in ("left", "right")
        sign = -1 if direction in ("left", "up") else 1

        def cost(placed: PlacedBox) -> float:
            dx, dy = placed.center[0] - x0, (placed.center[1] - y0) * 2  # a cell is twice as high
            along, across = (dx, dy) if sideways else (dy, dx)
            return along * sign + 3 * abs(across) if along * sign > 1 else float("inf")

        nearest = min(self.boxes, key=cost)
        return nearest if cost(nearest) < float("inf") else None


def title_of(graph: Graph, box: Box, *, inside: bool = True) -> str:
    """A box's title on the canvas: the glyph of its kind, its label and its note.

    Of a node, what it is comes first, and its id behind it.

    Args:
        inside: whether the box around it is looked into; if not, a node's title says where it lies.
    """
    if box.kind == "node":
        is_far = box.note and not inside
        note = place_name(graph, box.node, users=False) if is_far else box.note
        return f"{glyph_of(graph, box.node)} {note} {box.label}".replace("  ", " ")
    glyph = PARAMETERS_GLYPH if box.kind == "parameters" else SCOPE_GLYPH
    return f"{glyph} {box.label} {box.note}".rstrip()


def lay_out(view: View, width: int, height: int) -> Layout:
    """Places a view, operands to the left of results or above them, whichever fits better.

    Takes Graphviz 10 to 50 ms: not on the thread that draws.

    Args:
        width: of the window it will be seen through. Units: cells.
        height: likewise.
    """

    def overflow(layout: Layout) -> float:
        return max(1.0, layout.width / max(1, width)) * max(1.0, layout.height / max(1, height))

    across = _placed(view, "LR")
    return across if overflow(across) == 1 else min(across, _placed(view, "TB"), key=overflow)


def _placed(view: View, rankdir: str) -> Layout:
    titles = [title_of(view.graph, box) for box in view.inside]
    titles += [title_of(view.graph, box, inside=False) for box in view.around]
    widths = [min(MAX_WIDTH, max(MIN_WIDTH, len(title) + 5)) for title in titles]
    places = {box.key: place for place, box in enumerate(view.boxes)}
    placement = place(
        [(width, BOX_HEIGHT) for width in widths],
        [(places[bundle.source], places[bundle.target]) for bundle in view.bundles],
        CELL_SIZE,
        rankdir=rankdir,
        gap_beside=1 if rankdir == "LR" else 2,
        gap_between=5 if rankdir == "LR" else 2,
    )
    boxes = (
        PlacedBox(box, round(x - width / 2) + 1, round(y - BOX_HEIGHT / 2), width, BOX_HEIGHT)
        for box, width, (x, y) in zip(view.boxes, widths, placement.centers, strict=True)
    )
    curves = (tuple((x + 1, y) for x, y in curve) for curve in placement.curves)
    edges = (
        PlacedEdge(bundle, curve, dots_of(curve))
        for bundle, curve in zip(view.bundles, curves, strict=True)
    )
    width, height = round(placement.width) + 3, round(placement.height) + 1
    return Layout(view, width, height, tuple(boxes), tuple(edges))
