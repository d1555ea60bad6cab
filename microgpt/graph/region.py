"""`GraphRegion`: which part of a larger graph a Graph is."""

from __future__ import annotations

from dataclasses import dataclass

from microgpt.graph.arrays import Floats, Ints, frozen

OUTSIDE = "outside"
"""The op of a region's last node, which stands for all that lies beyond its border."""


@dataclass(frozen=True, eq=False)
class GraphRegion:
    """A part of a graph that is too large to be looked at as a whole.

    A region's Graph has all nodes of some scopes, and as leaves what these read from elsewhere. Its
    root is the whole's, with one edge from each node that is read elsewhere: everything beyond the
    border in one node. That edge's local gradient is what flows in there.
    """

    scopes: tuple[str, ...]  # the paths of those that are in it
    ids: Ints  # of each node in the whole graph, rising. Shape: `[node]`
    n_whole: int  # nodes of the whole graph
    grad_outside: Floats
    """What the consumers beyond the border add to each node's gradient, before those in the region
    do; 0 of nodes that have none, and of what the region only reads. Shape: `[node]`"""

    def __post_init__(self) -> None:
        frozen(self.ids)
        frozen(self.grad_outside)

    @property
    def in_words(self) -> str:
        """What it is, in a sentence's words."""
        return f"a region of {self.n_whole:,} nodes: {', '.join(self.scopes)}"
