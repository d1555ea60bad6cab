"""`HeadWatch`: a thread in which heads are measured at the step shown, and at steps before it.

Knows no screen. What heads did earlier is read from the run's file, one step after the other, while
nothing newer is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from microgpt import ModelSnapshot
from microgpt.errors import MicrogptError
from microgpt.model.head_behaviours import HeadSurvey
from microgpt.runs import Run
from microgpt.train.head_survey import MOST_DOCUMENTS, survey_heads
from tui.training.newest_only import NewestOnly
from tui.training.run_frame import RunFrame

POINTS = 24
"""Of a course over training."""
SHARE = 0.05
"""Of the time while training runs so much goes into earlier steps, which are trained again."""
PAUSE = 0.7
"""Between measurements of the step shown: each takes some 30 ms from training. Units: seconds."""
MOST_KEPT = 8 * POINTS
"""Of more measured steps all but the newest and those of the course are forgotten."""


@dataclass(frozen=True, eq=False)
class HeadsMeasured:
    """What was measured of all heads, at the step shown and over training."""

    step: int
    survey: HeadSurvey
    course: tuple[HeadSurvey | None, ...] = ()
    """At steps evenly spread from the first to the newest; None where none is measured yet."""


@dataclass(frozen=True, slots=True)
class _Question:
    model: ModelSnapshot  # as the step computes it
    documents: tuple[str, ...]
    step: int
    first_step: int
    live_step: int
    runs: bool  # whether training goes on meanwhile


def stretches(first_step: int, live_step: int) -> list[range]:
    """The steps of a run so far, in as many stretches as a course has points.

    >>> stretches(0, 3)
    [range(1, 2), range(2, 3), range(3, 4)]
    """
    n = live_step - first_step
    parts = min(POINTS, n)
    bounds = [first_step + 1 + at * n // parts for at in range(parts + 1)] if parts else []
    return [range(a, b) for a, b in pairwise(bounds)]


class HeadWatch:
    """Measures the heads of one run.

    Args:
        path: of the run's file.
        on_news: is called from its thread when something more is measured.
    """

    def __init__(self, path: Path, on_news: Callable[[], None]) -> None:
        self._path, self._on_news = path, on_news
        self._surveys: dict[int, HeadSurvey] = {}  # by step
        self._asked: tuple[int, int, bool] | None = None
        self._fills = True
        self._fills_next = 0.0  # when, on the monotonic clock, while training runs
        self._thread = NewestOnly("heads", self._measure, PAUSE)

    def ask(self, frame: RunFrame) -> HeadsMeasured | None:
        """Has heads measured at the step of a frame; gives what is known of it."""
        origin = frame.origin or frame.upcoming
        if origin is None:
            return None
        documents = tuple(filter(None, origin.documents[: 2 * MOST_DOCUMENTS]))[:MOST_DOCUMENTS]
        step = origin.step
        asked = step, frame.live_step, frame.status == "running"
        if self._asked != asked:
            self._asked = asked
            self._thread.ask(_Question(frame.model, documents, step, frame.first_step, *asked[1:]))
        return self._measured(step, frame)

    def close(self) -> None:
        """Ends the thread after what it is at; it holds no file then."""
        self._fills = False
        self._thread.close()

    def _measured(self, step: int, frame: RunFrame) -> HeadsMeasured | None:
        surveys = dict(self._surveys)  # the thread goes on
        if not surveys:
            return None
        nearest = min(surveys, key=lambda other: (abs(other - step), other))
        course = []
        for stretch in stretches(frame.first_step, frame.live_step):
            inside = [other for other in surveys if other in stretch]
            course.append(surveys[inside[len(inside) // 2]] if inside else None)
        return HeadsMeasured(nearest, surveys[nearest], tuple(course))

    # -- the thread ------------------------------------------------------------------------------

    def _measure(self, question: _Question) -> None:
        if question.step not in self._surveys and question.documents:
            try:
                found = survey_heads(question.model, question.documents)
            except MicrogptError:  # the training itself says what is wrong with the step
                return
            self._keep(question.step, found, question)
            self._on_news()
        if self._fills and not (question.runs and time.monotonic() < self._fills_next):
            began = time.monotonic()
            try:
                self._fill(question)
            except MicrogptError:  # whoever goes to the step is told what is wrong with the file
                self._fills = False
            now = time.monotonic()
            self._fills_next = now + (now - began) / SHARE

    def _keep(self, step: int, found: HeadSurvey, question: _Question) -> None:
        """Adds a step's; as another dictionary, where some are forgotten, since others read it."""
        surveys = self._surveys
        if len(surveys) >= MOST_KEPT:
            kept = {*[*surveys][-POINTS:]}
            for stretch in stretches(question.first_step, question.live_step):
                inside = [other for other in surveys if other in stretch]
                kept.update(inside[len(inside) // 2 :][:1])
            surveys = {other: survey for other, survey in surveys.items() if other in kept}
        surveys[step] = found
        self._surveys = surveys

    def _fill(self, question: _Question) -> None:
        """Measures earlier steps, until there is something newer to do; one while training runs."""
        missing = [
            stretch
            for stretch in stretches(question.first_step, question.live_step)
            if not any(step in stretch for step in self._surveys)
        ]
        if not missing:
            return
        with Run(self._path) as run:
            for place, stretch in enumerate(missing[:1] if question.runs else missing):
                if (place and self._thread.has_next) or not self._fills:
                    return
                step = stretch[len(stretch) // 2]
                if step <= run.last_step:
                    model = run.at(step).before
                    self._keep(step, survey_heads(model, question.documents), question)
                    self._on_news()
