"""Which line of a program to name for a node: in the function that a person would look at."""

from __future__ import annotations

from collections.abc import Iterable

from microgpt.diagnosis.program import SourcePlace
from microgpt.graph.graph import Graph


def scopes_around(graph: Graph, node: int) -> list[int]:
    """The scopes that a node lies in, the innermost first."""
    found, at = [], int(graph.scope_of[node])
    while at >= 0:
        found.append(at)
        at = graph.scopes[at].parent
    return found


def common_scope(graph: Graph, nodes: Iterable[int]) -> int:
    """The innermost scope that holds all of some nodes."""
    shared: list[int] | None = None
    for node in nodes:
        around = scopes_around(graph, node)
        shared = around if shared is None else [scope for scope in shared if scope in set(around)]
    return shared[0] if shared else 0


def line_within(graph: Graph, node: int, scope: int) -> SourcePlace | None:
    """The line in a scope's own function that made a node, or that called what made it."""
    below: int | None = None
    for at in scopes_around(graph, node):
        if at == scope:
            break
        below = at
    if below is None:
        return graph.line(node)
    place = graph.scopes[below].place
    return (place.filename, place.line) if place is not None else graph.line(node)


def line_beside(graph: Graph, node: int, others: Iterable[int]) -> SourcePlace | None:
    """The line that made a node, in the function where it meets some others."""
    return line_within(graph, node, common_scope(graph, (node, *others)))
