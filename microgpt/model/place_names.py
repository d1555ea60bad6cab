"""What nodes are called that have no name of their own: by their place, as `q[3] term 7 at 1 e`.

`microgpt/graph/node_places.py` finds the places, in any graph; here they get words.
"""

from __future__ import annotations

from collections.abc import Iterator

from microgpt.errors import GraphError
from microgpt.graph.graph import Graph
from microgpt.graph.node_places import Place
from microgpt.graph.scope_tree import ScopeRange
from microgpt.model.places import branch_name

MOST_NAMED = 5


def place_name(graph: Graph, node: int, *, users: bool = True) -> str:
    """A node by its place, in words that say where in the whole graph that is.

    `""` of one that has a name, as parameters have, or lies in no scope.

    Args:
        users: whether to say that several outputs use it.
    """
    place = None if node in graph.names else graph.places.of(node)
    if place is None:
        return ""
    path, at = _where(graph, place.scope)
    return place.phrase(path, at, users=users)


def place_in_scope(graph: Graph, node: int) -> str:
    """The same where its scope is known, and without who shares it: `q[3] term 7`."""
    place = None if node in graph.names else graph.places.of(node)
    return "" if place is None else place.phrase(place.scope.name, users=False)


def spoken(name: str, place: str) -> str:
    """What to call a node: `layer0.attn_wq[3][7]`, `q[3] at 1 e (#11564)`, or `#1234`.

    Args:
        name: its name, or `#id`.
        place: its place in words, if it has no name and lies in a scope.
    """
    return f"{place} ({name})" if place else name


def named(graph: Graph, node: int) -> str:
    """The same of a node in its graph."""
    return spoken(graph.name(node), place_name(graph, node))


def find_by_place(graph: Graph, words: str) -> int | None:
    """The node of a place as it is told; None if the words tell of none.

    What they are shared by may be left out, and the branch too. A scope's whole path is as good as
    the short one.

    Raises:
        GraphError: there are several.
    """
    words = words.partition(", shared by ")[0]
    as_told, without_branch = list[int](), list[int]()
    for scope in graph.scopes:
        path, at = _where(graph, scope)
        for start in {path, scope.path} - {""}:
            if not (f"{words} ".startswith(f"{start} ") or words.startswith(f"{start}[")):
                continue
            for node, place in _places_in(graph, scope):
                if words == place.phrase(start, at, users=False):
                    as_told.append(node)
                elif words == place.phrase(start, users=False):
                    without_branch.append(node)
    found = as_told or without_branch
    if len(found) > 1:
        which = "; ".join(named(graph, node) for node in found[:MOST_NAMED])
        more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
        raise GraphError(f"{words!r} could be any of {len(found)} nodes: {which}{more}")
    return found[0] if found else None


def _places_in(graph: Graph, scope: ScopeRange) -> Iterator[tuple[int, Place]]:
    """The nodes made in a scope itself, with their places."""
    own = graph.scope_of[scope.start : scope.stop].tolist()
    for node, index in enumerate(own, scope.start):
        if index == scope.index and (place := graph.places.of(node)):
            yield node, place


def _where(graph: Graph, scope: ScopeRange) -> tuple[str, str]:
    """What to call a scope, and the branch that it lies in; `""` of a branch itself."""
    branch = graph.scopes.branch(scope)
    return graph.scopes.short_path(scope), "" if branch is scope else branch_name(branch)
