"""Why a gradient has its value: its shares by position of the loss, by head, by consumer, by path.

Each grouping divides the same number: the shares of one, and what was given, add up to the gradient
within 1e-12 of the sum of their sizes (`shares.py`). Positions and heads are those of microgpt's
scopes; any other graph is divided by consumer and by path only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from microgpt.debugger.derivatives import Derivatives
from microgpt.debugger.paths import HeaviestPaths, Path
from microgpt.debugger.rounded_shares import settled
from microgpt.errors import GraphError
from microgpt.graph.graph import Graph
from microgpt.model.places import RESIDUAL, block_of, position_label, position_losses

PATHS_TOLD = 5


@dataclass(frozen=True, slots=True)
class PositionShare:
    """What the prediction at one position adds to a gradient.

    Attributes:
        position: of the loss; None for what comes past all of the positions' losses.
        label: of the position, `e → m`.
        share: signed.
    """

    position: int | None
    label: str
    share: float


@dataclass(frozen=True, slots=True)
class HeadShare:
    """What flows through one attention head or block, before any other.

    Attributes:
        head: `layer0/head2`, `layer0/mlp`, `layer0/attn` for the projection after the heads, or
            `residual` for what passes none on its way to the loss.
        share: signed.
    """

    head: str
    share: float


@dataclass(frozen=True, slots=True)
class ConsumerShare:
    """What one consumer adds to a gradient, all its slots together."""

    node: int
    name: str
    op: str
    scope: str
    share: float


@dataclass(frozen=True, slots=True)
class Why:
    """A gradient, divided.

    Attributes:
        node: whose gradient it is.
        name: its name, or `#id`.
        gradient: its final grad.
        given: the part of it that no consumer added: 1 at the root, and what was there before the
            pass; the shares of each grouping add up to the rest.
        by_position: in order of position; none if the graph has no positions.
        by_head: the heaviest first; none if the graph has no heads.
        by_consumer: the heaviest first.
        paths: the heaviest single paths.
        remainder: what all other paths add.
    """

    node: int
    name: str
    gradient: float
    given: float
    by_position: tuple[PositionShare, ...]
    by_head: tuple[HeadShare, ...]
    by_consumer: tuple[ConsumerShare, ...]
    paths: tuple[Path, ...]
    remainder: float


@dataclass(frozen=True, eq=False)
class Explainer:
    """Answers why for one graph; what is the same for all nodes is kept."""

    derivatives: Derivatives
    heaviest_paths: HeaviestPaths

    @classmethod
    def of(cls, derivatives: Derivatives) -> Explainer:
        """The explainer of the graph that the derivatives are of."""
        return cls(derivatives, HeaviestPaths(derivatives))

    def why(self, node: int, paths_told: int = PATHS_TOLD) -> Why:
        """Divides a node's gradient.

        Raises:
            GraphError: the graph has no backward pass, or the gradient is not finite.
        """
        graph = self.derivatives.graph
        if not graph.backpropagated:
            raise GraphError(
                "this graph has no backward pass of its own: there is no gradient to explain"
            )
        gradient = float(graph.grad[node])
        if not math.isfinite(gradient):
            raise GraphError(
                f"the grad of {graph.name(node)} is {gradient}, which has no parts; `anomalies` "
                "says where numbers go wrong"
            )
        given = 1.0 if node == graph.root else float(graph.grad_before[node])
        added = gradient - given
        paths = () if node == graph.root else self.heaviest_paths.of(node, paths_told)
        remainder = math.fsum([added, *(-path.share for path in paths)])
        return Why(
            node,
            graph.name(node),
            gradient,
            given,
            self._by_position(node, added),
            self._by_head(node, added),
            _by_consumer(graph, node, added),
            paths,
            remainder,
        )

    def _by_position(self, node: int, added: float) -> tuple[PositionShare, ...]:
        graph = self.derivatives.graph
        losses = position_losses(graph)
        if not losses or node == graph.root:
            return ()
        stops = np.zeros(len(graph), np.bool_)
        stops[list(losses.values())] = True
        moved = self.derivatives.of(node, stops)
        ends: dict[int | None, int] = dict(losses.items())
        if moved[graph.root] and not stops[graph.root]:
            ends[None] = graph.root
        at = list(ends.values())

        def sizes() -> list[float]:
            ways = self.derivatives.of(node, stops, sizes=True)
            return [_share(ways[end], abs(graph.grad[end])) for end in at]

        shares = settled([_share(moved[end], graph.grad[end]) for end in at], added, sizes)
        return tuple(
            PositionShare(position, _label(graph, position), share)
            for position, share in zip(ends, shares, strict=True)
        )

    def _by_head(self, node: int, added: float) -> tuple[HeadShare, ...]:
        graph = self.derivatives.graph
        labels = [block_of(scope.path) for scope in graph.scopes]
        if not any(labels) or node == graph.root:
            return ()
        stops = np.array([label != "" for label in labels])[graph.scope_of]
        moved = self.derivatives.of(node, stops)
        reached: dict[str, list[int]] = {}
        for at in np.flatnonzero(stops & (moved != 0)).tolist():
            reached.setdefault(labels[int(graph.scope_of[at])], []).append(at)
        if not stops[graph.root] and (moved[graph.root] or not reached):
            reached[RESIDUAL] = [graph.root]

        def sizes() -> list[float]:
            ways = self.derivatives.of(node, stops, sizes=True)
            return [
                math.fsum(_share(ways[at], abs(graph.grad[at])) for at in ends)
                for ends in reached.values()
            ]

        shares = settled(
            [
                math.fsum(_share(moved[at], graph.grad[at]) for at in ends)
                for ends in reached.values()
            ],
            added,
            sizes,
        )
        rows = sorted(zip(reached, shares, strict=True), key=lambda row: -abs(row[1]))
        return tuple(HeadShare(label, share) for label, share in rows)


def _share(moved: float, grad: float) -> float:
    """What arrives along the ways to a node, 0 if they are none, whatever its grad."""
    return float(moved * grad) if moved else 0.0


def _label(graph: Graph, position: int | None) -> str:
    return "" if position is None else position_label(graph, position)


def _by_consumer(graph: Graph, node: int, added: float) -> tuple[ConsumerShare, ...]:
    contributions: dict[int, list[float]] = {}
    for edge in graph.consumers_of(node):
        contributions.setdefault(edge.consumer, []).append(edge.contribution)

    def sizes() -> list[float]:
        return [math.fsum(map(abs, each)) for each in contributions.values()]

    shares = settled([sum(each) for each in contributions.values()], added, sizes)
    rows = sorted(zip(contributions, shares, strict=True), key=lambda row: -abs(row[1]))
    return tuple(
        ConsumerShare(at, graph.name(at), graph.op(at), graph.scope(at), share)
        for at, share in rows
    )
