"""`viz.graph` and `viz.attention`: anyone's computation in one call, which a notebook shows."""

from __future__ import annotations

from collections.abc import Sequence

from microgpt.autograd.value import Value
from microgpt.errors import InputError
from microgpt.graph.graph import Graph
from microgpt.model.place_names import named
from viz.attention_panels import AttentionPattern
from viz.boxes import Folding
from viz.drawn_attention import MOST_LINES, drawn_attention, drawn_heatmaps
from viz.drawn_graph import drawn_view
from viz.maps.captions import document_captions
from viz.maps.step_map import StepMap
from viz.page.walk_in import page_to_walk_in
from viz.shown import ShownDrawing
from viz.view import View, folded, neighbourhood, scalars
from viz.views.subject import ViewSubject

MAX_SCALARS = 200
"""Graphs up to this many nodes are drawn whole; larger ones folded."""


def view_of(
    graph: Graph,
    depth: int | None = None,
    scope: str = "",
    around: int | str | None = None,
    hops: int = 2,
) -> View:
    """The view that `viz.draw` and `viz.graph` show unless they are asked for another."""
    if around is not None:
        node = graph.find(around) if isinstance(around, str) else around
        return neighbourhood(graph, node, hops)
    if depth is None and not scope and len(graph) <= MAX_SCALARS:
        title = f"{named(graph, graph.root)}: {len(graph)} nodes, {graph.n_edges} edges"
        return scalars(graph, range(len(graph)), title)
    folding = Folding(graph)
    focus = folding.scope(scope) if scope else folding.root
    return folded(folding, focus, 1 if depth is None else depth)


def graph_of(
    value: Value | Graph,
    depth: int | None = None,
    *,
    scope: str = "",
    around: int | str | None = None,
    hops: int = 2,
    caption: str = "",
) -> ShownDrawing:
    """A graph of everything a value was computed from, or of a part of it.

    As HTML the whole is the page of `viz.map`, in which one steps through the pass; a part, or a
    whole opened to some depth, is its picture.

    Args:
        value: the root, usually the loss after `backward()`; or a Graph.
        depth: how often to open the folded graph. By default a small graph is drawn scalar by
            scalar, and a large one folded once.
        scope: path of the scope to look into, as `"pos1/layer0/attn"`.
        around: a node, by id or name, of which the neighbourhood is drawn.
        hops: how many edges from that node.
        caption: a line under the title.

    Raises:
        GraphError: that would draw too much, the message names what fits; or there is no such
            scope or node.
    """
    graph = value if isinstance(value, Graph) else Graph.from_value(value)
    view = view_of(graph, depth, scope, around, hops)
    is_whole = depth is None and not scope and around is None
    page = page_to_walk_in(graph, caption) if is_whole else None
    return ShownDrawing(drawn_view(view, caption, page=page))


def attention_of(
    value: Value | Graph, *, tokens: Sequence[str] = (), title: str = ""
) -> ShownDrawing:
    """Who reads whom in a computation: a panel for each layer and head, of long texts heatmaps.

    Args:
        value: the root, usually the loss after `backward()`; or a Graph.
        tokens: what each column reads; by default its number.
        title: what it is of.

    Raises:
        InputError: no column of it reads another one.
    """
    graph = value if isinstance(value, Graph) else Graph.from_value(value)
    step_map = StepMap.of(graph, document_captions(graph, tokens) if len(tokens) > 1 else ())
    if not step_map.weights:
        raise InputError(
            "there is no attention in this computation: none of its columns reads another one "
            "through weights; viz.map(value) shows its columns and rows"
        )
    n_columns = max(head.column for head in step_map.weights) + 1
    labels = [*tokens[:n_columns], *map(str, range(len(tokens), n_columns))]
    pattern = AttentionPattern.of_map(step_map, labels)
    if n_columns > MOST_LINES:
        subject = ViewSubject(given=graph, labels=tokens)
        return ShownDrawing(drawn_heatmaps(pattern, subject, title))
    return ShownDrawing(drawn_attention(pattern, title))
