"""Where boxes and edges go when Graphviz lays them out: coordinates instead of a picture.

For front ends that draw by themselves. Everything is in the caller's units, y growing downwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from graphviz import Digraph

from viz.render import render

Point = tuple[float, float]

PLACEMENTS_KEPT = 128
"""Documents of one length look alike from afar, and Graphviz takes some 20 ms."""


@dataclass(frozen=True, slots=True)
class Units:
    """Size of the caller's units in Graphviz's eyes, so that shapes keep their proportions."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Placement:
    """What Graphviz says."""

    width: float  # of the whole
    height: float  # of the whole
    centers: tuple[Point, ...]  # middle of each box. Shape: `[box]`.
    curves: tuple[tuple[Point, ...], ...]
    """Control points of each edge's joined cubic Bézier curves. Shape: `[edge][point]`."""


def place(
    sizes: Sequence[tuple[float, float]],
    edges: Sequence[tuple[int, int]],
    units: Units,
    *,
    rankdir: str,
    gap_beside: float,
    gap_between: float,
) -> Placement:
    """Lays boxes out in ranks.

    Args:
        sizes: width and height of each box.
        edges: places of tail and head in `sizes`; parallel edges are each placed.
        units: one unit of the caller's, in inches.
        rankdir: `"LR"` puts heads to the right of tails, `"TB"` below them.
        gap_beside: distance of boxes in a rank, in the units across the rank's direction.
        gap_between: distance of ranks, in the units along it.
    """
    return _placed(tuple(sizes), tuple(edges), units, rankdir, gap_beside, gap_between)


@lru_cache(PLACEMENTS_KEPT)
def _placed(
    sizes: tuple[tuple[float, float], ...],
    edges: tuple[tuple[int, int], ...],
    units: Units,
    rankdir: str,
    gap_beside: float,
    gap_between: float,
) -> Placement:
    beside, between = (units.y, units.x) if rankdir == "LR" else (units.x, units.y)
    dot = Digraph()
    dot.attr(
        rankdir=rankdir, nodesep=f"{gap_beside * beside:g}", ranksep=f"{gap_between * between:g}"
    )
    dot.attr("node", shape="box", fixedsize="true", label="")
    dot.attr("edge", arrowhead="none")
    for number, (width, height) in enumerate(sizes):
        dot.node(str(number), width=f"{width * units.x:.3f}", height=f"{height * units.y:.3f}")
    for tail, head in edges:
        dot.edge(str(tail), str(head))
    return _parsed(render(dot, "plain"), edges, units)


def _parsed(plain: str, edges: Sequence[tuple[int, int]], units: Units) -> Placement:
    """Reads the plain format: in inches, y growing upwards, a line a thing, edges in any order."""
    width = height = 0.0
    centers: dict[int, Point] = {}
    curves: dict[tuple[int, int], list[tuple[Point, ...]]] = {}
    for line in plain.splitlines():
        fields = line.split()
        if fields[0] == "graph":
            width, height = float(fields[2]), float(fields[3])
        elif fields[0] == "node":
            x, y = float(fields[2]), height - float(fields[3])
            centers[int(fields[1])] = (x / units.x, y / units.y)
        elif fields[0] == "edge":
            numbers = [float(field) for field in fields[4 : 4 + 2 * int(fields[3])]]
            points = zip(numbers[::2], numbers[1::2], strict=True)
            curve = tuple((x / units.x, (height - y) / units.y) for x, y in points)
            curves.setdefault((int(fields[1]), int(fields[2])), []).append(curve)
    return Placement(
        width / units.x,
        height / units.y,
        tuple(centers[number] for number in range(len(centers))),
        tuple(curves[edge].pop(0) for edge in edges),
    )
