"""Softmaxes of any make: shares of a sum of exps, by a division or in logarithms, or one op."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from microgpt.diagnosis.structure.algebra import Algebra
from microgpt.diagnosis.structure.forms import Arithmetic

MOST_BELOW = 5_000
"""So many nodes below a divisor are looked at for exps."""


@dataclass(frozen=True, slots=True)
class ShareOfOne:
    """A number that is meant to be one of several that add up to 1."""

    node: int  # the share, or its logarithm
    part: int  # what is divided: an exp; of an op of its own the score
    is_log: bool


@dataclass(frozen=True, slots=True)
class Distribution:
    """Shares of one whole."""

    whole: int  # what they are divided by; of an op of its own one of the shares
    is_fused: bool
    shares: tuple[ShareOfOne, ...]
    scores: tuple[int, ...]  # what the exps that were added up are taken of
    exps: tuple[int, ...]  # these; none of an op of its own


class Distributions:
    """Of one pass."""

    def __init__(self, algebra: Algebra) -> None:
        self.algebra = algebra

    @cached_property
    def all(self) -> tuple[Distribution, ...]:
        """In the order in which they are made."""
        found = [*self._divided(), *self._fused()]
        return tuple(sorted(found, key=lambda each: each.whole))

    @cached_property
    def of_share(self) -> dict[int, Distribution]:
        """Whose share a node is; logarithms of shares are none."""
        return {
            share.node: each for each in self.all for share in each.shares if not share.is_log
        }  # fmt: skip

    # -- by a division -----------------------------------------------------------------------------

    def _divided(self) -> Iterator[Distribution]:
        wholes: dict[int, list[ShareOfOne]] = defaultdict(list)
        for node, part, whole in self._quotients():
            if self.algebra.form[part] == Arithmetic.EXP:
                wholes[whole].append(ShareOfOne(node, part, is_log=False))
        for node, part, whole in self._in_logarithms():
            wholes[whole].append(ShareOfOne(node, part, is_log=True))
        for whole in self._logarithms_of_sums():
            wholes[whole] = wholes[whole]
        algebra = self.algebra
        for whole, shares in wholes.items():
            exps = self.exps_below(whole)
            scores = [algebra.operands[algebra.start[at]] for at in exps]
            yield Distribution(whole, False, tuple(shares), tuple(scores), tuple(exps))

    def _quotients(self) -> Iterator[tuple[int, int, int]]:
        """Each node that is one divided by another, with both."""
        algebra = self.algebra
        start, operands = algebra.start, algebra.operands
        for node in algebra.forms.nodes(Arithmetic.QUOTIENT, Arithmetic.PRODUCT).tolist():
            a, b = operands[start[node] : start[node + 1]]
            if algebra.form[node] == Arithmetic.QUOTIENT:
                if not algebra.is_constant[b]:
                    yield node, a, b
                continue
            for part, inverse in ((a, b), (b, a)):
                whole = self._inverted(inverse)
                if whole is not None:
                    yield node, part, whole

    def _inverted(self, node: int) -> int | None:
        """What a node is 1 divided by."""
        algebra = self.algebra
        form, operand = algebra.form[node], algebra.start[node]
        if form == Arithmetic.RECIPROCAL:
            return algebra.operands[operand]
        if form == Arithmetic.QUOTIENT and algebra.is_constant[algebra.operands[operand]]:
            return algebra.operands[operand + 1]
        if form == Arithmetic.EXP:
            terms = algebra.sum_of(algebra.operands[operand]).terms
            if len(terms) == 1:
                ((log, factor),) = terms.items()
                if algebra.form[log] == Arithmetic.LOG and factor == -1:
                    return algebra.operands[algebra.start[log]]
        return None

    def _in_logarithms(self) -> Iterator[tuple[int, int, int]]:
        """Each exp of a score less the logarithm of a whole; the score stands for the part."""
        algebra = self.algebra
        for node in algebra.forms.nodes(Arithmetic.EXP).tolist():
            terms = algebra.sum_of(algebra.operands[algebra.start[node]]).terms
            logs = [at for at, f in terms.items() if algebra.form[at] == Arithmetic.LOG and f == -1]
            if len(logs) == 1 and len(terms) == 2:
                (score,) = terms.keys() - set(logs)
                yield node, score, algebra.operands[algebra.start[logs[0]]]

    def _logarithms_of_sums(self) -> Iterator[int]:
        """What logarithms are taken of, where that is a sum of several exps."""
        algebra = self.algebra
        for node in algebra.forms.nodes(Arithmetic.LOG).tolist():
            whole = algebra.operands[algebra.start[node]]
            terms = algebra.sum_of(whole).terms
            if sum(algebra.form[at] == Arithmetic.EXP for at in terms) > 1:
                yield whole

    def exps_below(self, node: int) -> list[int]:
        """The nearest exps that a node is made of, in order."""
        algebra = self.algebra
        found, waiting, seen = [], [node], {node}
        while waiting and len(seen) < MOST_BELOW:
            at = waiting.pop()
            if algebra.form[at] == Arithmetic.EXP:
                found.append(at)
                continue
            for edge in range(algebra.start[at], algebra.start[at + 1]):
                operand = algebra.operands[edge]
                if operand not in seen and algebra.slopes[edge] != 0:
                    seen.add(operand)
                    waiting.append(operand)
        return sorted(found)

    # -- as one op ---------------------------------------------------------------------------------

    def _fused(self) -> Iterator[Distribution]:
        algebra = self.algebra
        groups: dict[tuple[int, ...], list[ShareOfOne]] = defaultdict(list)
        chosen = algebra.forms.chosen
        for node in algebra.forms.nodes(Arithmetic.SOFTMAX, Arithmetic.LOG_SOFTMAX).tolist():
            if chosen[node] < 0:
                continue
            begin, end = algebra.start[node], algebra.start[node + 1]
            is_log = algebra.form[node] == Arithmetic.LOG_SOFTMAX
            scores = tuple(algebra.operands[e] for e in range(begin, end) if algebra.slopes[e] != 0)
            score = algebra.operands[begin + int(chosen[node])]
            groups[(int(is_log), *scores)].append(ShareOfOne(node, score, is_log))
        for key, shares in groups.items():
            yield Distribution(shares[0].node, True, tuple(shares), key[1:], ())
        for node in algebra.forms.nodes(Arithmetic.LOGSUMEXP).tolist():
            scores = tuple(algebra.operands[algebra.start[node] : algebra.start[node + 1]])
            yield Distribution(node, True, (), scores, ())
