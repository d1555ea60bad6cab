"""`draw`: anyone's computation as a `graphviz.Digraph`, in one call."""

from __future__ import annotations

from graphviz import Digraph

from microgpt.autograd.value import Value
from microgpt.graph.graph import Graph
from viz.dot import to_dot
from viz.render import Picture, use_available_engine
from viz.shown_graph import view_of


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
    return Picture.of(to_dot(view_of(graph, depth, scope), caption))
