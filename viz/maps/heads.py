"""Attention heads found node by node, for programs that give them no call of their own.

A head's weights share one normaliser, and each multiplies the values of one column. All that a
column computes only for these weights, from its products with other columns' keys on, and the sums
of what the weights bring, is the head.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from microgpt.graph.arrays import Ints, Mask
from microgpt.graph.graph import Graph
from viz.maps.matrices import NOWHERE, Matrices

CONFLICT = -2
"""Of a node that two heads use."""


def heads_of(graph: Graph, matrices: Matrices, place_of: Ints, column: Ints) -> Ints:
    """The head that each node belongs to, numbered in order of their weights; -1 for none.

    Args:
        place_of: a number for the place in the code that made each node. Shape: `[node]`.
        column: of each node, -1 for none. Shape: `[node]`.

    Returns:
        Shape: `[node]`.
    """
    # One line may make several kinds of nodes: a division, and the power that it takes.
    place_of = place_of * len(graph.op_names) + graph.op_codes
    operand_column = column[graph.operands]
    consumer_column = column[graph.edge_consumers]
    crosses = (operand_column != consumer_column) & (operand_column >= 0) & (consumer_column >= 0)
    edges = np.flatnonzero(crosses)
    if not len(edges):
        return np.full(len(graph), NOWHERE)
    slots = _normaliser_slots(graph, place_of, column, edges)
    if not slots:
        return np.full(len(graph), NOWHERE)
    # Where one column has weights, all have: the first column reads of itself alone.
    weights = np.flatnonzero(np.isin(place_of, list(slots)) & (column >= 0))
    normaliser = [
        _normaliser(graph, node, slots[place])
        for node, place in zip(weights.tolist(), place_of[weights].tolist(), strict=True)
    ]
    numbers: dict[int, int] = {}
    head_of = {
        node: numbers.setdefault(shared, len(numbers))
        for node, shared in zip(weights.tolist(), normaliser, strict=True)
    }
    products = _products(graph) & ~_has_leaf(graph)  # without those that only scale
    reads_across = products & np.isin(place_of, place_of[graph.edge_consumers[edges]])
    found = _Spread(graph, matrices, column, products, reads_across).of(head_of)
    return np.array(found, np.int64)


def _normaliser_slots(graph: Graph, place_of: Ints, column: Ints, crossing: Ints) -> dict[int, int]:
    """The places in the code that make weights, and which of a weight's operands normalises it."""
    products = _products(graph)
    sources: dict[int, set[int]] = {}  # columns that each factor is multiplied with
    for edge in crossing[products[graph.edge_consumers[crossing]]].tolist():
        consumer = int(graph.edge_consumers[edge])
        for operand in _operands(graph, consumer):
            if column[operand] == column[consumer]:
                sources.setdefault(operand, set()).add(int(column[graph.operands[edge]]))
    slots: dict[int, int] = {}
    users = _Users(graph, place_of)
    judged: dict[tuple[int, int], bool] = {}
    # What multiplies several columns is a query, and so is all that is made at that place.
    queries = {int(place_of[factor]) for factor, read in sources.items() if len(read) > 1}
    for factor in sources:
        place = int(place_of[factor])
        if place in queries:
            continue
        for slot in range(len(_operands(graph, factor))):
            if not judged.get((place, slot), True):
                continue
            siblings = users.at_place(_normaliser(graph, factor, slot), place)
            if len(siblings) > 1:
                others = [sources[node] for node in siblings if node in sources]
                judged[place, slot] = sum(map(len, others)) == len(set().union(*others))
    for (place, slot), is_normaliser in judged.items():
        if is_normaliser:
            slots.setdefault(place, slot)
    return slots


def _products(graph: Graph) -> Mask:
    """Which nodes are products, also such as classes make for `2 * x`."""
    found = np.zeros(len(graph), np.bool_)
    found[graph.nodes_of(*(name for name in graph.op_names if name.endswith("mul")))] = True
    return found


def _has_leaf(graph: Graph) -> Mask:
    """Which nodes have a leaf as an operand."""
    is_leaf = np.diff(graph.operand_start) == 0
    found = np.zeros(len(graph), np.bool_)
    found[graph.edge_consumers[is_leaf[graph.operands]]] = True
    return found


