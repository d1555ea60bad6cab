"""What comes back from an attached script: `Stop` and `Ended`; and where it is to stop."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from microgpt.errors import InputError
from microgpt.graph import Graph
from microgpt.op_evaluator import OpEvaluator

Condition = Callable[[int, float], bool]
"""Number of a backward pass, counted from 1, and the data of its root -> whether to stop there."""


NO_LOSSES = (math.inf, -math.inf)
"""From here to there lies none."""


@dataclass(frozen=True, slots=True)
class StopRule:
    """At which of a script's backward passes to stop; at its exceptions it stops anyway.

    Attributes:
        every: at every so many-th pass; 0 for none.
        when: of these, where this holds. It is asked in a thread of its own before the pass runs,
            and every pass has to be recorded for it.
        let_pass: losses from the first to the second number are known not to be stops, so that the
            script need not ask about them; that saves most of what asking costs.

    >>> StopRule(every=1, when=lambda number, loss: loss != loss)  # doctest: +ELLIPSIS
    StopRule(every=1, when=<function <lambda> at ...>, let_pass=(inf, -inf))
    """

    every: int = 1
    when: Condition | None = None
    let_pass: tuple[float, float] = NO_LOSSES

    def __post_init__(self) -> None:
        if self.every < 0:
            raise InputError(f"a script stops at every 1st, 2nd, ... backward, not {self.every}")

    def holds(self, number: int, loss: float) -> bool:
        """Whether to stop at a backward pass."""
        is_due = bool(self.every) and number % self.every == 0
        return is_due and (self.when is None or self.when(number, loss))

    def to_let_pass(self, number: int) -> int:
        """How many passes after this one cannot be stops."""
        return self.every - 1 - number % self.every if self.every else NEVER


NEVER = 1 << 62
"""More passes than any script makes."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The script stands still: after a `backward()`, or where it raised.

    Attributes:
        kind: which of the two.
        number: how many times `backward()` has been called, this one included.
        loss: data of the root that it was called on; nan for an exception.
        graph: the computation. After a backward pass all that the root was made from, with its
            events; at an exception all that was computed up to there, as far as the failed calls
            still hold on to it, and None if that is nothing.
        file, line: the script's line that called `backward()`, or that raised.
        traceback: of an exception, as Python shows it.
        problem: why there is no graph, if there is none.
        methods: computes nodes of the graph for other operands by the methods of the script's own
            class, as long as the script stands still here.
    """

    kind: Literal["backward", "exception"]
    number: int
    loss: float
    graph: Graph | None
    file: str
    line: int
    traceback: str = ""
    problem: str = ""
    methods: OpEvaluator | None = field(default=None, repr=False, compare=False)

    @property
    def error(self) -> str:
        """The exception in one line, as `ValueError: math domain error`; `""` if there is none."""
        lines = self.traceback.strip().splitlines()
        return lines[-1] if lines else ""


@dataclass(frozen=True, slots=True)
class Ended:
    """The script is over.

    Attributes:
        status: its exit status; minus the signal's number if one ended it.
        reason: how it ended, and what it lacked if it could not be followed, in one line.
        n_backwards: how many times it called `backward()`; if it was killed, as far as is known.
    """

    status: int
    reason: str
    n_backwards: int
