"""Why a gradient has its value: its shares by position of the loss, by head, by consumer, by path.

Each grouping divides the same number: the shares of one, and what was given, add up to the gradient
within 1e-12 of the sum of their sizes (`rounded_shares.py`). Positions and heads are those of
microgpt's scopes; any other graph is divided by consumer and by path only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import groupby, takewhile
from typing import Self

import numpy as np

from microgpt.debugger.derivatives import Derivatives
from microgpt.debugger.heaviest_paths import GradientPath, HeaviestPaths
from microgpt.debugger.rounded_shares import cancellation, settled
from microgpt.debugger.session_core import SessionCore
from microgpt.debugger.verbs.arguments import node_of
from microgpt.debugger.verbs.verb import WHY, Answer, Json, Verb
from microgpt.debugger.wording import called, number, position_called, share_of
from microgpt.errors import GraphError
from microgpt.graph.graph import Graph
from microgpt.graph.ledger import ADDED, Ledger
from microgpt.model.place_names import named, place_name, spoken
from microgpt.model.places import RESIDUAL, block_of, position_label, position_losses

PATHS_TOLD = 5
MOST_CONSUMERS = 8
MUCH_CANCELLATION = 2.0
AS_WAS_AND_SHOULD_BE = (", in the pass as it was", ", in the pass as it should be")


@dataclass(frozen=True, slots=True)
class PositionShare:
    """What the prediction at one position adds to a gradient."""

    position: int | None  # of the loss; None for what comes past all of the positions' losses
    label: str  # of the position, `e → m`
    share: float  # signed


@dataclass(frozen=True, slots=True)
class HeadShare:
    """What flows through one attention head or block, before any other."""

    head: str
    """`layer0/head2`, `layer0/mlp`, `layer0/attn` for the projection after the heads, or
    `residual` for what passes none on its way to the loss."""
    share: float  # signed


@dataclass(frozen=True, slots=True)
class ConsumerShare:
    """What one consumer adds to a gradient, all its slots together."""

    node: int
    told_id: int  # as `Graph.id_of` has it
    name: str  # or `#id`
    place: str  # what it is in its scope, in words; `""` if it has a name, or lies in no scope
    op: str
    scope: str
    share: float

    @classmethod
    def of(cls, graph: Graph, node: int, share: float) -> Self:
        """A share with all that is told of its consumer."""
        return cls(
            node, graph.id_of(node), graph.name(node), place_name(graph, node), graph.op(node),
            graph.scope(node), share,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Why(Answer):
    """A gradient, divided."""

    node: int  # whose gradient it is
    name: str  # its name, or `#id`
    place: str  # as of a consumer
    gradient: float  # its final grad
    given: float
    """The part of it that no consumer added: 1 at the root, and what was there before the pass; the
    shares of each grouping add up to the rest."""
    by_position: tuple[PositionShare, ...]  # in order of position; none if there are no positions
    by_head: tuple[HeadShare, ...]  # the heaviest first; none if the graph has no heads
    by_consumer: tuple[ConsumerShare, ...]  # the heaviest first
    paths: tuple[GradientPath, ...]  # the heaviest single ones
    remainder: float  # what all other paths add
    should_be: float | None = None
    """Of a pass that was not its sums, what the gradient would be if it were: consumers are told of
    the pass as it was then, all else of the pass as it should be. None if both are one."""
    replaced: bool = False  # whether `given` was written over what consumers had added
    true_added: float | None = None  # the part of `should_be` that its consumers add
    in_region: bool = False  # whether all paths end at a region's border

    @property
    def about(self) -> int:
        """The node whose gradient it is."""
        return self.node

    def lines(self) -> list[str]:
        """The shares, as parts of the gradient and in per cent."""
        told = [f"{spoken(self.name, self.place)}: grad {number(self.gradient)}"]
        if self.should_be is not None:
            told[0] += f"; should be {number(self.should_be)}"
        if self.replaced:
            told.append(f"  {number(self.given)} of it was written over what was there before")
        elif self.given:
            told.append(f"  {number(self.given)} of it was there before any consumer added to it")
        groups = [
            ("by position of the loss",
             [(position_called(s.position, s.label), s.share) for s in self.by_position]),
            ("by first head or block on the way to the loss",
             [(s.head, s.share) for s in self.by_head]),
            ("by consumer",
             [(called(s.told_id, s.name, s.place, s.op, s.scope), s.share)
              for s in self.by_consumer]),
        ]  # fmt: skip
        was = self.gradient - self.given
        total = was if self.true_added is None else self.true_added
        as_was, as_should = ("", "") if self.should_be is None else AS_WAS_AND_SHOULD_BE
        for title, rows in groups:
            if rows and title == "by consumer":
                told += _group(title + as_was, rows, was)
            elif rows:
                told += _group(title + as_should, rows, total)
            elif self.by_consumer:
                why_not = "they lie beyond this region" if self.in_region else "this graph has none"
                told.append(f"  {title}: {why_not}")
        if self.paths:
            told.append(f"  heaviest paths to the loss{as_should}")
            told += [f"    {share_of(p.share, total)}  {_way(p)}" for p in self.paths]
            told.append(f"    {share_of(self.remainder, total)}  all other paths")
        return told

    def as_json(self) -> Json:
        """The shares of each grouping, and the paths, the last of which stands for all others."""
        paths = [
            {
                "label": "path",
                "share": path.share,
                "nodes": [
                    {"id": s.node, "name": s.name, "place": s.place, "op": s.op, "scope": s.scope,
                     "factor": s.factor}
                    for s in path.steps
                ],
            }
            for path in self.paths
        ]  # fmt: skip
        wrong = {} if self.should_be is None else {"should_be": self.should_be}
        return {
            **wrong,
            "shares": {
                "by_position": [
                    {"position": s.position, "share": s.share} for s in self.by_position
                ],
                "by_head": [{"head": s.head, "share": s.share} for s in self.by_head],
                "by_consumer": [
                    {"node": s.node, "name": s.name, "place": s.place, "share": s.share}
                    for s in self.by_consumer
                ],
            },
            "paths": [*paths, {"label": "all other paths", "share": self.remainder, "nodes": []}],
        }  # fmt: skip


def _group(title: str, rows: list[tuple[str, float]], total: float) -> list[str]:
    ratio = cancellation(share for _, share in rows)
    cancels = f", which cancel: their sizes add up to {ratio:.3g} times it"
    told = [f"  {title}{cancels if ratio > MUCH_CANCELLATION else ''}"]
    told += [f"    {share_of(share, total)}  {label}" for label, share in rows[:MOST_CONSUMERS]]
    if rest := rows[MOST_CONSUMERS:]:
        others = sum(share for _, share in rest)
        told.append(f"    {share_of(others, total)}  {len(rest)} others")
    return told


def _way(path: GradientPath) -> str:
    """`pos1/layer0/attn/q[3] term 7 ×2.18 → head0/scores[0] term 3 ×-0.447, scores[0] ×0.5 → …`."""
    parts, before = [], list[str]()
    for scope, steps in groupby(path.steps, key=lambda step: step.scope):
        factors = ", ".join(f"{step.words} ×{step.factor:.3g}" for step in steps)
        names = scope.split("/")
        pairs = zip(names[:-1], before, strict=False)
        shared = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
        parts.append("".join(f"{name}/" for name in names[shared:-1]) + factors)
        before = names
    return " → ".join(parts)


# -- how it is divided -----------------------------------------------------------------------------


def why(session: SessionCore, node: int) -> Why:
    """Divides a node's gradient by position, head, consumer and path.

    Raises:
        GraphError: the graph has no backward pass, or the gradient is not finite.
    """
    paths = session.heaviest_paths
    explained = Explainer(paths.derivatives, paths).why(node)
    if session.graph.ledger is None:
        return explained
    return _as_it_was(session.graph, session.graph.ledger, explained)


def _as_it_was(graph: Graph, ledger: Ledger, true: Why) -> Why:
    """Divides a gradient by what was really written, from the last number that replaced it on."""
    node = true.node
    writes = ledger.writes_to(node)
    set_at = np.flatnonzero(ledger.kind[writes] != ADDED)
    given = float(graph.grad_before[node])
    if len(set_at):
        given = float(ledger.new[writes[set_at[-1]]])
        writes = writes[set_at[-1] + 1 :]
    added: dict[int, list[float]] = {}
    for write in writes[ledger.edge[writes] >= 0].tolist():
        consumer = int(graph.edge_consumers[ledger.edge[write]])
        added.setdefault(consumer, []).append(float(ledger.share[write]))
    shares = {at: math.fsum(each) for at, each in added.items()}
    return replace(
        true,
        gradient=float(graph.grad[node]),
        given=given,
        by_consumer=tuple(
            ConsumerShare.of(graph, at, share)
            for at, share in sorted(shares.items(), key=lambda row: -abs(row[1]))
        ),
        should_be=true.gradient,
        replaced=bool(len(set_at)),
        true_added=true.gradient - true.given,
    )


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
                f"the grad of {named(graph, node)} is {gradient}, which has no parts; `anomalies` "
                "says where numbers go wrong"
            )
        given = 1.0 if node == graph.root else float(graph.grad_before[node])
        added = gradient - given
        paths = () if node == graph.root else self.heaviest_paths.of(node, paths_told)
        remainder = math.fsum([added, *(-path.share for path in paths)])
        return Why(
            node,
            graph.name(node),
            place_name(graph, node),
            gradient,
            given,
            self._by_position(node, added),
            self._by_head(node, added),
            _by_consumer(graph, node, added),
            paths,
            remainder,
            in_region=graph.region is not None,
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
    return tuple(ConsumerShare.of(graph, at, share) for at, share in rows)


ROWS = (
    Verb("why", ("y",), WHY, "[NODE]",
         "why a gradient has its value: by position, by head, by consumer, by path",
         "why layer0.attn_wq[3][7]", "node",
         lambda session, argument: why(session, node_of(session, argument))),
)  # fmt: skip
