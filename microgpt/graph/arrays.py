"""The kinds of arrays that graphs are made of; ranges and sorting of a million at once."""

from __future__ import annotations

from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]
Cells: TypeAlias = NDArray[np.uint32]
"""Places in a program's cells; unsigned: an index that may be negative is checked at every use."""
Scalar = TypeVar("Scalar", bound=np.generic)
LONG = 64
"""Longer groups are added up one by one, shorter ones side by side."""


def frozen(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """The array itself, which nobody can write to any more."""
    array.flags.writeable = False
    return array


def ranges(starts: Ints, stops: Ints) -> Ints:
    """The numbers from each start up to its stop, one range after the other."""
    counts = stops - starts
    shift: Ints = np.repeat(starts - (np.cumsum(counts) - counts), counts)
    return shift + np.arange(len(shift))


def stably_sorted(numbers: Ints) -> Ints:
    """Places of some numbers, from 0 to 2 ** 32, in ascending order; equal ones stay in theirs.

    Half of their digits at a time: so few at once are sorted in one pass over them.
    """
    order = np.argsort(numbers.astype(np.uint16), kind="stable")
    if numbers.max(initial=0) < 1 << 16:
        return order
    return order[np.argsort((numbers >> 16).astype(np.uint16)[order], kind="stable")]


def running_sums(numbers: Floats, is_first: Mask, before: Floats) -> Floats:
    """Sums of groups up to each of their members, one addition after the other, as in a loop.

    Each group has its own sum: what is large, infinite or no number in one spoils no other.

    Args:
        numbers: what is added, a group's members in a row, in the order of addition.
        is_first: whether a number is the first of its group.
        before: what the sum of a member's group begins with, as many as numbers.
    """
    starts = np.flatnonzero(is_first)
    counts = np.diff(np.append(starts, len(numbers)))
    sums = before.copy()
    with np.errstate(over="ignore", invalid="ignore"):  # as quietly as floats are added
        for begin, count in zip(starts[counts > LONG], counts[counts > LONG], strict=True):
            own = slice(begin, begin + count)
            sums[own] = np.add.accumulate(
                np.concatenate((before[begin : begin + 1], numbers[own]))
            )[1:]
        starts, counts = starts[counts <= LONG], counts[counts <= LONG]
        for rank in range(int(counts.max(initial=0))):  # the first of all groups, the second, ...
            members = starts[counts > rank] + rank
            sums[members] = (sums[members - 1] if rank else before[members]) + numbers[members]
    return sums
