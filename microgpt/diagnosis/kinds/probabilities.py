"""Kinds about softmaxes: shares that do not add up to 1, and a softmax of another one's shares."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

from microgpt.diagnosis.definitions import Definitions
from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds.kind import FaultKind, said
from microgpt.diagnosis.program import SourcePlace
from microgpt.diagnosis.structure.algebra import PRODUCTS, Algebra
from microgpt.diagnosis.structure.distributions import Distribution
from microgpt.diagnosis.structure.forms import Arithmetic
from microgpt.diagnosis.structure.places import line_beside

MOST_PASSES = 4
"""So many passes are looked at."""
MOST_FACTORS = 4
"""A weight is a share times so many numbers at most."""
MOST_ADDED = 5_000
"""So many nodes of a sum are looked at."""
ADDS_UP = 1e-9
"""Shares add up to 1 within this."""
GUARD = 1e-3
"""Up to this part of a sum a number that is added to it only keeps it from 0."""


# -- not-normalised --------------------------------------------------------------------------------

ANOTHER_AXIS = "over another axis"


def _not_normalised(evidence: Evidence) -> Iterator[Finding]:
    n = min(len(evidence.passes), MOST_PASSES)
    yield from _other_sums(evidence, n)
    for place in range(n):
        found = next(_across(evidence, place), None)
        if found is not None:
            yield found
            return
    weights = (found for place in range(n) for found in weights_off(evidence, place))
    yield from islice(weights, 1)


def _other_sums(evidence: Evidence, n: int) -> Iterator[Finding]:
    """Shares that are divided by another number than the sum of the parts there are."""
    right: set[SourcePlace | None] = set()
    wrong: list[tuple[int, Distribution, float, bool]] = []
    has_one_more = _has_one_more(evidence, n)
    for place in range(n):
        distributions = evidence.distributions(place)
        algebra = distributions.algebra
        for each in distributions.all:
            if each.is_fused or not any(not share.is_log for share in each.shares):
                continue
            total = _total(algebra, each, may_add=has_one_more or _are_weights(algebra, each))
            line = algebra.graph.line(each.whole)
            if total is None:
                right.add(line)
            else:
                left_out = any(share.part not in each.exps for share in each.shares)
                left_out &= not _adds_scores(algebra, each)
                wrong.append((place, each, total, left_out))
    told = set()
    wrong.sort(key=lambda found: _are_weights(evidence.algebra(found[0]), found[1]))
    for place, each, total, left_out in wrong:
        algebra = evidence.algebra(place)
        line = algebra.graph.line(each.whole)
        alone = len(each.shares) == 1
        if left_out and alone and line not in right and len(wrong) > 1:
            continue  # the odds against all others, which some losses are made of
        is_note = _are_weights(algebra, each)
        if is_note in told:
            continue
        told.add(is_note)
        yield _other_sum(evidence, place, each, total, is_note=is_note, left_out=left_out)


ENOUGH_SHARES = 2
"""So many shares a class are to be read before one that is read nowhere counts as none."""


def _has_one_more(evidence: Evidence, n: int) -> bool:
    """Whether a number beside the exps of a whole may stand for a class more, whose score is 0.

    Then its share is read somewhere: that number by the whole, or the whole's logarithm alone.
    """
    n_shares = n_classes = 0
    for place in range(n):
        distributions = evidence.distributions(place)
        algebra = distributions.algebra
        read = {share.node for each in distributions.all for share in each.shares}
        for each in distributions.all:
            own, constant = algebra.sum_of(each.whole)
            if len(own) < 2 or not own.keys() <= set(each.exps) or constant <= GUARD:
                continue
            if not each.shares:
                return True
            if _are_weights(algebra, each):
                continue
            users = set(algebra.consumers[each.whole]) - read
            inverse = {u for u in users if algebra.form[u] == Arithmetic.RECIPROCAL}
            users -= {u for u in inverse if set(algebra.consumers[u]) <= read}
            if users:
                return True
            n_shares += len(each.shares)
            n_classes = max(n_classes, len(own) + 1)
    return n_shares < ENOUGH_SHARES * n_classes


def _total(algebra: Algebra, each: Distribution, *, may_add: bool) -> float | None:
    """What all shares of a whole add up to; None if that is 1, or nothing can be said.

    Args:
        may_add: whether a number may be added to the whole.
    """
    data = algebra.data
    parts = {share.part for share in each.shares if not share.is_log}
    parts = {part for part in parts if algebra.form[part] == Arithmetic.EXP}
    terms, constant = algebra.sum_of(each.whole)
    if not parts or not data[each.whole]:
        return None
    exps = set(each.exps)
    if _adds_scores(algebra, each):
        exps = set()  # those that the scores are made of are no part of it
    elif not exps:
        return None
    elif parts <= terms.keys() and set(terms.values()) == {1.0}:
        if may_add or constant <= GUARD * abs(data[each.whole]):
            return None  # a number beside them stands for one that is always 0
    elif constant > GUARD * abs(data[each.whole]) and parts <= terms.keys():
        return None
    total = sum(data[exp] for exp in parts | exps) / data[each.whole]
    return total if abs(total - 1) > ADDS_UP else None


def _adds_scores(algebra: Algebra, each: Distribution) -> bool:
    """Whether what shares are divided by is a sum of what the exps are taken of."""
    parts = [share.part for share in each.shares if algebra.form[share.part] == Arithmetic.EXP]
    scores = {algebra.operands[algebra.start[part]] for part in parts}
    return bool(scores & _added_up(algebra, each.whole))


def _added_up(algebra: Algebra, node: int) -> set[int]:
    """All nodes on the ways down from a node that are linear in one operand."""
    found, waiting = {node}, [node]
    while waiting and len(found) < MOST_ADDED:
        for operand, _ in algebra.parts(waiting.pop()) or ():
            if operand not in found:
                found.add(operand)
                waiting.append(operand)
    return found


def _are_weights(algebra: Algebra, each: Distribution) -> bool:
    """Whether shares are multiplied with what is computed, as attention's weights are."""
    for share in each.shares:
        for user in algebra.consumers[share.node]:
            for pair in algebra.products(user) or ():
                if share.node in pair:
                    other = pair[0] if pair[1] == share.node else pair[1]
                    if not algebra.is_constant[other]:
                        return True
    return False


