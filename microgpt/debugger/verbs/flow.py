"""Where a node goes: how the loss, each position's loss and the logits move with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from microgpt.debugger.session_core import SessionCore
from microgpt.debugger.verbs.arguments import node_of
from microgpt.debugger.verbs.verb import WHY, Answer, Json, Verb
from microgpt.debugger.verbs.why import PositionShare
from microgpt.debugger.wording import number, position_called
from microgpt.model.place_names import named
from microgpt.model.places import logit_name, position_label, position_logits, position_losses

LOGITS_TOLD = 8


@dataclass(frozen=True, slots=True)
class LogitMove:
    """How a logit moves with a node."""

    node: int  # the logit
    position: int  # of its prediction
    token: int  # the token id it is for
    derivative: float  # d logit / d node


@dataclass(frozen=True, slots=True)
class Flow(Answer):
    """Where a node goes."""

    node: int  # that moves
    name: str  # what it is called
    root: str  # what the root is called
    derivative: float  # d root / d node
    n_reached: int  # how many nodes move with it
    by_position: tuple[PositionShare, ...]
    """d loss of a position / d node, in order; none if the graph has no positions."""
    logits: tuple[LogitMove, ...]  # those that move most, first; none if the graph has none

    @property
    def about(self) -> int:
        """The node that moves."""
        return self.node

    def lines(self) -> list[str]:
        """How the root, the losses and the logits move."""
        how = f"{self.root} moves {number(self.derivative)} times as much as it"
        told = [f"{self.name}: {how}, and {self.n_reached} nodes move with it"]
        if self.by_position:
            told.append("  losses by position")
            told += [
                f"    {number(s.share):>12}  {position_called(s.position, s.label)}"
                for s in self.by_position
            ]
        if self.logits:
            told.append("  logits that move most")
            told += [
                f"    {number(m.derivative):>12}  {logit_name(m.position, m.token)}"
                for m in self.logits
            ]
        return told

    def as_json(self) -> Json:
        """The same derivatives."""
        return {
            "flow": {
                "derivative": self.derivative,
                "reached": self.n_reached,
                "by_position": [
                    {"position": s.position, "derivative": s.share} for s in self.by_position
                ],
                "logits": [
                    {"id": m.node, "position": m.position, "token": m.token,
                     "derivative": m.derivative}
                    for m in self.logits
                ],
            }
        }  # fmt: skip


def flow(session: SessionCore, node: int) -> Flow:
    """Where a node goes: how the losses and logits move with it."""
    derivatives, graph = session.heaviest_paths.derivatives, session.graph
    moved = derivatives.of(node)
    by_position = tuple(
        PositionShare(position, position_label(graph, position), float(moved[loss]))
        for position, loss in position_losses(graph).items()
    )
    logits = []
    for position, nodes in position_logits(graph):
        logits += [
            LogitMove(at, position, token, float(moved[at]))
            for token, at in enumerate(nodes.tolist())
            if moved[at]
        ]
    logits.sort(key=lambda move: -abs(move.derivative))
    return Flow(
        node,
        named(graph, node),
        named(graph, graph.root),
        float(moved[graph.root]),
        int(np.count_nonzero(moved)),
        by_position,
        tuple(logits[:LOGITS_TOLD]),
    )


ROWS = (
    Verb("flow", (), WHY, "[NODE]", "where a node goes: how losses and logits move with it",
         "flow wpe[1][2]", "node",
         lambda session, argument: flow(session, node_of(session, argument))),
)  # fmt: skip
