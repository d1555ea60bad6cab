"""Kinds about gradients between passes: kept, zeroed too early, and graphs that are kept."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from microgpt.diagnosis.evidence import Evidence, Interval
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds.changed import update_before_pass
from microgpt.diagnosis.kinds.kind import FaultKind, said
from microgpt.diagnosis.kinds.telling import called, finding_between, leaf_id, update_line
from microgpt.diagnosis.program import SourcePlace
from microgpt.graph.debuggee import LeafUpdate

# -- gradients that are used again -----------------------------------------------------------------


def _stale_grads(evidence: Evidence) -> Iterator[Finding]:
    """A share that an update has used is still there when another update uses it."""
    used: dict[int, float] = {}  # by leaf: the gradient that its last update has used
    for interval in evidence.intervals:
        again: list[tuple[int, LeafUpdate]] = []
        for place, (who, leaf) in enumerate(interval.rows()):
            zeroed_first = _is_zeroed_before_update(interval, place)
            if leaf.before != leaf.after and leaf.grad != 0 and not zeroed_first:
                if who in used:
                    again.append((place, leaf))
                used[who] = leaf.grad
            if leaf.grad_now != leaf.grad or zeroed_first:
                used.pop(who, None)
        again = [(place, leaf) for place, leaf in again if _kept(evidence, interval, leaf, place)]
        if again:
            place, leaf = again[0]
            before = evidence.passes[interval.after].graph.grad_before
            own = leaf_id(evidence, interval, place)
            what = (
                f"the gradient of {called(leaf)} was not zeroed before this pass: it began at "
                f"{said(float(before[own]))}, which an earlier update has used, and the update "
                "after it uses that again"
            )
            line = update_line(interval, leaf, place)
            yield finding_between(
                evidence, interval, "stale-grads", "certain", what, line, (own,),
                was=leaf.grad, should=leaf.grad - float(before[own]), spoils=len(again),
            )  # fmt: skip
            return


def _kept(evidence: Evidence, interval: Interval, leaf: LeafUpdate, place: int) -> bool:
    """Whether the pass added to what was there, so that it is still part of the gradient."""
    own = leaf_id(evidence, interval, place)
    seen = evidence.passes[interval.after]
    return bool(seen.before[own] != 0 and not seen.off[own] and leaf.grad != 0)


def _is_zeroed_before_update(interval: Interval, place: int) -> bool:
    for write in interval.writes_to(place):
        if not write.is_grad:
            return False
        if write.new == 0:
            return True
    return False


def _never_moves(evidence: Evidence) -> Iterator[Finding]:
    """Gradients are zeroed again and again, and nothing moves, though the text has an update.

    It lies between the forward and the backward pass, after the zeroing, where no write is seen.
    """
    n_seen = sum(not w.is_grad for i in evidence.intervals for w in i.updates.writes)
    if len(evidence.intervals) < 3 or evidence.moved or n_seen:
        return
    interval = evidence.intervals[0]
    idle = [
        (place, leaf) for place, (_, leaf) in enumerate(interval.rows())
        if leaf.grad != 0 and leaf.grad_now == 0 and leaf.node is not None
    ]  # fmt: skip
    seen = evidence.passes[0]
    lines = evidence.program.writes_of_numbers(seen.file)
    if not idle or not lines or seen.file is None:
        return
    place, leaf = idle[0]
    what = (
        f"{called(leaf)} has the gradient {said(leaf.grad)} and never moves: the gradients are "
        "zeroed, and the update comes before the next pass has made new ones"
    )
    yield finding_between(
        evidence, interval, "update-without-grad", "likely", what, (seen.file, lines[-1]),
        (leaf_id(evidence, interval, place),), was=0.0, should=leaf.grad, spoils=len(idle),
        unless="these passes are not meant to be followed by an update",
    )  # fmt: skip


def _only_decays(leaves: list[LeafUpdate]) -> bool:
    """Whether leaves do not move, or all by the same part of themselves."""
    ratios = {leaf.after / leaf.before for leaf in leaves if leaf.before}
    return not ratios or max(ratios) - min(ratios) <= 1e-12 * max(map(abs, ratios))


def _update_without_grad(evidence: Evidence) -> Iterator[Finding]:
    """Each time the gradients are zeroed before the update, or the update is before the pass."""
    yield from update_before_pass(evidence)
    yield from _never_moves(evidence)
    for interval in evidence.intervals:
        idle = []
        for place, (_, leaf) in enumerate(interval.rows()):
            writes = interval.writes_to(place)
            if leaf.grad == 0 or not any(not w.is_grad for w in writes):
                continue
            if _is_zeroed_before_update(interval, place):
                idle.append((place, leaf, writes))
        if not _only_decays([leaf for _, leaf, _ in idle]):
            continue
        zeroed = {place for place, _, _ in idle}
        moving = sum(
            leaf.before != leaf.after and place not in zeroed
            for place, (_, leaf) in enumerate(interval.rows())
        )
        if idle and len(idle) > moving:
            place, leaf, writes = idle[0]
            first = next(w for w in writes if w.is_grad and w.new == 0)
            line = first.line if first.line[0] else update_line(interval, leaf, place)
            what = (
                f"the gradient of {called(leaf)}, {said(leaf.grad)}, is set to 0 before the "
                "update reads it: nothing moves"
            )
            yield finding_between(
                evidence, interval, "update-without-grad", "certain", what, line,
                (leaf_id(evidence, interval, place),), was=0.0, should=leaf.grad,
                spoils=len(idle),
            )  # fmt: skip
            return


def _backward_twice(evidence: Evidence) -> Iterator[Finding]:
    for place, seen in enumerate(evidence.passes[1:], 1):
        graph, updates = seen.graph, seen.updates
        inner = graph.forward_order
        if updates is None or not updates.n_shared or not len(inner):
            continue
        left = inner[(graph.grad_before[inner] != 0)]
        # The root's own gradient is set, whatever it was.
        left = left[left != graph.root]
        if len(left) < np.count_nonzero(seen.true_grad[inner]) / 2:
            continue
        off = left[seen.off[left]]
        if not len(off) and not len(evidence.off_parameters(place)):
            continue
        node = int(left[-1])
        what = (
            f"the pass of one graph is run again: {graph.name(node)} begins at "
            f"{said(float(graph.grad_before[node]))}, which the pass before has left there"
        )
        yield Finding(
            kind="backward-twice", certainty="certain", what=what, mend="", place=seen.place,
            nodes=(node,), pass_number=seen.number,
            was=float(graph.grad[node]), should=float(seen.true_grad[node]),
            spoils=int(np.count_nonzero(seen.off)),
        )  # fmt: skip
        return


def _graph_grows(evidence: Evidence) -> Iterator[Finding]:
    shared = [
        (place, seen) for place, seen in enumerate(evidence.passes)
        if seen.updates is not None and seen.updates.n_shared
    ]  # fmt: skip
    grows = [
        (place, seen) for place, seen in shared
        if len(seen.graph) > len(evidence.passes[place - 1].graph)
    ]  # fmt: skip
    sizes = [len(each.graph) for each in evidence.passes]
    if len(grows) < 2 or len(grows) < (len(evidence.passes) - 1) / 2 or sizes != sorted(sizes):
        return
    place, seen = grows[0]
    assert seen.updates is not None
    line = _line_that_carries(evidence, place) or seen.place
    yield Finding(
        kind="graph-grows", certainty="likely",
        what=f"the graph of backward {seen.number} contains {seen.updates.n_shared} nodes of the "
        f"pass before: graphs grow from {sizes[0]} to {sizes[-1]} nodes",
        mend="", place=line, pass_number=seen.number,
        was=float(sizes[-1]), should=float(sizes[0]),
        unless="the state is meant to be carried from step to step",
    )  # fmt: skip


def _line_that_carries(evidence: Evidence, place: int) -> SourcePlace | None:
    """The line that first uses a node of the graph before in this one."""
    seen = evidence.passes[place]
    graph = seen.graph
    assert seen.updates is not None
    inner = graph.forward_order[: seen.updates.n_shared]  # the oldest
    if not len(inner):
        return None
    newest = int(inner[-1])
    uses = [edge.consumer for edge in graph.consumers_of(newest)]
    uses = [node for node in uses if node > newest]
    return graph.line(min(uses)) if uses else graph.line(newest)


KINDS = (
    FaultKind("backward-twice", "runs the pass of one graph again",
         "run it once, or zero the gradients of all nodes in between", _backward_twice,
         frozenset({"graph-grows"})),
    FaultKind("graph-grows", "keeps graphs of earlier steps",
         "carry the number over, not the node", _graph_grows),
    FaultKind("stale-grads", "never zeroes",
         "set all gradients to 0 before each pass", _stale_grads),
    FaultKind("update-without-grad", "zeroes before it updates, or updates before the pass",
         "update first, then zero", _update_without_grad, frozenset({"rebound"})),
)  # fmt: skip
