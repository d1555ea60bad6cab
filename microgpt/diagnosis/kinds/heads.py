"""Kinds about attention's scores."""

from __future__ import annotations

from collections.abc import Iterator

from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds.kind import FaultKind, said
from microgpt.diagnosis.structure.algebra import Algebra
from microgpt.diagnosis.structure.forms import Arithmetic
from microgpt.diagnosis.structure.places import line_beside


def _unscaled(evidence: Evidence) -> Iterator[Finding]:
    """Sums of products of two computed vectors that go to a softmax as they are."""
    if not evidence.passes:
        return
    distributions = evidence.distributions(0)
    algebra, seen = distributions.algebra, evidence.passes[0]
    for each in distributions.all:
        if len(each.scores) < 2 or not each.shares:
            continue
        score = max(each.scores, key=lambda node: abs(algebra.data[node]))
        found = _product(algebra, score)
        if found is None:
            continue
        node, width, factor, is_scaled = found
        if not any(_weighs(algebra, share.node) for share in each.shares):
            continue
        if width < 2 or factor != 1 or is_scaled:
            continue
        at = each.exps[0] if each.exps else each.shares[0].node
        line = line_beside(seen.graph, node, (at,))
        yield Finding(
            kind="unscaled", certainty="note", mend="",
            what=f"scores are sums of {width} products, {said(algebra.data[node])} here, and go to "
            f"a softmax as they are, not times {said(width**-0.5)}",
            place=line,
            op=seen.graph.op(node), nodes=(node,), pass_number=seen.number, was=1.0,
            should=width**-0.5,
        )  # fmt: skip
        return


def _product(algebra: Algebra, score: int) -> tuple[int, int, float, bool] | None:
    """The sum of products that a score is, how many there are, its factor, if vectors are scaled.

    None of a score that is made of parameters directly, or otherwise.
    """
    terms = algebra.sum_of(score).terms
    pairs: list[tuple[int, int]] = []
    for term in terms:
        own = algebra.products(term)
        if own is None:
            return None
        pairs += own
    if len(set(terms.values())) != 1:
        return None
    for a, b in pairs:
        one, other = algebra.entries.get(a), algebra.entries.get(b)
        if (one is None) != (other is None) or a == b:
            return None  # a layer's
        if one is not None and other is not None and one.matrix == other.matrix:
            return None
        if algebra.is_constant[a] or algebra.is_constant[b]:
            return None
    factor = next(iter(terms.values()))
    node = max(terms)
    is_scaled = any(_is_scaled(algebra, x) for pair in pairs[:1] for x in pair)
    top = node
    for user in _sums_above(algebra, node):
        top = user
    return top, len(pairs), factor, is_scaled


def _weighs(algebra: Algebra, share: int) -> bool:
    """Whether a share is multiplied with what is no constant, as attention's weights are."""
    for user in algebra.consumers[share]:
        for a, b in algebra.products(user) or ():
            if share in (a, b) and not algebra.is_constant[b if a == share else a]:
                return True
    return False


def _sums_above(algebra: Algebra, node: int) -> Iterator[int]:
    """The additions of further products above one."""
    at = node
    while True:
        users = algebra.consumers[at]
        if len(users) != 1 or algebra.form[users[0]] != Arithmetic.LINEAR:
            return
        parts = algebra.parts(users[0]) or []
        if len(parts) < 2 or any(algebra.is_constant[o] for o, _ in parts):
            return
        at = users[0]
        yield at


def _is_scaled(algebra: Algebra, node: int) -> bool:
    """Whether a query or key is itself multiplied with a number, or normed."""
    form = algebra.form[node]
    if form == Arithmetic.PRODUCT:
        return True
    if form == Arithmetic.QUOTIENT:
        return True
    if form == Arithmetic.LINEAR:
        slopes = {s for _, s in algebra.parts(node) or []}
        return slopes != {1.0}
    return False


KINDS = (
    FaultKind("unscaled", "takes scores without the root of the head's width",
         "divide the scores by the root of the head's width", _unscaled),
)  # fmt: skip
