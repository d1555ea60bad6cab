"""Shares of a number: what makes them add up to it although they are rounded."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

TOLERANCE = 1e-12
"""Shares add up to their number within this part of the sum of their sizes."""


def settled(
    shares: Sequence[float], total: float, sizes: Callable[[], Sequence[float]]
) -> list[float]:
    """Shares that add up to their total.

    A share is the sum of many ways' numbers, and is known as exactly as the largest of these. Where
    ways cancel within a share, that may be much less than the share itself tells; then all shares
    but the one with the largest ways stay, and that one is what they leave of the total: a change
    smaller than its own rounding. What is off by more than rounding stays as it is.

    Args:
        shares: as they were computed.
        total: what they are to come to.
        sizes: the sum of each share's ways without their signs; asked only where it matters.

    >>> settled([2.0**-55, 1.0, -1.0], 0.0, lambda: [1.0, 1.0, 1.0])  # within 1e-12 of 2
    [2.7755575615628914e-17, 1.0, -1.0]
    >>> settled([2.0**-55], 0.0, lambda: [1.0])
    [0.0]
    >>> settled([0.5], 0.0, lambda: [1.0])
    [0.5]
    """
    settled_shares = list(shares)
    if not shares or not all(map(math.isfinite, shares)):
        return settled_shares
    off = abs(math.fsum([total, *(-share for share in shares)]))
    if off > TOLERANCE * math.fsum(map(abs, shares)):
        sizes_of = sizes()
        if off > TOLERANCE * math.fsum(sizes_of):
            return settled_shares  # no rounding: it must show
        least_known = max(zip(sizes_of, range(len(shares)), strict=True))[1]
        settled_shares[least_known] = 0.0
        settled_shares[least_known] = math.fsum([total, *(-share for share in settled_shares)])
    return settled_shares


def cancellation(shares: Iterable[float]) -> float:
    """How many times their sum the sizes of the shares add up to: 1 if none cancels another.

    >>> cancellation([3.0, -2.0])
    5.0
    """
    sizes, total = 0.0, 0.0
    for share in shares:
        sizes, total = sizes + abs(share), total + share
    if not sizes:
        return 1.0
    return sizes / abs(total) if total else math.inf
