"""What kinds about updates say of a leaf: what it is called, who wrote it, and the finding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from microgpt.diagnosis.evidence import Evidence, Interval
from microgpt.diagnosis.finding import Certainty, Finding
from microgpt.diagnosis.program import SourcePlace
from microgpt.graph.debuggee import LeafUpdate


@dataclass(frozen=True, slots=True)
class Move:
    """A leaf that an update moved."""

    who: int
    place: int
    leaf: LeafUpdate
    by: float


def moves_of(interval: Interval) -> list[Move]:
    """All leaves that moved between two passes."""
    return [
        Move(who, place, leaf, leaf.after - leaf.before)
        for place, (who, leaf) in enumerate(interval.rows())
        if leaf.before != leaf.after
    ]


def called(leaf: LeafUpdate) -> str:
    """The name of a leaf, else its id."""
    return leaf.name or ("a leaf" if leaf.node is None else f"#{leaf.node}")


def update_line(interval: Interval, leaf: LeafUpdate, place: int) -> SourcePlace | None:
    """The line that wrote a leaf's number."""
    if leaf.line is not None:
        return leaf.line
    lines = [w.line for w in interval.updates.writes if w.leaf == place and not w.is_grad]
    return lines[-1] if lines else None


def leaf_id(evidence: Evidence, interval: Interval, place: int) -> int:
    """The id of a leaf in the earlier pass's graph."""
    graph = evidence.passes[interval.after].graph
    return int(np.flatnonzero(np.diff(graph.operand_start) == 0)[place])


def finding_between(
    evidence: Evidence, interval: Interval, kind: str, certainty: Certainty, what: str,
    line: SourcePlace | None, nodes: tuple[int | None, ...] = (), was: float | None = None,
    should: float | None = None, spoils: int | None = None, unless: str = "",
) -> Finding:  # fmt: skip
    """A finding of what came before a pass."""
    return Finding(
        kind=kind, certainty=certainty, what=what, mend="",
        file=line[0] if line else None, line=line[1] if line else None,
        nodes=tuple(node for node in nodes if node is not None),
        pass_number=evidence.passes[interval.after + 1].number, was=was, should=should,
        spoils=spoils, unless=unless,
    )  # fmt: skip
