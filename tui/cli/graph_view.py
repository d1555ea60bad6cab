"""What `microgpt graph` draws of a graph, and how much that is. Imports viz, so it comes late."""

from __future__ import annotations

import argparse

from microgpt import Graph
from viz.boxes import Folding
from viz.view import View, folded, neighbourhood


def chosen_view(arguments: argparse.Namespace, graph: Graph, hops: int) -> View:
    """The view of --around so many hops far, or of --scope and --depth.

    Raises:
        GraphError: there is no such scope or node, or the picture would be too large.
    """
    if arguments.around is not None:
        return neighbourhood(graph, graph.find(arguments.around), hops)
    folding = Folding(graph)
    focus = folding.scope(arguments.scope) if arguments.scope else folding.root
    return folded(folding, focus, arguments.depth or 1)


def smaller_views(arguments: argparse.Namespace, graph: Graph, hops: int) -> str:
    """Which of the same views, less deep, there are, and how large they are; in words."""
    if arguments.around is not None:
        option, less = "--hops", range(1, hops)
    else:
        option, less = "--depth", range(1, arguments.depth or 1)
    told = []
    for value in less:
        asked = argparse.Namespace(**vars(arguments) | {"depth": value})
        view = chosen_view(asked, graph, value)
        told.append(f"{option} {value} has {len(view.boxes):,} and {len(view.bundles):,}")
    if not told:
        return "--scope looks into a part of it"
    return f"of boxes and edges {', '.join(told)}"


def extent(view: View) -> str:
    """How much a picture shows: `10 boxes of 2,398 nodes and 5 boxes around, 33 bundles`."""
    n_inside, n_around = len(view.inside), len(view.around)
    if view.is_scalar:
        shown = _count(n_inside, "node", "nodes")
    else:
        shown = f"{_count(n_inside, 'box', 'boxes')} of {len(view.focus):,} nodes"
    around = f" and {_count(n_around, 'box', 'boxes')} around" if n_around else ""
    return f"{shown}{around}, {_count(len(view.bundles), 'bundle', 'bundles')}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
