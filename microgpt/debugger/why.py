"""Why a gradient has its value: its shares by position of the loss, by head, by consumer, by path.

Each grouping divides the same number: the shares of one add up to the gradient, as far as floats
do. Positions and heads are those of microgpt's scopes; any other graph is divided by consumer and
by path only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from microgpt.debugger.derivatives import Derivatives
from microgpt.debugger.paths import HeaviestPaths, Path
from microgpt.errors import GraphError
from microgpt.graph import Graph

PATHS_TOLD = 5
RESIDUAL = "residual"
_BLOCKS = (
    (re.compile(r"(?:^|/)(layer\d+)/attn/(head\d+)(?:/|$)"), "{0}/{1}"),
    (re.compile(r"(?:^|/)(layer\d+)/attn/out$"), "{0}/attn"),
    (re.compile(r"(?:^|/)(layer\d+)/mlp/(?!residual$)"), "{0}/mlp"),
)


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


def cancellation(shares: Iterable[float]) -> float:
    """How many times their sum the sizes of the shares add up to: 1 if none cancels another.

    >>> cancellation([3.0, -2.0])
    5.0
    """
    sizes, total = 0.0, 0.0
    for share in shares:
        sizes, total = sizes + abs(share), total + share
    if not sizes:
        return 1.0
    return sizes / abs(total) if total else math.inf


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
        consumers = _by_consumer(graph, node)
        paths = () if node == graph.root else self.heaviest_paths.of(node, paths_told)
        told = sum(path.share for path in paths)
        added = sum(share.share for share in consumers)
        return Why(
            node,
            graph.name(node),
            gradient,
            given,
            self._by_position(node),
            self._by_head(node),
            consumers,
            paths,
            added - told,
        )

    def _by_position(self, node: int) -> tuple[PositionShare, ...]:
        graph = self.derivatives.graph
        losses = position_losses(graph)
        if not losses or node == graph.root:
            return ()
        stops = np.zeros(len(graph), np.bool_)
        stops[list(losses.values())] = True
        moved = self.derivatives.of(node, stops)
        shares = [
            PositionShare(
                position,
                graph.scopes.find(f"pos{position}/loss").label
                or graph.scopes.find(f"pos{position}").label,
                float(moved[loss] * graph.grad[loss]) if moved[loss] else 0.0,
            )
            for position, loss in losses.items()
        ]
        if moved[graph.root] and not stops[graph.root]:
            shares.append(PositionShare(None, "", float(moved[graph.root])))
        return tuple(shares)

    def _by_head(self, node: int) -> tuple[HeadShare, ...]:
        graph = self.derivatives.graph
        labels = [_block(scope.path) for scope in graph.scopes]
        if not any(labels) or node == graph.root:
            return ()
        stops = np.array([label != "" for label in labels])[graph.scope_of]
        moved = self.derivatives.of(node, stops)
        reached = np.flatnonzero(stops & (moved != 0))
        shares: dict[str, float] = {}
        for at in reached.tolist():
            label = labels[int(graph.scope_of[at])]
            shares[label] = shares.get(label, 0.0) + float(moved[at] * graph.grad[at])
        if not stops[graph.root] and (moved[graph.root] or not shares):
            shares[RESIDUAL] = float(moved[graph.root])
        return tuple(
            HeadShare(label, share)
            for label, share in sorted(shares.items(), key=lambda row: -abs(row[1]))
        )


def position_losses(graph: Graph) -> dict[int, int]:
    """The node of each position's loss, by position; none if the graph is not of the model."""
    losses = {}
    for scope in graph.scopes:
        if match := re.fullmatch(r"pos(\d+)/loss", scope.path):
            outputs = graph.outputs_of(scope)
            if len(outputs) == 1:
                losses[int(match[1])] = int(outputs[0])
    return losses


def _block(path: str) -> str:
    """The head or block that a scope belongs to, `""` for those between them."""
    for pattern, label in _BLOCKS:
        if match := pattern.search(path):
            return label.format(*match.groups())
    return ""


def _by_consumer(graph: Graph, node: int) -> tuple[ConsumerShare, ...]:
    shares: dict[int, float] = {}
    for edge in graph.consumers_of(node):
        shares[edge.consumer] = shares.get(edge.consumer, 0.0) + edge.contribution
    return tuple(
        ConsumerShare(at, graph.name(at), graph.op(at), graph.scope(at), share)
        for at, share in sorted(shares.items(), key=lambda row: -abs(row[1]))
    )
