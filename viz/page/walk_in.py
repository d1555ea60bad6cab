"""Whether a graph is shown as a page to walk in; what makes that is loaded only to make one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from microgpt.graph.graph import Graph
from viz.page import size


def page_to_walk_in(
    graph: Graph, title: str, tokens: Sequence[str] = (), step: int | None = None
) -> Callable[[], str] | None:
    """What makes the page of a whole graph, None if that is too large: a picture of it is not."""
    if len(graph) > size.MOST_NODES:
        return None

    def page() -> str:
        from viz.page.page import graph_page  # noqa: PLC0415  # the debugger takes 100 ms

        return graph_page(graph, title, tokens, step)

    return page
