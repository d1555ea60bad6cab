"""Timing in turns: whoever is compared runs in the same process, one after the other, many times.

A slow phase of the machine hits all of them then. A ratio is taken within each round, and the
median of the rounds is what is reported, with the smallest and the largest beside it.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from microgpt.autograd.collector import paused_collector

TURN = 0.02
"""How long a contender's turn goes on at least; its fastest pass counts. Units: seconds."""


@dataclass(frozen=True)
class Turn:
    """What is timed, and what has to be done before each time and does not count."""

    work: Callable[[], object]
    before: Callable[[], object]


@dataclass(frozen=True)
class Ratio:
    """How many times as long one takes as another, over some rounds."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        """The ratio to two digits, with its spread."""
        return f"{rounded(self.median)} ({rounded(self.least)} to {rounded(self.most)})"


def rounded(number: float) -> str:
    """Two significant digits: more of them would be noise."""
    return f"{float(f'{number:.2g}'):,g}"


@dataclass(frozen=True)
class Contest:
    """The time each contender took in each round. Units: seconds of this thread."""

    times: dict[str, list[float]]

    def ratio(self, slow: str, fast: str) -> Ratio:
        """How many times as long `slow` takes."""
        ratios = [a / b for a, b in zip(self.times[slow], self.times[fast], strict=True)]
        return Ratio(median(ratios), min(ratios), max(ratios))

    def seconds(self, name: str) -> float:
        """The median time."""
        return median(self.times[name])


def contest(
    contenders: Mapping[str, Iterable[Turn | Callable[[], object]]], *, turn: float = TURN
) -> Contest:
    """Lets each contender do its turns, round by round, Python's cyclic collector off.

    Args:
        contenders: what each does in each round.
        turn: for how long it is done again and again; 0 for what is not the same the second time.
            Units: seconds.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    gc.collect()
    with paused_collector():
        for works in zip(*contenders.values(), strict=True):
            for name, work in zip(contenders, works, strict=True):
                times[name].append(_fastest_pass(work, turn))
    return Contest(times)


def _fastest_pass(work: Turn | Callable[[], object], turn: float) -> float:
    """This thread's processor time, so that other programs do not count."""
    if not isinstance(work, Turn):
        work = Turn(work, lambda: None)
    best, began = float("inf"), time.thread_time()
    while True:
        work.before()
        start = time.thread_time()
        work.work()
        end = time.thread_time()
        best = min(best, end - start)
        if end - began >= turn:
            return best
