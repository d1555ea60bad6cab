"""The numbers of view `paths`: the heaviest single ways of a gradient, and the nodes they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from microgpt.debugger.derivatives import Derivatives
from microgpt.debugger.heaviest_paths import GradientPath, HeaviestPaths
from microgpt.debugger.node_references import find_node
from microgpt.errors import InputError
from microgpt.graph.graph import Graph
from microgpt.model.place_names import named
from viz.style import short_number
from viz.views.subject import ViewSubject
from viz.views.table import Choices

TOP = 5


@dataclass(frozen=True, slots=True)
class ToldWay:
    """From one node told to the next one."""

    start: int
    end: int
    factor: float  # product of the local gradients on the way
    share: float  # what all paths that go here add to the gradient; signed


@dataclass(frozen=True, eq=False)
class HeaviestWays:
    """The heaviest paths from a node to the root."""

    graph: Graph
    node: int  # whose gradient it is
    paths: tuple[GradientPath, ...]  # the heaviest first

    @classmethod
    def of(cls, subjects: Sequence[ViewSubject], choices: Choices) -> HeaviestWays:
        """Of the last subject.

        Raises:
            InputError: no node is given, or none of its gradient comes from the root.
            GraphError: there is no such node, or the graph has no backward pass.
        """
        if choices.node is None:
            raise InputError("view paths needs --node NODE, whose gradient is followed to the loss")
        graph = subjects[-1].graph.true_pass
        node = find_node(graph, choices.node)
        paths = HeaviestPaths(Derivatives(graph)).of(node, choices.top or TOP)
        if not paths:
            raise InputError(f"--node {choices.node}: no path leads from it to the loss")
        return cls(graph, node, paths)

    @cached_property
    def ways(self) -> tuple[ToldWay, ...]:
        """All ways between nodes told, each once, by their ends."""
        factors: dict[tuple[int, int], float] = {}
        shares: dict[tuple[int, int], float] = {}
        for path in self.paths:
            nodes = [self.node, *(step.node for step in path.steps)]
            for pair, step in zip(pairwise(nodes), path.steps, strict=True):
                factors[pair] = step.factor
                shares[pair] = shares.get(pair, 0.0) + path.share
        return tuple(
            ToldWay(start, end, factors[start, end], shares[start, end])
            for start, end in sorted(factors)
        )

    @cached_property
    def lane_of(self) -> dict[int, int]:
        """The first path that each node is told on, by node."""
        lanes = {self.node: 0}
        for lane, path in enumerate(self.paths):
            for step in path.steps:
                lanes.setdefault(step.node, lane)
        return lanes

    @cached_property
    def level_of(self) -> dict[int, int]:
        """How many ways lead to each node at the most, one after the other, by node."""
        levels = {self.node: 0}
        for way in sorted(self.ways, key=lambda way: (way.start, way.end)):
            levels[way.end] = max(levels.get(way.end, 0), levels[way.start] + 1)
        return levels

    @cached_property
    def words_of(self) -> dict[int, str]:
        """What to call each node."""
        words = {self.node: named(self.graph, self.node)}
        for path in self.paths:
            words |= {step.node: step.place or step.name for step in path.steps}
        return words

    @property
    def gradient(self) -> float:
        """Of the node."""
        return float(self.graph.grad[self.node])

    @property
    def rest(self) -> float:
        """What all other paths add to it."""
        return self.gradient - sum(path.share for path in self.paths)


def paths_as_json(shown: HeaviestWays) -> Mapping[str, Any]:
    """Every path with its nodes, and the factors on the way to each."""
    graph = shown.graph
    return {
        "node": shown.node,
        "name": shown.words_of[shown.node],
        "grad": shown.gradient,
        "rest": shown.rest,
        "paths": [
            {
                "share": path.share, "edges": path.length,
                "nodes": [
                    {"id": step.node, "name": step.name, "place": step.place, "op": step.op,
                     "scope": step.scope, "factor": step.factor,
                     "data": float(graph.data[step.node]), "grad": float(graph.grad[step.node])}
                    for step in path.steps
                ],
            }
            for path in shown.paths
        ],
    }  # fmt: skip


def paths_lines(shown: HeaviestWays, width: int) -> list[str]:
    """A paragraph a path: its share, then a line a node."""
    del width
    lines = [f"{shown.words_of[shown.node]}: grad {short_number(shown.gradient)}"]
    for number, path in enumerate(shown.paths, start=1):
        lines.append(f"path {number}: {short_number(path.share)} of it, {path.length} edges")
        lines += [
            f"  ×{short_number(step.factor):<11} {shown.words_of[step.node]}" for step in path.steps
        ]
    lines.append(f"all other paths: {short_number(shown.rest)}")
    return lines
