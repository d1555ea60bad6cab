"""Kinds about the numbers themselves: what raises, what is not finite, a loss upside down."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds.kind import FaultKind, said
from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.diagnosis.structure.places import line_beside

SUMS = frozenset({"add", "radd", "plus", "sum", "total"})
"""Ops that add up."""
MOST_OPS = 3
"""A sum of so many different ops is none of exponentials."""
NEAR_THE_END = 600.0
"""An `exp` overflows at 709.78; from here on it is near that."""


def _error(evidence: Evidence) -> Iterator[Finding]:
    stop = evidence.end
    if stop is None or not stop.traceback:
        return
    what = f"it raises {stop.error}"
    if not evidence.passes:
        what += ", before any backward pass"
    graph = stop.graph
    nodes: tuple[int, ...] = ()
    if graph is not None:
        edges = graph.edges_into(np.array([graph.root]))
        numbers = graph.data[graph.operands[edges]].tolist()
        nodes = (graph.root, *graph.operands[edges].tolist())
        if numbers:
            what += f"; {graph.op(graph.root)} of {', '.join(map(said, numbers))}"
    yield Finding(
        kind="error", certainty="certain", what=what, mend="", place=(stop.file, stop.line),
        nodes=nodes, pass_number=stop.number or None,
    )  # fmt: skip


def _not_finite(evidence: Evidence) -> Iterator[Finding]:
    for seen in evidence.passes:
        graph = seen.graph
        shown = (graph.data[graph.root], *graph.grad[graph.forward_order])
        if np.isfinite(shown).all():
            continue  # a mask of -inf does no harm
        bad = ~np.isfinite(graph.data)
        inner = np.diff(graph.operand_start) > 0
        made = [
            node for node in np.flatnonzero(bad & inner).tolist()
            if np.isfinite(graph.data[graph.operands[graph.edges_into(np.array([node]))]]).all()
        ]  # fmt: skip
        start = made or np.flatnonzero(bad).tolist()
        if not start:
            continue
        node = start[0]
        line = graph.line(node)
        numbers = graph.data[graph.operands[graph.edges_into(np.array([node]))]].tolist()
        told = ", ".join(map(said, numbers))
        what = (
            f"{graph.name(node)} is {graph.data[node]!r}: the first number that is not finite"
            + (f", made by {graph.op(node)} of {told}" if numbers else "")
        )
        yield Finding(
            kind="not-finite", certainty="certain", what=what, mend="",
            place=line, op=graph.op(node),
            nodes=(node,), pass_number=seen.number, was=float(graph.data[node]),
        )  # fmt: skip
        return


def _overflow_ahead(evidence: Evidence) -> Iterator[Finding]:
    for seen in evidence.passes:
        graph = seen.graph
        for node in graph.nodes_of("exp").tolist():
            edges = graph.edges_into(np.array([node]))
            number = float(graph.data[graph.operands[edges]].max(initial=-np.inf))
            if number > NEAR_THE_END:
                line = graph.line(node)
                yield Finding(
                    kind="overflow-ahead", certainty="note",
                    what=f"exp of {said(number)}: beyond 709.78 there is no number for it",
                    mend="", place=line,
                    op="exp", nodes=(node,), pass_number=seen.number,
                )  # fmt: skip
                return


def _loss_upside_down(evidence: Evidence) -> Iterator[Finding]:
    """The logarithms of probabilities push the loss up, where they should push it down."""
    passes = evidence.passes
    if len(passes) < 2 or not all(seen.loss < 0 for seen in passes):
        return
    seen = passes[0]
    graph = seen.graph
    logs = graph.nodes_of("log", "ln")
    if not len(logs):
        logs = _logarithms(evidence)
    if not len(logs):
        return
    operands = graph.data[graph.operands[graph.operand_start[logs]]]
    reaches = seen.leads_from[logs]
    slopes = seen.true_grad[logs][reaches]
    of_chances = bool(((operands > 0) & (operands <= 1)).all() and (slopes > 0).all())
    of_totals = bool(_are_totals(seen, logs).all() and (slopes < 0).all())
    if not (of_chances or of_totals):
        return
    node = int(logs[reaches][0]) if reaches.any() else int(logs[0])
    line = line_beside(graph, node, (int(graph.operands[graph.operand_start[node]]),))
    yield Finding(
        kind="loss-upside-down", certainty="likely",
        what=f"the loss is below 0, {said(seen.loss)} and then {said(passes[-1].loss)}, and falls "
        f"as the probabilities of the targets fall: its slope by the logarithm of "
        f"{said(float(operands[0]))} is {said(float(seen.true_grad[node]))}",
        mend="", place=line,
        op=graph.op(node), nodes=(node,), pass_number=seen.number,
        was=float(seen.true_grad[node]), should=-float(seen.true_grad[node]),
        unless="the likelihood is meant to be made small",
    )  # fmt: skip


def _are_totals(seen: PassEvidence, logs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which logarithms are of a sum of exponentials."""
    graph = seen.graph
    found = []
    for node in logs.tolist():
        todo = [int(graph.operands[graph.operand_start[node]])]
        ops: set[str] = set()
        while todo and len(ops) < MOST_OPS:
            each = todo.pop()
            op = graph.op(each)
            own = graph.operands[graph.operand_start[each] : graph.operand_start[each + 1]].tolist()
            if op.rstrip("0123456789") in SUMS and own:
                todo += own
            else:
                ops.add(op if own else "")
        found.append({op for op in ops if op} == {"exp"})
    return np.array(found, np.bool_)


def _logarithms(evidence: Evidence) -> np.ndarray:
    """Nodes of one operand whose numbers say that they are its logarithm."""
    graph = evidence.passes[0].graph
    single = np.flatnonzero(np.diff(graph.operand_start) == 1)
    operands = graph.data[graph.operands[graph.operand_start[single]]]
    with np.errstate(all="ignore"):
        same = (operands > 0) & (np.abs(np.log(operands) - graph.data[single]) < 1e-7)
    return np.asarray(single[same])


KINDS = (
    FaultKind("not-finite", "makes a number that is not finite",
         "see from which number it came; a smaller rate, or a guard before the op", _not_finite),
    FaultKind("error", "raises", "see the numbers that it raised on", _error),
    FaultKind("loss-upside-down", "forgets the minus of the log likelihood",
         "take minus the logarithm", _loss_upside_down, frozenset({"wrong-local"})),
    FaultKind("overflow-ahead", "has an exp near its end",
         "subtract the largest number before", _overflow_ahead),
)  # fmt: skip
