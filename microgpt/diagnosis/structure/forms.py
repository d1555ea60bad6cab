"""What kind of arithmetic each node is, by its number and slopes; an op's name is not asked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from microgpt.graph.arrays import Floats, Ints
from microgpt.graph.graph import Graph

SAME = 1e-9
"""Numbers are the same within this part of their size."""


ROUNDED = 1e-6
"""Slopes that are differences of such are, within this."""
LARGEST_GUARD = 1e-3
"""More is not added to a number only to keep it from 0."""


class Arithmetic(IntEnum):
    """The arithmetic of a node."""

    OTHER = 0
    LEAF = 1
    LINEAR = 2  # the slopes are constants: sums, means, selections, factors, shifts
    PRODUCT = 3  # of two operands
    QUOTIENT = 4  # the first by the second
    RECIPROCAL = 5
    EXP = 6
    LOG = 7
    DOT = 8  # the first half of the operands by the second; one more at the end is added
    SOFTMAX = 9  # one entry of the softmax of its operands
    LOG_SOFTMAX = 10  # the logarithm of one
    LOGSUMEXP = 11
    PAIRS = 12  # a sum of products, of each operand by the one beside it


@dataclass(frozen=True, eq=False)
class Forms:
    """Of all nodes of a graph."""

    of: NDArray[np.uint8]  # a `Arithmetic` each. Shape: `[node]`
    chosen: Ints  # the place of the operand whose entry a softmax gives, else -1. `[node]`

    def nodes(self, *forms: Arithmetic) -> Ints:
        """The nodes of any of some forms, ascending."""
        return np.flatnonzero(np.isin(self.of, forms))


def forms_of(graph: Graph, slopes: Floats) -> Forms:
    """Looks at all nodes, op by op: what an op does must hold for each of its nodes.

    Args:
        slopes: the true slope of each edge.
    """
    of, chosen = np.zeros(len(graph), np.uint8), np.full(len(graph), -1)
    arity = np.diff(graph.operand_start)
    of[arity == 0] = Arithmetic.LEAF
    kinds = graph.op_codes.astype(np.int64) * (int(arity.max(initial=0)) + 1) + arity
    for kind in np.unique(kinds[arity > 0]).tolist():
        nodes = np.flatnonzero(kinds == kind)
        n = int(arity[nodes[0]])
        edges = graph.operand_start[nodes][:, None] + np.arange(n)
        group = _Group(graph.data[graph.operands[edges]], slopes[edges], graph.data[nodes])
        with np.errstate(all="ignore"):
            if n == 1:
                of[nodes] = group.of_one()
            else:
                form, chosen[nodes] = group.of_many()
                of[nodes] = form
    return Forms(of, chosen)


@dataclass(frozen=True, eq=False)
class _Group:
    """All nodes of one op with so many operands."""

    numbers: Floats  # Shape: `[node, operand]`
    slopes: Floats  # the same
    value: Floats  # Shape: `[node]`

    def of_one(self) -> NDArray[np.uint8]:
        a, slope, v = self.numbers[:, 0], self.slopes[:, 0], self.value
        found = np.zeros(len(v), np.uint8)
        if _all_same(np.exp(a), v) and _all_same(slope, v):
            found[:] = Arithmetic.EXP
        elif _all_same(np.log(a + self._guard(a, v)), v):
            found[:] = Arithmetic.LOG
        elif self._is_shift(a, slope, v) or self._is_factor(a, slope, v):
            found[:] = Arithmetic.LINEAR
        else:  # powers may have any exponent, each node its own
            found[_same(v * a, np.ones_like(v)) & _same(slope, -v * v)] = Arithmetic.RECIPROCAL
        return found

    @staticmethod
    def _guard(a: Floats, v: Floats) -> float:
        """What a logarithm adds to its operand so that it is never 0."""
        finite = np.isfinite(v) & np.isfinite(a)
        by = float(np.median(np.exp(v[finite]) - a[finite])) if finite.any() else 0.0
        return by if 1e-13 < by < LARGEST_GUARD else 0.0

    @staticmethod
    def _is_shift(a: Floats, slope: Floats, v: Floats) -> bool:
        """The operand and a number; of a function it must be the same at different operands."""
        if not (slope == 1).all():
            return False
        finite = np.isfinite(v) & np.isfinite(a)
        by = (v - a)[finite]
        return bool(len(by) and (not by.any() or (len(by) > 1 and np.ptp(a[finite]) > SAME)))

    @staticmethod
    def _is_factor(a: Floats, slope: Floats, v: Floats) -> bool:
        """The operand times a number, which does not depend on its sign as a relu's slope does."""
        if not _all_same(slope * a, v):
            return False
        if np.ptp(slope) == 0:
            return bool(slope[0] != 0)
        above, below = slope[a > 0], slope[a <= 0]
        by_sign = len(above) and len(below) and np.ptp(above) == 0 and np.ptp(below) == 0
        return not by_sign and bool((slope != 0).all())

    def of_many(self) -> tuple[NDArray[np.uint8], Ints]:
        a, slopes, v = self.numbers, self.slopes, self.value
        n, width = a.shape
        nowhere = np.full(n, -1)

        def all_are(form: Arithmetic) -> tuple[NDArray[np.uint8], Ints]:
            return np.full(n, form, np.uint8), nowhere

        if width == 2 and _all_same(slopes[:, 0], a[:, 1]) and _all_same(slopes[:, 1], a[:, 0]):
            return all_are(Arithmetic.PRODUCT)
        if self._is_linear():
            return all_are(Arithmetic.LINEAR)
        if width == 2:
            if _all_same(slopes[:, 0] * a[:, 1], np.ones(n)) and _all_same(a[:, 0] / a[:, 1], v):
                return all_are(Arithmetic.QUOTIENT)
            inverse = _same(v * a[:, 0], np.ones(n)) & _same(slopes[:, 0], -v * v)
            if inverse.any() and (a[:, 1][inverse] == -1).all():  # x ** -1
                return np.where(inverse, Arithmetic.RECIPROCAL, Arithmetic.OTHER).astype(
                    np.uint8
                ), nowhere
        half = width // 2
        if _all_same(slopes[:, :half], a[:, half : 2 * half]) and _all_same(
            slopes[:, half : 2 * half], a[:, :half]
        ):
            return all_are(Arithmetic.DOT)
        even = a[:, ::2][:, :half], a[:, 1::2]
        if _all_same(slopes[:, ::2][:, :half], even[1]) and _all_same(slopes[:, 1::2], even[0]):
            return all_are(Arithmetic.PAIRS)
        return self._of_softmax()

    def _is_linear(self) -> bool:
        """A sum of its operands, each by a number; all by the same, or by 0."""
        a, slopes, v = self.numbers, self.slopes, self.value
        some = slopes != 0
        terms = np.where(some, slopes * a, 0.0)
        if not _all_same(terms.sum(axis=1), v, np.abs(terms).sum(axis=1)):
            return False
        size = np.abs(slopes)
        largest = size.max(axis=1, keepdims=True)
        return bool((~some | _same(size, np.broadcast_to(largest, size.shape))).all())

    def _of_softmax(self) -> tuple[NDArray[np.uint8], Ints]:
        """Over the operands with slopes: of arrays all others may stand beside them."""
        a, slopes, v = self.numbers, self.slopes, self.value
        some = slopes != 0
        settled = ~some.any(axis=1)  # all or nothing
        top = np.where(some, a, -np.inf).max(axis=1, keepdims=True)
        e = np.where(some, np.exp(a - top), 0.0)
        total = e.sum(axis=1)
        shares = e / total[:, None]
        nothing = np.zeros(len(v), np.uint8), np.full(len(v), -1)
        if settled.all():
            return nothing
        if _all_same(np.log(total) + top[:, 0], v) and _all_same(slopes, shares):
            return np.full(len(v), Arithmetic.LOGSUMEXP, np.uint8), nothing[1]
        for form, entries, own, ends in (
            (Arithmetic.SOFTMAX, shares, v * (1 - v), (v == 0) | (v == 1)),
            (Arithmetic.LOG_SOFTMAX, np.log(shares), 1 - np.exp(v), (v == 0) | (v < -700)),
        ):
            fits = some & _same(entries, v[:, None]) & (
                np.abs(slopes - own[:, None]) <= ROUNDED * np.abs(own[:, None]) + SAME
            )  # fmt: skip
            if (fits.any(axis=1) | (settled & ends)).all():
                chosen = np.where(fits.any(axis=1), fits.argmax(axis=1), -1)
                return np.full(len(v), form, np.uint8), chosen
        return nothing


def _same(a: Floats, b: Floats, size: Floats | None = None) -> NDArray[np.bool_]:
    room = SAME * np.maximum(np.abs(a) + np.abs(b) if size is None else size, 1e-12)
    same: NDArray[np.bool_] = (np.abs(a - b) <= room) | (a == b) | (np.isnan(a) & np.isnan(b))
    return same


def _all_same(a: Floats, b: Floats, size: Floats | None = None) -> bool:
    """Whether they are the same wherever both are finite, and at one place at least."""
    seen = np.isfinite(a) & np.isfinite(b)
    return bool(seen.any() and _same(a, b, size)[seen].all())
