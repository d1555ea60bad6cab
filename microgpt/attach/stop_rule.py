"""`StopRule`: at which of its backward passes an attached script is to stop."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from microgpt.errors import InputError

Condition = Callable[[int, float], bool]
"""Number of a backward pass, counted from 1, and the data of its root -> whether to stop there."""


NO_LOSSES = (math.inf, -math.inf)
"""From here to there lies none."""


@dataclass(frozen=True, slots=True)
class StopRule:
    """At which of a script's backward passes to stop; at its exceptions it stops anyway.

    >>> StopRule(every=1, when=lambda number, loss: loss != loss)  # doctest: +ELLIPSIS
    StopRule(every=1, when=<function <lambda> at ...>, let_pass=(inf, -inf), only=0)
    """

    every: int = 1  # at every so many-th pass; 0 for none
    when: Condition | None = None
    """Of these, where this holds. It is asked in a thread of its own before the pass runs, and
    every pass has to be recorded for it."""
    let_pass: tuple[float, float] = NO_LOSSES
    """Losses from the first to the second number are known not to be stops, so that the script need
    not ask about them; that saves most of what asking costs."""

    only: int = 0  # the number of the one pass to stop at, whatever `every` says; 0 for any

    def __post_init__(self) -> None:
        if self.only < 0:
            raise InputError(f"a script stops at its 1st, 2nd, ... backward, not at {self.only}")
        if self.every < 0:
            raise InputError(f"a script stops at every 1st, 2nd, ... backward, not {self.every}")

    def holds(self, number: int, loss: float) -> bool:
        """Whether to stop at a backward pass."""
        is_due = number == self.only if self.only else self._is_every(number)
        return is_due and (self.when is None or self.when(number, loss))

    def _is_every(self, number: int) -> bool:
        return bool(self.every) and number % self.every == 0

    def to_let_pass(self, number: int) -> int:
        """How many passes after this one cannot be stops."""
        if self.only:
            return self.only - 1 - number if number < self.only else NEVER
        return self.every - 1 - number % self.every if self.every else NEVER


NEVER = 1 << 62
"""More passes than any script makes."""
