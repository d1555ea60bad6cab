"""The pipes between our process and the script's, of which each has one end."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Pipes:
    """File descriptors."""

    orders: int  # we write
    reports: int  # we read
    life: int  # nobody writes: the script ends when this end is closed, as when we are killed
    theirs: tuple[int, int, int]  # the script's ends, in the same order

    @classmethod
    def opened(cls) -> Self:
        """Three pipes."""
        (their_orders, orders), (reports, their_reports), (their_life, life) = (
            os.pipe(), os.pipe(), os.pipe(),
        )  # fmt: skip
        return cls(orders, reports, life, (their_orders, their_reports, their_life))

    def close_theirs(self) -> None:
        """Once the script's process has them."""
        for end in self.theirs:
            os.close(end)
