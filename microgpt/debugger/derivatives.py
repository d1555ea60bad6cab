"""d every node / d one node, along all paths or only those that avoid some nodes.

The backward pass asks how one number moves with all others; this asks how all others move with one.
It goes from operands to results, a level at a time: a level holds the nodes whose longest path from
a leaf is equally long, so all operands of one lie in levels before it. "emma" has 256 levels, and
an answer takes 1 ms.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from microgpt.graph.arrays import Floats, Ints, ranges, stably_sorted
from microgpt.graph.graph import Graph


@dataclass(frozen=True, eq=False)
class Derivatives:
    """Answers for one graph; what is the same for all questions is kept."""

    graph: Graph

    def of(
        self, node: int, stops: NDArray[np.bool_] | None = None, *, sizes: bool = False
    ) -> Floats:
        """How much every node moves with this one, by the chain rule. Shape: `[node]`.

        Args:
            node: moves by 1.
            stops: nodes that pass nothing on: theirs is the sum over the paths that come to them
                first, and what lies beyond is reached around them only. Shape: `[node]`.
            sizes: adds up the paths without their signs, so that none cancels another.
        """
        levels = self._levels
        moved = np.zeros(len(self.graph))
        moved[node] = 1.0
        if stops is not None and stops[node]:
            return moved
        locals_ = np.abs(levels.locals) if sizes else levels.locals
        passed_by = None if stops is None else stops[levels.operands]
        with np.errstate(all="ignore"):
            for start, end in levels.spans_after(int(levels.of_node[node])):
                part = slice(start, end)
                moving = moved[levels.operands[part]]
                shares = locals_[part] * moving
                shares[moving == 0] = 0.0  # what does not move, moves nothing, by inf neither
                if passed_by is not None:
                    shares[passed_by[part]] = 0.0
                np.add.at(moved, levels.consumers[part], shares)
        return moved

    def towards_root(self, weights: Floats) -> Floats:
        """Log of the heaviest path's weight from each node to the root, -inf without one. `[node]`.

        Args:
            weights: log of the weight of each edge. Shape: `[edge]`.
        """
        levels = self._levels
        heaviest = np.full(len(self.graph), -np.inf)
        heaviest[self.graph.root] = 0.0
        ordered = weights[levels.edges]
        for start, end in reversed(levels.spans):
            part = slice(start, end)
            with np.errstate(all="ignore"):  # inf and nan are data here, not accidents
                candidates = ordered[part] + heaviest[levels.consumers[part]]
                np.maximum.at(heaviest, levels.operands[part], candidates)
        return heaviest

    def divided(self, group_of: Ints, n_groups: int) -> Floats:
        """What of each node's gradient comes through the nodes of each group before any other's.

        All of a grouped node's is its own group's, and all of the root's too, which passes its
        gradient on whether it is in a group or not. Shape: `[node][group]`.

        Args:
            group_of: of each node, -1 of those in none; the root has one. Shape: `[node]`.
        """
        graph, levels = self.graph, self._levels
        shares = np.zeros((len(graph), n_groups))
        ends = np.flatnonzero(group_of >= 0)
        shares[ends, group_of[ends]] = graph.grad[ends]
        flat, groups = shares.reshape(-1), np.arange(n_groups)
        with np.errstate(all="ignore"):  # inf and nan are data here, not accidents
            for start, end in reversed(levels.spans):
                operands, consumers = levels.operands[start:end], levels.consumers[start:end]
                open_ = group_of[operands] < 0
                operands, consumers = operands[open_], consumers[open_]
                passed = shares[consumers]
                given = passed * levels.locals[start:end][open_, None]
                given[passed == 0] = (
                    0.0  # what nothing comes through, gives nothing, by inf neither
                )
                np.add.at(
                    flat, (operands[:, None] * n_groups + groups).reshape(-1), given.reshape(-1)
                )
        return shares

    @cached_property
    def _levels(self) -> _Levels:
        return _Levels.of(self.graph)


@dataclass(frozen=True, eq=False)
class _Levels:
    """Edges sorted by the level of their consumer."""

    of_node: Ints  # each node's level; leaves are 0. Shape: `[node]`
    edges: Ints  # all edges in this order. Shape: `[edge]`
    operands: Ints  # of those edges. Shape: `[edge]`
    consumers: Ints
    locals: Floats
    spans: list[tuple[int, int]]  # where the edges of levels 1, 2, ... begin and end

    @classmethod
    def of(cls, graph: Graph) -> _Levels:
        of_node = _levels_of(graph)
        level_of_edge = of_node[graph.edge_consumers]
        edges = stably_sorted(level_of_edge)
        ends = np.cumsum(np.bincount(level_of_edge, minlength=1)).tolist()
        return cls(
            of_node,
            edges,
            graph.operands[edges],
            graph.edge_consumers[edges],
            graph.local_grads[edges],
            list(itertools.pairwise(ends)),
        )

    def spans_after(self, level: int) -> list[tuple[int, int]]:
        """Where the edges into each later level begin and end."""
        return self.spans[level:]


def _levels_of(graph: Graph) -> Ints:
    """Each node's level: a level is what waits for no operand once those before it are there."""
    waits_for = np.diff(graph.operand_start)
    consumers = graph.edge_consumers[stably_sorted(graph.operands)]
    starts = np.concatenate(([0], np.cumsum(graph.fan_out)))
    levels, last_seen = np.zeros(len(graph), np.int64), np.zeros(len(graph), np.int64)
    now, level = np.flatnonzero(waits_for == 0), 0
    while len(now):
        levels[now] = level
        reached = consumers[ranges(starts[now], starts[now + 1])]
        np.subtract.at(waits_for, reached, 1)
        ready = reached[waits_for[reached] == 0]
        last_seen[ready] = np.arange(len(ready))  # some are there twice
        now, level = ready[last_seen[ready] == np.arange(len(ready))], level + 1
    return levels
