"""Kinds about numbers that change between a forward and its backward pass."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from microgpt.diagnosis.evidence import Evidence, Interval
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds.kind import FaultKind, said
from microgpt.diagnosis.kinds.telling import called, finding_between, leaf_id, moves_of, update_line
from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.diagnosis.program import SourcePlace
from microgpt.diagnosis.true_locals import NodeValue
from microgpt.graph.arrays import Ints


def _stale(seen: PassEvidence) -> Ints:
    """The nodes that are no longer what their op gives for their operands."""
    graph = seen.graph
    stale = seen.locals.value == NodeValue.STALE
    nodes = np.flatnonzero(stale)
    if not len(nodes):
        return nodes
    of_op = graph.op_codes == graph.op_codes[nodes[0]]
    is_all = not (seen.locals.value[of_op] == NodeValue.RIGHT).any()
    if is_all and len(np.unique(graph.op_codes[stale])) == 1:
        return nodes[:0]  # its operands are others than were seen, rather
    return nodes


def _update_before(evidence: Evidence, place: int) -> Interval | None:
    """What came before a pass, if all that moved did so after the nodes of its graph were made."""
    for interval in evidence.intervals:
        if interval.after == max(place - 1, 0):  # before the first pass nobody has looked
            written = {w.leaf for w in interval.updates.writes if not w.is_grad}
            moves = moves_of(interval)
            if moves and not any(move.place in written for move in moves):
                return interval
    return None


def update_before_pass(evidence: Evidence) -> Iterator[Finding]:
    """Updates lie between a forward and its backward pass: they use the gradients of another."""
    for place, seen in enumerate(evidence.passes):
        if not len(_stale(seen)):
            continue
        interval = _update_before(evidence, place)
        if interval is None:
            return
        move = moves_of(interval)[0]
        what = (
            f"the update comes between the forward and the backward pass: {called(move.leaf)} "
            f"moved by {said(move.by)}, by the gradient of the pass before, "
            f"{said(move.leaf.grad)}, and this pass computes with numbers that were not used"
        )
        yield finding_between(
            evidence, interval, "update-without-grad", "certain", what,
            update_line(interval, move.leaf, move.place) or _last_write(evidence, seen),
            (leaf_id(evidence, interval, move.place),), was=move.leaf.grad,
            spoils=len(moves_of(interval)),
        )  # fmt: skip
        return


def _changed_after_use(evidence: Evidence) -> Iterator[Finding]:
    for place, seen in enumerate(evidence.passes):
        nodes, graph = _stale(seen), seen.graph
        if not len(nodes) or _update_before(evidence, place) is not None:
            continue
        node = int(nodes[0])
        expected = float(seen.locals.expected[node])
        edges = graph.edges_into(np.array([node]))
        line = _line_of_change(evidence, place)
        yield Finding(
            kind="changed-after-use", certainty="certain",
            what=f"{graph.name(node)}, a {graph.op(node)}, is {said(float(graph.data[node]))}, but "
            f"of the numbers that its operands have now it would be {said(expected)}: "
            "one of them was changed after it was used",
            mend="", place=line,
            op=graph.op(node), nodes=(node, *graph.operands[edges].tolist()),
            pass_number=seen.number, was=float(graph.data[node]), should=expected,
            spoils=len(nodes),
        )  # fmt: skip
        return


def _line_of_change(evidence: Evidence, place: int) -> SourcePlace | None:
    """The line that changed a number after it was used, as far as that can be told.

    The last line that wrote the number of a leaf before the pass, where that is none of those which
    wrote to it before the graph was begun; else the nearest one above the pass that writes numbers.
    """
    seen = evidence.passes[place]
    for interval in evidence.intervals:
        if interval.after != place - 1:
            continue
        usual = {w.line for w in interval.updates.writes if not w.is_grad}
        for leaf in interval.updates.leaves:
            if leaf.line is not None and leaf.line not in usual and leaf.node is not None:
                return leaf.line
    return _last_write(evidence, seen)


def _last_write(evidence: Evidence, seen: PassEvidence) -> SourcePlace | None:
    """The nearest line above the call of a pass that writes to a node's number, by the text."""
    lines = evidence.program.writes_of_numbers(seen.file)
    lines = [line for line in lines if seen.line is None or line <= seen.line][-1:] or lines
    return (seen.file, lines[0]) if lines and seen.file is not None else None


KINDS = (
    FaultKind("changed-after-use", "changes a number between forward and backward",
         "change numbers after the backward pass, or make new nodes of the changed ones",
         _changed_after_use, frozenset({"graph-grows", "backward-twice"})),
)  # fmt: skip