def _other_sum(
    evidence: Evidence, place: int, each: Distribution, total: float, *, is_note: bool,
    left_out: bool,
) -> Finding:  # fmt: skip
    algebra, seen = evidence.algebra(place), evidence.passes[place]
    share = next(share for share in each.shares if not share.is_log)
    sums_nothing = algebra.form[each.whole] == Arithmetic.EXP
    line = line_beside(seen.graph, share.node if sums_nothing else each.whole, (share.node,))
    if left_out and line is not None:
        line = _loop_over_a_part(evidence, line)
    n = len({*each.exps, *(share.part for share in each.shares)})
    own, added = algebra.sum_of(each.whole)
    is_added = own.keys() == set(each.exps) and added > 0
    summed = sum(algebra.data[exp] for exp in each.exps)
    what = (
        f"{'the weights' if is_note else 'the probabilities'} of {n} scores add up to "
        f"{said(total)}: they are divided by {said(algebra.data[each.whole])}"
    )
    if left_out:
        what += ", a sum that leaves out one of them"
    elif _adds_scores(algebra, each):
        what += ", a sum of scores, not of their exps"
    elif each.exps:
        what += f", where the exps add up to {said(summed)}"
    return Finding(
        kind="not-normalised",
        certainty="note" if is_note else "likely" if is_added else "certain", what=what, mend="",
        place=line,
        op=seen.graph.op(share.node), nodes=(share.node, each.whole), pass_number=seen.number,
        was=total, should=1.0,
        unless=f"{said(added)} stands for one class more" if is_added and not is_note else "",
    )  # fmt: skip


def _loop_over_a_part(evidence: Evidence, line: SourcePlace) -> SourcePlace:
    """The head of a loop that goes through a slice, if a line is in one; else the line."""
    for loop in reversed(Definitions(evidence.program, line[0]).loops_around(line[1])):
        if any(isinstance(node, ast.Slice) for node in ast.walk(loop.iter)):
            return line[0], loop.lineno
    return line


def _across(evidence: Evidence, place: int) -> Iterator[Finding]:
    """Scores of one input are normalised with those of other inputs, each class by itself."""
    model, distributions = evidence.text_model(place), evidence.distributions(place)
    algebra, seen = distributions.algebra, evidence.passes[place]
    if not distributions.of_share:
        return
    share_of: dict[int, tuple[int, Distribution]] = {}
    number_of: dict[int, float] = {}  # of each score's exp; of one op the share
    for each in distributions.all:
        number_of.update((score, algebra.data[exp]) for score, exp in
                         zip(each.scores, each.exps, strict=False))  # fmt: skip
        for share in each.shares:
            if not share.is_log:
                score = share.part if each.is_fused else algebra.operands[algebra.start[share.part]]
                share_of[score] = (share.node, each)
    rows: list[dict[str, int]] = []  # of each input the score of each class
    for units in model.output_rows:
        scores = {key: algebra.score_of(u.top, share_of | number_of) for key, u in units.items()}
        if any(score in share_of for score in scores.values()):
            rows.append(scores)
    read = [[share_of[s] for s in row.values() if s in share_of
             and seen.true_grad[share_of[s][0]] != 0] for row in rows]  # fmt: skip
    if len(rows) < 2 or any(len(own) != 1 for own in read):
        return  # one place may be chosen among many
    class_of = {score: key for row in rows for key, score in row.items()}
    whole_of: dict[str, Distribution] = {}
    for own in read:
        each = own[0][1]
        classes = {class_of.get(score) for score in each.scores}
        known = classes.pop() if len(classes) == 1 else None
        if known is None or len(each.scores) < 2:
            return
        whole_of[known] = each
    for row, ((node, each),) in zip(rows, read, strict=True):
        if not row.keys() <= whole_of.keys() and not set(row.values()) <= share_of.keys():
            continue
        shares = [
            algebra.data[share_of[score][0]] if score in share_of
            else number_of.get(score, 0.0) / algebra.data[whole_of[key].whole]
            for key, score in row.items()
        ]  # fmt: skip
        total = sum(shares)
        if abs(total - 1) <= ADDS_UP:
            continue
        line = line_beside(seen.graph, each.whole, (node, next(iter(row.values()))))
        yield Finding(
            kind="not-normalised", certainty="certain",
            what=f"the probabilities of one input's {len(row)} scores add up to {said(total)}: "
            f"each is a share among {len(each.scores)} inputs' scores of its own class, not among "
            "the classes",
            mend="take the sum over the other axis",
            place=line,
            op=seen.graph.op(node), nodes=(node,), pass_number=seen.number, was=total, should=1.0,
        )  # fmt: skip


