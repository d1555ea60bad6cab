"""Kinds of arrays: gradients of another shape, in one memory, or of whole numbers only."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds.kind import FaultKind, matrix_of, said
from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.diagnosis.pass_lines import line_of_integers, line_that_shares, writes_in_place
from microgpt.diagnosis.program import SourcePlace
from microgpt.graph.odd_gradients import OddGradient


def _odd(evidence: Evidence, problem: str) -> Iterator[tuple[int, list[OddGradient]]]:
    """The first pass that leaves a wrong gradient and has such arrays, with these."""
    for place, seen in enumerate(evidence.passes):
        if not seen.off.any():
            continue
        graph = seen.graph
        found = [
            odd for odd in graph.odd_gradients
            if odd.problem == problem and seen.off[odd.node : odd.node + odd.size].any()
        ]  # fmt: skip
        if found:
            yield place, found
            return


def _finding(
    seen: PassEvidence, kind: str, odd: OddGradient, what: str, line: SourcePlace | None
) -> Finding:
    off = np.flatnonzero(seen.off)
    own = off[(off >= odd.node) & (off < odd.node + odd.size)]
    shown = int(own[0]) if len(own) else odd.node
    return Finding(
        kind=kind, certainty="certain", what=what, mend="",
        place=line,
        nodes=(shown, *([odd.other] if odd.other >= 0 else [])), pass_number=seen.number,
        was=float(seen.graph.grad[shown]), should=float(seen.true_grad[shown]),
        spoils=len(off),
    )  # fmt: skip


def _called(seen: PassEvidence, odd: OddGradient) -> str:
    graph = seen.graph
    name = graph.names.get(odd.node, "")
    return matrix_of(name) if name else f"{graph.name(odd.node)}, of a {graph.op(odd.node)}"


def _shape_not_reduced(evidence: Evidence) -> Iterator[Finding]:
    for place, found in _odd(evidence, "shape"):
        seen = evidence.passes[place]
        graph = seen.graph
        odd = found[0]
        uses = graph.consumers_of(odd.node)
        line = None
        if uses and graph.maker_of is not None and graph.maker_of[uses[0].consumer] >= 0:
            made = graph.makers[graph.maker_of[uses[0].consumer]]
            own = evidence.program.line_of_slopes(made.file, made.line, uses[0].slot)
            line = (made.file, own)
        what = (
            f"the gradient of {_called(seen, odd)} has the shape {odd.shape[0]} where its data has "
            f"{odd.shape[1]}: what was broadcast on the way up has to be summed on the way down"
        )
        yield _finding(seen, "shape-not-reduced", odd, what, line)


def _aliased(evidence: Evidence) -> Iterator[Finding]:
    for place, found in _odd(evidence, "shared"):
        seen = evidence.passes[place]
        odd = found[0]
        if not writes_in_place(evidence.program, seen.files):
            continue  # each number is put in anew: that arrays are shared changes nothing
        line = line_that_shares(evidence.program, seen.files)
        what = (
            f"the gradients of {_called(seen, odd)} and of {seen.graph.name(odd.other)} are one "
            "array: what is added to the one is added to the other"
        )
        yield _finding(seen, "aliased", odd, what, line)


def _integer_gradient(evidence: Evidence) -> Iterator[Finding]:
    for place, found in _odd(evidence, "integer"):
        seen = evidence.passes[place]
        odd = found[0]
        line = line_of_integers(evidence.program, seen.files)
        off = np.flatnonzero(seen.off)
        true = float(seen.true_grad[off[0]]) if len(off) else 0.0
        what = (
            f"the gradient of {_called(seen, odd)} is an array of whole numbers: shares are cut "
            f"off at the point, {said(true)} for one"
        )
        yield _finding(seen, "integer-gradient", odd, what, line)


KINDS = (
    FaultKind("integer-gradient", "keeps gradients in an array of whole numbers",
         "make gradients of floats, as in `np.zeros(shape)`", _integer_gradient),
    FaultKind("aliased", "shares one gradient array between nodes",
         "copy a share when it becomes a gradient", _aliased,
         frozenset({"integer-gradient", "shape-not-reduced"})),
    FaultKind("shape-not-reduced", "does not sum over what was broadcast",
         "sum the share over the axes that were broadcast", _shape_not_reduced),
)  # fmt: skip
