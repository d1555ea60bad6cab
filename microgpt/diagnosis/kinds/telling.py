"""What kinds about updates say of a leaf: what it is called, who wrote it, and the finding."""

from __future__ import annotations

from dataclasses import dataclass

from microgpt.diagnosis.evidence import Evidence, Interval
from microgpt.diagnosis.finding import Certainty, Finding
from microgpt.diagnosis.kinds.kind import matrix_of
from microgpt.diagnosis.program import SourcePlace
from microgpt.graph.debuggee import LeafUpdate, LeafWrite
from microgpt.graph.graph import Graph


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
    return int(evidence.passes[interval.after].leaves[place])


def line_of_leaf(graph: Graph, node: int) -> SourcePlace | None:
    """The line that made a leaf, else one that made others of its matrix.

    A class that is met for the first time makes a node before it is watched.
    """
    line = graph.line(node)
    if line is not None or node not in graph.names:
        return line
    own = matrix_of(graph.names[node])
    lines = (graph.line(n) for n, name in graph.names.items() if matrix_of(name) == own)
    return next((line for line in lines if line is not None), None)


def finding_between(
    evidence: Evidence, interval: Interval, kind: str, certainty: Certainty, what: str,
    line: SourcePlace | None, nodes: tuple[int | None, ...] = (), was: float | None = None,
    should: float | None = None, spoils: int | None = None, unless: str = "",
) -> Finding:  # fmt: skip
    """A finding of what came before a pass."""
    return Finding(
        kind=kind, certainty=certainty, what=what, mend="",
        place=line,
        nodes=tuple(node for node in nodes if node is not None),
        pass_number=evidence.passes[interval.after + 1].number, was=was, should=should,
        spoils=spoils, unless=unless,
    )  # fmt: skip


def writes_to_parameters(evidence: Evidence, interval: Interval) -> list[LeafWrite]:
    """What an update writes to leaves of the graph and to others alike, in order.

    Writes of numbers by the lines that write to numbers of leaves, and zeros as gradients by those
    that zero leaves which updates move.
    """
    updates, n = interval.updates, len(interval.updates.leaves)
    numbers = {w.line for w in updates.writes if w.leaf < n and not w.is_grad}
    zeros = {
        w.line for w in updates.writes
        if 0 <= w.leaf < n and w.is_grad and not w.new and interval.who[w.leaf] in evidence.moved
    }  # fmt: skip
    return [
        write for write in updates.writes
        if (write.line in zeros and not write.new if write.is_grad else write.line in numbers)
    ]  # fmt: skip
