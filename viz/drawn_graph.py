"""A view of a graph, or DOT text, as something drawn, in all the ways that it can be written."""

from __future__ import annotations

from collections.abc import Callable

from graphviz import Digraph

from viz.dot import to_dot
from viz.drawn import Drawn
from viz.kinds import GRAPH, PICTURE
from viz.network import Network
from viz.render import render
from viz.svg_titles import with_description
from viz.view import View
from viz.view_json import view_json


def drawn_view(
    view: View,
    caption: str = "",
    smaller: Callable[[], str] | None = None,
    page: Callable[[], str] | None = None,
) -> Drawn:
    """A view's boxes and bundles.

    Args:
        caption: a line under the title.
        smaller: in words, what to ask for where it is too large.
        page: what it is as HTML, where that is more than the picture.
    """
    dot = to_dot(view, caption)
    title = f"{view.title}, {caption}" if caption else view.title
    inside, around = len(view.inside), len(view.around)
    outside = f", {around} around it" if around else ""
    about = (
        f"A computation, left to right from operands to results: {inside:,} boxes{outside}, "
        f"{len(view.bundles):,} bundles of edges. Each has its numbers in full."
    )
    return Drawn(
        kind=GRAPH,
        title=title,
        svg=lambda: with_description(render(dot), about, title),
        json=lambda: view_json(view, caption),
        dot=lambda: str(dot.source),
        network=lambda: _network(view, caption),
        scalars=lambda: _network(view, caption, scalars=True),
        page=page,
        smaller=smaller,
    )


def _network(view: View, caption: str, *, scalars: bool = False) -> Network:
    from viz.view_network import scalar_network, view_network  # noqa: PLC0415  # 50 ms

    return scalar_network(view, caption) if scalars else view_network(view, caption)


def drawn_dot(dot: Digraph) -> Drawn:
    """DOT text that somebody else made."""
    return Drawn(
        kind=PICTURE,
        title=str(dot.name or "microgpt"),
        svg=lambda: with_description(render(dot), "A graph; its parts tell their numbers in full."),
        dot=lambda: str(dot.source),
    )
