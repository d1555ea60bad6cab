"""The parameters of any program's graph as they are shown: by the names that they have there.

Knows no widget. What is not known of a program is not there, and said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from microgpt.autograd.bindings import ParameterBinding
from microgpt.graph.arrays import Floats, Mask, frozen
from microgpt.graph.debuggee import Updates
from microgpt.graph.graph import Graph
from tui.training.shown_parameters import ParameterKind, ShownMatrix, ShownParameters, numbered
from viz.maps.matrices import Matrices

NO_GROUPS = (
    "this program keeps its parameters in no matrix, list or attribute that is known by a name, "
    "so there is nothing to show row by row; every leaf is in the boxes"
)


def of_graph(graph: Graph, moment: str, updates: Updates | None = None) -> ShownParameters:
    """The parameters of any program's graph, as far as they stand in something with a name.

    Args:
        updates: what the program did to its leaves between the pass before and the graph's.
    """
    groups = Matrices.of(graph)
    if not groups.names:
        groups = groups.with_single_names(graph)
    before = _before(graph, updates) if updates is not None else None
    nodes = np.argsort(groups.of_node, kind="stable")
    ends = np.searchsorted(groups.of_node[nodes], np.arange(len(groups.names) + 1))
    matrices = [
        _of_leaves(graph, name, nodes[begin:end].tolist(), before)
        for name, begin, end in zip(groups.names, ends[:-1], ends[1:], strict=True)
    ]
    if updates is None:
        return ShownParameters(tuple(matrices), moment, note=_note(graph, matrices))
    since = f"added since backward {updates.since}"
    note = f"update: {since}, – where the leaf was not in it; moments are the program's own"
    return ShownParameters(
        tuple(matrices), moment, note=note if matrices else NO_GROUPS, update_in_words=since
    )


def _note(graph: Graph, matrices: Sequence[ShownMatrix]) -> str:
    """What there is not, where no updates are known."""
    if not matrices:
        return NO_GROUPS
    if not (graph.backpropagated or np.any(graph.grad)):
        return "there was no backward pass: data alone"
    return "of a program no updates and moments are known"


def _before(graph: Graph, updates: Updates) -> tuple[Floats, Mask]:
    """Each leaf's number after the pass before, and where it is known. Shape of both: `[node]`.

    A name that stands for another object now is the program's parameter still.
    """
    before, known = np.full(len(graph), np.nan), np.zeros(len(graph), np.bool_)
    rebound = frozenset(updates.rebound)
    nodes = {name: node for node, name in graph.names.items() if name in rebound}
    for leaf in updates.leaves:
        node = nodes.get(leaf.name) if leaf.node is None else leaf.node
        if node is not None:
            before[node], known[node] = leaf.before, True
    return before, known


def _of_leaves(
    graph: Graph, name: str, nodes: Sequence[int], before: tuple[Floats, Mask] | None
) -> ShownMatrix:
    """A matrix of leaves that lie at the indices in their names, else in order of creation."""
    places: dict[tuple[int, int], int] = {}
    for count, node in enumerate(nodes):
        binding = graph.bindings.get(node)
        if isinstance(binding, ParameterBinding):
            at = binding.row, binding.col
        else:
            at = _place_in(name, graph.names[node]) or (0, count)
        places[at] = node
    if len(places) < len(nodes):  # several of one name: at least none is left out
        places = {(0, count): node for count, node in enumerate(nodes)}
    rows, columns = np.array(list(places)).T
    at_nodes = np.array(list(places.values()))
    shape = int(rows.max()) + 1, int(columns.max()) + 1

    def laid_out(of_nodes: Floats) -> Floats:
        numbers = np.full(shape, np.nan)
        numbers[rows, columns] = of_nodes[at_nodes]
        return frozen(numbers)

    data = laid_out(graph.data)
    numbers: dict[ParameterKind, Floats] = {"data": data, "gradient": laid_out(graph.grad)}
    unknown = None
    if before is not None:
        were, known = before
        numbers["update"] = frozen(data - laid_out(were))
        unknown = np.ones(shape, np.bool_)
        unknown[rows, columns] = ~known[at_nodes]
    names = {at: graph.name(node) for at, node in places.items()}
    return ShownMatrix(name, numbers, numbered(shape[0]), names, unknown)


MOST_PLACE = 100_000
"""A larger index is a key of something, and no place in a matrix."""


def _place_in(matrix: str, name: str) -> tuple[int, int] | None:
    """Row and column that a leaf's name tells; a vector is one row.

    >>> _place_in("w", "w[2][1]"), _place_in("b", "b[4]"), _place_in("n.units.w", "n.units[3].w[1]")
    ((2, 1), (0, 4), (3, 1))
    >>> _place_in("w", "w['a'][0]"), _place_in("x", "x")
    (None, None)
    """
    indices = re.findall(r"\[([^\]]*)\]", name)[len(re.findall(r"\[", matrix)) :]
    if len(indices) not in (1, 2) or not all(each.isdecimal() for each in indices):
        return None
    row, column = (0, *map(int, indices))[-2:]
    return (row, column) if max(row, column) < MOST_PLACE else None
