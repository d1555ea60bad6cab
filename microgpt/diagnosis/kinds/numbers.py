"""Kinds about the numbers themselves: what raises, what is not finite, a loss upside down."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds.kind import FaultKind, said

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
        kind="error", certainty="certain", what=what, mend="", file=stop.file, line=stop.line,
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
            file=line[0] if line else None, line=line[1] if line else None, op=graph.op(node),
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
                    mend="", file=line[0] if line else None, line=line[1] if line else None,
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
    if (found := _scored_down(evidence)) is not None and (
        graph.data[graph.operands[graph.operand_start[logs]]] > 1
    ).any():  # logarithms of sums
        yield found
        return
    operands = graph.data[graph.operands[graph.operand_start[logs]]]
    reaches = seen.leads_from[logs]
    if not (((operands > 0) & (operands <= 1)).all() and (seen.true_grad[logs][reaches] > 0).all()):
        return
    node = int(logs[reaches][0]) if reaches.any() else int(logs[0])
    line = graph.line(node)
    yield Finding(
        kind="loss-upside-down", certainty="likely",
        what=f"the loss is below 0, {said(seen.loss)} and then {said(passes[-1].loss)}, and falls "
        f"as the probabilities of the targets fall: its slope by the logarithm of "
        f"{said(float(operands[0]))} is {said(float(seen.true_grad[node]))}",
        mend="", file=line[0] if line else None, line=line[1] if line else None,
        op=graph.op(node), nodes=(node,), pass_number=seen.number,
        was=float(seen.true_grad[node]), should=-float(seen.true_grad[node]),
        unless="the likelihood is meant to be made small",
    )  # fmt: skip


def _scored_down(evidence: Evidence) -> Finding | None:
    """Of rows of several scores: each target's slope is above 0, and all others' below."""
    rows = evidence.text_model(0).scored
    seen = evidence.passes[0]
    if not rows or any(len(row.tops) < 3 or seen.true_grad[row.top] <= 0 for row in rows):
        return None
    row = rows[0]
    node = int(
        max(evidence.algebra(0).consumers[row.top], key=lambda n: abs(seen.true_grad[n]))
    )  # fmt: skip
    line = seen.graph.line(node)
    slope = float(seen.true_grad[row.top])
    return Finding(
        kind="loss-upside-down", certainty="likely",
        what=f"the loss is below 0, {said(seen.loss)} and then {said(evidence.passes[-1].loss)}, "
        f"and falls as the scores of the targets fall: its slope by the first is {said(slope)}",
        mend="", file=line[0] if line else None, line=line[1] if line else None,
        op=seen.graph.op(node), nodes=(row.top,), pass_number=seen.number, was=slope,
        should=-slope, unless="the likelihood is meant to be made small",
    )  # fmt: skip


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
