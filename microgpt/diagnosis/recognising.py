"""Ops of unknown names, recognised by all of their numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from microgpt.diagnosis.true_math import MEANINGS, Meaning, arity_of, computed, slopes_at
from microgpt.graph.arrays import Floats
from microgpt.graph.graph import Graph

EXACT = 1e-9
"""Numbers of an op are the same within this part of their size."""
ROUNDINGS = 64
"""Within so many roundings, where those of a program's numbers are larger than that."""
ROUNDING = 1e-16
"""So far may a probability be off that is next to nothing, or next to 1."""
TOTALS = frozenset({"sum", "total", "mean", "average"})
"""Names of ops that are recognised though there is only one of them."""


def exactness(graph: Graph) -> float:
    """Within which part of their size numbers of a graph are the same."""
    return max(EXACT, ROUNDINGS * graph.eps)


def recognised(numbers: Floats, data: Floats, exact: float = EXACT) -> tuple[Floats, Floats] | None:
    """The slopes on both sides of the op that gives all of these numbers, None if none does.

    Args:
        numbers: its operands'. Shape: `[node, operand]`.
        data: what it gives. Shape: `[node]`.
        exact: within which part of their size numbers are the same.
    """
    for slopes in _of_many(numbers, data, exact):
        return slopes, slopes
    if (extreme := _extreme(numbers, data)) is not None:
        return extreme
    candidates: list[Meaning | None] = list(MEANINGS.values())
    if numbers.shape[1] == 1:
        candidates += [_shifted(numbers[:, 0], data, exact), _scaled(numbers[:, 0], data, exact)]
    for meaning in candidates:
        if meaning is None or arity_of(meaning) != numbers.shape[1]:
            continue
        values = np.array([computed(meaning, row) for row in numbers.tolist()])
        with np.errstate(invalid="ignore"):
            is_same = np.abs(values - data) <= exact * np.maximum(np.abs(data), np.abs(values))
        if is_same.all():
            rows = [slopes_at(meaning, row) for row in numbers.tolist()]
            one, other = (np.array([row[i] for row in rows]) for i in (0, 1))
            return np.minimum(one, other), np.maximum(one, other)
    return None


# -- of any number of operands ---------------------------------------------------------------------


def _of_many(numbers: Floats, data: Floats, exact: float) -> Iterator[Floats]:
    """The slopes of the ops over whole rows that give these numbers: sums, products, softmax."""
    width = numbers.shape[1]
    if width < 2:
        return
    even = np.ones_like(numbers)
    # Of totals that are all 0 any multiple is the total.
    tells = (np.abs(data) > exact * np.abs(numbers).sum(axis=1)).any()
    if width > 2 and tells:
        if _is_sum(numbers, data, exact):
            yield even
        if _is_sum(numbers / width, data, exact):
            yield even / width
    half = width // 2
    with np.errstate(all="ignore"):
        if width > 2 and width == 2 * half:
            left, right = numbers[:, :half], numbers[:, half:]
            if _is_sum(left * right, data, exact):
                yield np.concatenate([right, left], axis=1)
            one, other = numbers[:, ::2], numbers[:, 1::2]  # pairs, one beside the other
            if _is_sum(one * other, data, exact):
                yield np.stack([other, one], axis=2).reshape(numbers.shape)
        shifted = numbers - numbers.max(axis=1, keepdims=True)
        sizes = np.exp(shifted)
        totals = sizes.sum(axis=1, keepdims=True)
        chances = sizes / totals
        for values, slopes in (
            (chances, _softmax_slopes),
            (shifted - np.log(totals), _log_softmax_slopes),
        ):
            at = _which(values, numbers, data, exact)
            if at is not None:
                yield slopes(chances, at)


def _extreme(numbers: Floats, data: Floats) -> tuple[Floats, Floats] | None:
    """The slopes on both sides of the largest or least of each row, if it is that; ties bend."""
    if numbers.shape[1] < 3:
        return None
    for extreme in (numbers.max(axis=1), numbers.min(axis=1)):
        if np.array_equal(extreme, data):
            is_it = numbers == data[:, None]
            is_alone = is_it & (is_it.sum(axis=1, keepdims=True) == 1)
            return is_alone.astype(np.float64), is_it.astype(np.float64)
    return None


def _is_sum(terms: Floats, data: Floats, exact: float) -> bool:
    with np.errstate(all="ignore"):
        off = np.abs(terms.sum(axis=1) - data)
        return bool((off <= exact * np.abs(terms).sum(axis=1)).all())


def _which(values: Floats, numbers: Floats, data: Floats, exact: float) -> NDArray[np.int64] | None:
    """Which place of its row each node is; None if one is none, or may be several.

    Where numbers of a row are equal, the order of its nodes tells, if there is one for each place.
    """
    n, width = values.shape
    size = np.abs(data[:, None])
    with np.errstate(invalid="ignore"):
        near = np.abs(values - data[:, None]) <= np.maximum(exact * size, ROUNDING)
    near |= values == data[:, None]
    if not near.any(axis=1).all():
        return None
    found: NDArray[np.int64] = near.argmax(axis=1)
    begins = np.flatnonzero(
        np.concatenate(([True], (numbers[1:] != numbers[:-1]).any(axis=1)))
    )  # of the nodes of one row
    for begin, end in zip(begins, [*begins[1:], n], strict=True):
        own = np.arange(begin, end)
        in_order = (own - begin) % width
        if (end - begin) % width == 0 and near[own, in_order].all():
            found[own] = in_order
        elif (near[own].sum(axis=1) > 1).any():
            return None
    return found


def _softmax_slopes(chances: Floats, at: NDArray[np.int64]) -> Floats:
    rows = np.arange(len(at))
    own = chances[rows, at][:, None]
    slopes = -own * chances
    slopes[rows, at] += own[:, 0]
    return slopes


def _log_softmax_slopes(chances: Floats, at: NDArray[np.int64]) -> Floats:
    slopes = -chances
    slopes[np.arange(len(at)), at] += 1.0
    return slopes


# -- with a plain number ---------------------------------------------------------------------------


def _shifted(numbers: Floats, data: Floats, exact: float) -> Meaning | None:
    """The sum with one plain number, if that is it."""
    by = data - numbers
    close = np.abs(by - by[0]) <= exact * np.maximum(np.abs(data), np.abs(numbers))
    c = float(by[0])
    return Meaning(lambda a: a + c, lambda _: (1.0,)) if close.all() else None


def _scaled(numbers: Floats, data: Floats, exact: float) -> Meaning | None:
    """The product with one plain number, if that is it."""
    with np.errstate(all="ignore"):
        by = data / numbers
    if not np.isfinite(by).all() or (np.abs(by - by[0]) > exact * np.abs(by[0])).any():
        return None
    c = float(by[0])
    return Meaning(lambda a: a * c, lambda _: (c,))


def slope_beside_number(name: str, operand: float, data: float) -> float | None:
    """The slope of an operator by its only operand, where the other is a number nobody has seen.

    >>> slope_beside_number("mul1", 4.0, 2.0), slope_beside_number("rsub", 4.0, 2.0)
    (0.5, -1.0)
    """
    name = name.removesuffix("1")
    base = name.removeprefix("r") if name.removeprefix("r") in {"add", "sub", "mul"} else name
    if base in {"add", "sub"}:
        return -1.0 if name == "rsub" else 1.0
    if base in {"mul", "truediv"} and operand != 0 and math.isfinite(data / operand):
        return data / operand
    return None
