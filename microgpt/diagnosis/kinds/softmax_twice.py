"""The kind about a softmax of what another softmax has given."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds.kind import FaultKind, said
from microgpt.diagnosis.structure.distributions import Distributions
from microgpt.diagnosis.structure.forms import Arithmetic
from microgpt.diagnosis.structure.places import line_beside

GUARD = 1e-3
"""Within this shares add up to 1, some of which have a number added that keeps them from 0."""
FLATTER = 1.5
"""Shares that are multiplied with more before the next softmax are sharpened on purpose."""


def _softmax_twice(evidence: Evidence) -> Iterator[Finding]:
    if not evidence.passes:
        return
    distributions = evidence.distributions(0)
    algebra, seen = distributions.algebra, evidence.passes[0]
    for scores, at in _taken_of(distributions):
        inner = _shares_of_one(distributions, scores)
        if inner is None:
            continue
        line = line_beside(seen.graph, at, (inner,))
        n = len(scores)
        largest = max(algebra.data[score] for score in scores)
        what = (
            f"a softmax is taken of {n} numbers that are another softmax's shares already and "
            f"add up to 1, {said(largest)} the largest: no share can be above "
            f"{said(math.e / (math.e + n - 1))}"
        )
        yield Finding(
            kind="softmax-twice", certainty="likely", what=what, mend="",
            place=line,
            op=seen.graph.op(at), nodes=(at, inner), pass_number=seen.number,
            unless="the shares are to be made flatter",
        )  # fmt: skip
        return


def _taken_of(distributions: Distributions) -> Iterator[tuple[tuple[int, ...], int]]:
    """What each softmax, or loss that has one inside, is taken of, and a node of it."""
    algebra = distributions.algebra
    for each in distributions.all:
        if len(each.scores) > 1:
            yield each.scores, (each.exps[0] if each.exps else each.whole)
    for node in algebra.forms.nodes(Arithmetic.OTHER).tolist():
        edges = [
            e for e in range(algebra.start[node], algebra.start[node + 1]) if algebra.slopes[e] != 0
        ]
        if len(edges) < 3:
            continue
        groups: dict[int, list[int]] = defaultdict(list)
        for edge in edges:
            share = _inner_share(distributions, algebra.operands[edge])
            if share is None:
                break
            groups[distributions.of_share[share].whole].append(edge)
        else:
            for own in groups.values():  # a loss of scores does not change if all are shifted
                slopes = [algebra.slopes[e] for e in own]
                if len(own) > 1 and abs(sum(slopes)) <= 1e-6 * sum(map(abs, slopes)):
                    yield tuple(algebra.operands[e] for e in own), node
                    break


def _shares_of_one(distributions: Distributions, scores: tuple[int, ...]) -> int | None:
    """The first of the shares that some scores are, if they are all of one softmax."""
    found = [_inner_share(distributions, score) for score in scores]
    shares = [share for share in found if share is not None]
    wholes = {distributions.of_share[share].whole for share in shares}
    if len(shares) < len(scores) or len(wholes) > 1 or len(set(shares)) < len(shares):
        return None
    total = sum(distributions.algebra.data[share] for share in shares)
    return shares[0] if abs(total - 1) <= GUARD else None


def _inner_share(distributions: Distributions, node: int) -> int | None:
    """The share that a node is, but for a number added and a small factor."""
    if node in distributions.of_share:
        return node
    terms = distributions.algebra.sum_of(node).terms
    if len(terms) != 1:
        return None
    ((share, factor),) = terms.items()
    return share if share in distributions.of_share and 0 < factor <= FLATTER else None


KINDS = (
    FaultKind("softmax-twice", "takes a softmax of what already adds up to 1",
         "take one of the two out", _softmax_twice),
)  # fmt: skip
