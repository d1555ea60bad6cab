"""Kinds about blocks that add to a stream."""

from __future__ import annotations

from collections.abc import Iterator

from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds.kind import FaultKind, said
from microgpt.diagnosis.program import SourcePlace
from microgpt.diagnosis.structure.blocks import Blocks
from microgpt.diagnosis.structure.places import line_beside


def _no_residual(evidence: Evidence) -> Iterator[Finding]:
    if not evidence.passes:
        return
    algebra = evidence.algebra(0)
    blocks = Blocks(algebra)
    added = {
        matrix: joins for matrix, joins in blocks.joins.items()
        if 2 * sum(not join.is_same for join in joins) > len(blocks.sums[matrix])
    }  # fmt: skip
    usual = [m for m, joins in added.items() if all(join.factor == 1 for join in joins)]
    if not usual:
        return
    yield from _replaced(evidence, blocks, usual)
    for matrix, joins in added.items():
        twice = [join for join in joins if join.factor == 2]
        if twice:
            line = algebra.graph.line(twice[0].node)
            yield _note(
                evidence, blocks, matrix, twice[0].node, line, 2.0,
                "what came in is added twice to what the block makes with {matrix}",
            )  # fmt: skip


def _replaced(evidence: Evidence, blocks: Blocks, usual: list[int]) -> Iterator[Finding]:
    """Blocks past which nothing goes."""
    algebra = blocks.algebra
    widths = {blocks.width.get(matrix) for matrix in usual}
    widths |= {blocks.inputs_width.get(matrix) for matrix in usual}
    only = blocks.only_ways
    for place, matrix in enumerate(only):
        sums, width = blocks.sums[matrix], blocks.width.get(matrix)
        is_last = not algebra.has_parameters_above[sums[-1]]
        if width not in widths or matrix in usual or is_last:
            continue
        entry = [m for m in only[: place + 1] if blocks.inputs_width.get(m) == width]
        if not entry or _goes_on(blocks, matrix, only[place + 1 :], usual):
            continue
        same = [join for join in blocks.joins.get(matrix, []) if join.is_same]
        if same:
            line = algebra.graph.line(same[0].node)
            told = "what the block makes with {matrix} is added to itself, not to what came in"
            yield _note(evidence, blocks, matrix, same[0].node, line, 0.0, told)
            continue
        end = sums[0]  # of the block, after functions of one number
        while len(users := algebra.consumers[end]) == 1 and algebra.start[users[0] + 1] - (
            algebra.start[users[0]]
        ) == 1:  # fmt: skip
            end = users[0]
        line = line_beside(algebra.graph, end, users[:1])
        told = "what the block makes with {matrix} replaces what came in, and is not added to it"
        yield _note(evidence, blocks, matrix, sums[0], line, 0.0, told)


def _goes_on(blocks: Blocks, matrix: int, later: list[int], usual: list[int]) -> bool:
    """Whether the next matrix belongs to the same block: nothing is added in between."""
    if not later or not blocks.algebra.has_parameters_above[blocks.sums[later[0]][-1]]:
        return False
    begin, end = blocks.sums[matrix][0], blocks.sums[later[0]][0]
    return not any(begin < join.node < end for m in usual for join in blocks.joins[m])


def _note(
    evidence: Evidence, blocks: Blocks, matrix: int, node: int, line: SourcePlace | None,
    slope: float, told: str,
) -> Finding:  # fmt: skip
    seen = evidence.passes[0]
    return Finding(
        kind="no-residual", certainty="note",
        what=told.format(matrix=blocks.names[matrix])
        + f": its input goes on with slope {said(slope)}, where other blocks pass it on with 1",
        mend="", place=line,
        op=seen.graph.op(node), nodes=(node,), pass_number=seen.number, was=slope, should=1.0,
    )  # fmt: skip


KINDS = (
    FaultKind("no-residual", "loses a skip connection, or adds the branch to itself",
         "add what came in to what the block makes of it", _no_residual),
)  # fmt: skip
