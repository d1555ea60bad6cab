"""What can be drawn, a row each: which files it can go to follows from the parts it has.

A command's help reads this, so it imports nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

PARTS = ("svg", "json", "page", "dot", "network", "scalars")
"""What something drawn can be made of: a picture, data, a page to walk in, DOT text, nodes and
edges, and single scalars as nodes and edges."""


@dataclass(frozen=True, slots=True)
class DrawingKind:
    """A kind of thing that can be drawn."""

    name: str  # in words: "a graph"
    parts: tuple[str, ...]
    """Those of `PARTS` that a drawing of it has."""
    command: str = ""  # of `microgpt`, which draws it, if one does
    by_engine: bool = False  # whether its SVG is laid out by Graphviz


PICTURE = DrawingKind("a picture", ("svg", "dot"), by_engine=True)
GRAPH = DrawingKind(
    "a graph", ("svg", "dot", "json", "network", "scalars"), "graph", by_engine=True
)
MAP = DrawingKind("a Map", ("svg", "json", "page", "network"), "map")
MAPS = DrawingKind("several Maps", ("svg", "json"), "map --steps")
DIFFERENCE = DrawingKind("a difference", ("svg", "json"), "diff")
ATTENTION = DrawingKind("attention", ("svg", "dot", "json", "network"), "attention", by_engine=True)
ATTENTION_HEATMAPS = DrawingKind("attention", ("svg", "json", "network"), "attention")
VIEW = DrawingKind("a view", ("svg", "json"), "view")
KINDS = (GRAPH, MAP, ATTENTION, VIEW)
"""Those that an error may point to."""