def weights_off(evidence: Evidence, place: int) -> Iterator[Finding]:
    """Sums weighted by shares whose weights do not add up to 1: attention's."""
    distributions = evidence.distributions(place)
    algebra, seen = distributions.algebra, evidence.passes[place]
    groups: dict[int, list[tuple[int, float]]] = defaultdict(list)
    alone: set[int] = set()
    of_share = distributions.of_share
    if not of_share:
        return
    for node in algebra.forms.nodes(*PRODUCTS).tolist():
        pairs = algebra.products(node) or []
        sums = [_weight(algebra, of_share, pair) for pair in pairs]
        top = algebra.tops[node] if algebra.form[node] == Arithmetic.PRODUCT else node
        if any(found is None for found in sums):
            alone.add(top)
        groups[top] += [found for found in sums if found is not None]
    for top, weights in groups.items():
        if top in alone or len(weights) < 2 or len({w for w, _ in weights}) < len(weights):
            continue
        factors = {round(factor, 12) for _, factor in weights}
        if len(factors) > 1:
            continue  # some are left out on purpose, at random say
        parts: dict[int, float] = defaultdict(float)
        for share, factor in weights:
            whole = of_share[share].whole if share in of_share else share  # all, or nothing
            if algebra.data[share]:
                parts[whole] += factor * algebra.data[share]
        total = sum(parts.values())
        if all(abs(part - 1) <= ADDS_UP for part in parts.values()) or abs(total - 1) <= ADDS_UP:
            continue
        node, factor = weights[0]
        line = line_beside(seen.graph, _factor_node(algebra, node, factor), (top,))
        what = f"the {len(weights)} weights of a weighted sum add up to {said(total)}"
        if len(parts) > 1:
            what += f": they are shares of {len(parts)} softmaxes, {ANOTHER_AXIS}"
        yield Finding(
            kind="not-normalised", certainty="note", what=what, mend="",
            place=line,
            op=seen.graph.op(node), nodes=(top, node), pass_number=seen.number, was=total,
            should=1.0,
        )  # fmt: skip


def goes_over_another_axis(evidence: Evidence, place: int) -> bool:
    """Whether a weighted sum's weights in a pass are shares of softmaxes over another axis."""
    return any(ANOTHER_AXIS in found.what for found in weights_off(evidence, place))


def _weight(
    algebra: Algebra, of_share: dict[int, Distribution], pair: tuple[int, int]
) -> tuple[int, float] | None:
    """The share, and its factor, that one of two operands is; None if none or both are."""
    found = []
    for node, other in (pair, pair[::-1]):
        if algebra.is_constant[other]:
            continue
        if node in of_share or algebra.form[node] == Arithmetic.SOFTMAX:
            found.append((node, 1.0))
            continue
        at, factor = node, 1.0
        for _ in range(MOST_FACTORS):
            parts = algebra.parts(at)
            if parts is None or len(parts) != 1:
                break
            at, factor = parts[0][0], factor * parts[0][1]
            if at in of_share:
                found.append((at, factor))
                break
    return found[0] if len(found) == 1 else None


def _factor_node(algebra: Algebra, share: int, factor: float) -> int:
    """The node that multiplies a share, itself if its factor is 1."""
    if factor == 1:
        return share
    return next((u for u in algebra.consumers[share] if algebra.parts(u) is not None), share)


KINDS = (
    FaultKind("not-normalised", "divides by something else than the sum",
         "divide each by the sum of all of them", _not_normalised,
         frozenset({"wrong-forward"})),
)  # fmt: skip