def _operands(graph: Graph, node: int) -> list[int]:
    start, stop = graph.operand_start[node : node + 2]
    operands: list[int] = graph.operands[start:stop].tolist()
    return operands


def _normaliser(graph: Graph, weight: int, slot: int) -> int:
    """What a weight is divided by: many classes make a power of it anew for each division."""
    node = _operands(graph, weight)[slot]
    inner = [operand for operand in _operands(graph, node) if not graph.is_leaf(operand)]
    return inner[0] if len(inner) == 1 and graph.fan_out[node] == 1 else node


class _Users:
    """The nodes that use another one, also through a power that is made for each."""

    def __init__(self, graph: Graph, place_of: Ints) -> None:
        self._graph, self._place_of = graph, place_of
        self._order = np.argsort(graph.operands, kind="stable")
        self._first = np.searchsorted(graph.operands[self._order], np.arange(len(graph) + 1))

    def at_place(self, node: int, place: int) -> set[int]:
        direct = self._of(node)
        further = (
            user for between in direct if self._graph.fan_out[between] == 1
            for user in self._of(between)
        )  # fmt: skip
        return {user for user in (*direct, *further) if self._place_of[user] == place}

    def _of(self, node: int) -> list[int]:
        edges = self._order[self._first[node] : self._first[node + 1]]
        users: list[int] = self._graph.edge_consumers[edges].tolist()
        return users


@dataclass(frozen=True, eq=False)
class _Spread:
    """From the weights to all that belongs to their heads."""

    graph: Graph
    matrices: Matrices
    column: Ints
    products: Mask  # Shape: `[node]`
    reads_across: Mask  # products, made where keys or values of other columns are read. `[node]`

    def of(self, head_of: dict[int, int]) -> list[int]:
        """The head of each node, -1 for none."""
        found = [NOWHERE] * len(self.graph)
        for node, head in head_of.items():
            found[node] = head
        self._to_operands(found)
        self._to_consumers(found, head_of)
        return found

    @cached_property
    def _inner(self) -> Mask:
        """Nodes of a column that read no parameters. Shape: `[node]`."""
        inner = self.column >= 0
        inner[self.graph.edge_consumers[self.matrices.edges]] = False
        return inner

    def _to_operands(self, found: list[int]) -> None:
        """What only the weights of one head use, up to the products with keys."""
        start, operands = self.graph.operand_start.tolist(), self.graph.operands.tolist()
        column, inner = self.column.tolist(), self._inner.tolist()
        passes = (self._inner & ~self.reads_across).tolist()
        agreed = [NOWHERE] * len(found)
        for node in range(len(found) - 1, -1, -1):
            mine = found[node]
            if mine < 0 and agreed[node] >= 0 and inner[node]:
                mine = found[node] = agreed[node]
            if not passes[node]:
                mine = NOWHERE  # what it uses is no part of the head
            for edge in range(start[node], start[node + 1]):
                operand = operands[edge]
                if mine < 0 or column[operand] != column[node]:
                    agreed[operand] = CONFLICT
                elif agreed[operand] == NOWHERE:
                    agreed[operand] = mine
                elif agreed[operand] != mine:
                    agreed[operand] = CONFLICT

    def _to_consumers(self, found: list[int], head_of: dict[int, int]) -> None:
        """What is made of nothing but what the weights bring."""
        start, operands = self.graph.operand_start.tolist(), self.graph.operands.tolist()
        column, products = self.column.tolist(), self.products.tolist()
        is_leaf = np.diff(self.graph.operand_start) == 0
        leaf, fan_out = is_leaf.tolist(), self.graph.fan_out.tolist()
        brought = [NOWHERE] * len(found)
        for node in np.flatnonzero(self._inner & ~is_leaf).tolist():
            used = operands[start[node] : start[node + 1]]
            if products[node] and (weights := [head_of[o] for o in used if o in head_of]):
                brought[node] = found[node] = weights[0]
                continue
            inner = {brought[o] for o in used if not leaf[o]}
            if len(inner) == 1 and (head := inner.pop()) >= 0:
                brought[node] = found[node] = head
                for operand in used:  # a constant that it is scaled by
                    if (
                        found[operand] < 0
                        and column[operand] == column[node]
                        and fan_out[operand] == 1
                    ):
                        found[operand] = head
