"""`draw`: anyone's computation as a picture, in one call."""

from __future__ import annotations

from graphviz import Digraph

from microgpt.autograd.value import Value
from microgpt.graph.graph import Graph
from microgpt.model.place_names import named
from viz.boxes import Folding
from viz.dot import to_dot
from viz.render import Picture, use_available_engine
from viz.view import folded, scalars

MAX_SCALARS = 200
"""Graphs up to this many nodes are drawn whole; larger ones folded."""


def draw(
    value: Value | Graph, depth: int | None = None, caption: str = "", scope: str = ""
) -> Digraph:
    """Draws everything a value was computed from, or one scope of it.

    Args:
        value: the root, usually the loss after `backward()`; or a Graph.
        depth: how often to open the folded graph. By default a small graph is drawn scalar by
            scalar, and a large one folded once.
        caption: a line under the title.
        scope: path of the scope to look into, as `"pos1/layer0/attn"`.

    Raises:
        GraphError: that depth would draw too much, the message names the depth that fits; or there
            is no such scope.
    """
    graph = value if isinstance(value, Graph) else Graph.from_value(value)
    use_available_engine()
    if depth is None and not scope and len(graph) <= MAX_SCALARS:
        title = f"{named(graph, graph.root)}: {len(graph)} nodes, {graph.n_edges} edges"
        view = scalars(graph, range(len(graph)), title)
    else:
        folding = Folding(graph)
        focus = folding.scope(scope) if scope else folding.root
        view = folded(folding, focus, 1 if depth is None else depth)
    return Picture.of(to_dot(view, caption))
