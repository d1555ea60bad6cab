"""`Marked`: a step or pass that a person compares others with."""

from __future__ import annotations

from dataclasses import dataclass

from microgpt.graph.graph import Graph


@dataclass(frozen=True, eq=False)
class Marked:
    """A graph that others are compared with."""

    name: str  # as in "step 50"
    document: str  # that the graph is of: numbers of other texts are not compared
    graph: Graph
