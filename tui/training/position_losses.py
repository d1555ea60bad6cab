"""Losses by position: the mean over some documents of what each position loses, at a step.

Knows no screen. A thread computes the step asked for last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from microgpt.errors import MicrogptError
from microgpt.graph.arrays import Floats
from microgpt.train.graph_origin import GraphOrigin, OriginKey
from tui.training.newest_only import NewestOnly
from tui.training.run_frame import RunFrame

MEAN_OF = 64
"""Documents: the step's own and those that come after it in the order of the training."""
PAUSE = 0.5
"""Between measurements, each of which takes some 20 ms from training. Units: seconds."""


@dataclass(frozen=True, eq=False)
class PositionLosses:
    """Mean losses by position at one step, before its update."""

    run: str  # its id, `""` where none is recorded
    step: int
    means: Floats  # Units: nats. Shape: `[position]`.
    counts: tuple[int, ...]  # documents that reach so far. Shape: `[position]`.
    problem: str = ""  # why there are none, one line


def losses_by_position(origin: GraphOrigin, documents: tuple[str, ...]) -> PositionLosses:
    """Measures documents with the parameters of a step.

    Raises:
        DomainError: a number is not finite.
    """
    by_document = origin.model.position_losses(documents)
    totals = [0.0] * max(map(len, by_document))
    counts = [0] * len(totals)
    for losses in by_document:
        for position, loss in enumerate(losses):
            totals[position] += loss
            counts[position] += 1
    means = np.array([total / count for total, count in zip(totals, counts, strict=True)])
    return PositionLosses(origin.run, origin.step, means, tuple(counts))


class PositionWatch:
    """Measures the step shown.

    Args:
        on_news: is called from its thread when there is another.
    """

    def __init__(self, on_news: Callable[[], None]) -> None:
        self.latest: PositionLosses | None = None
        self._on_news = on_news
        self._asked: OriginKey | None = None
        self._thread = NewestOnly("positions", self._measure, PAUSE)

    def ask(self, frame: RunFrame) -> PositionLosses | None:
        """Has the step of a frame measured; gives what is known of its run by now."""
        origin = frame.origin
        if origin is not None and origin.key != self._asked:
            self._asked = origin.key
            n = len(origin.documents)
            places = ((origin.step - 1 + ahead) % n for ahead in range(min(n, MEAN_OF)))
            documents = tuple(origin.documents[place] for place in places)
            self._thread.ask((origin, documents))
        latest = self.latest
        is_of_run = latest is not None and origin is not None and latest.run == origin.run
        return latest if is_of_run else None

    def close(self) -> None:
        """Ends the thread."""
        self._thread.close()

    def _measure(self, question: tuple[GraphOrigin, tuple[str, ...]]) -> None:
        origin, documents = question
        try:
            self.latest = losses_by_position(origin, documents)
        except MicrogptError as error:
            self.latest = PositionLosses(origin.run, origin.step, np.array([]), (), str(error))
        self._on_news()
