"""`ParameterWatch`: a thread in which the matrices of the step shown are computed. Knows no screen.

The step asked for last is served, and while training runs at most so often that it takes no more
than `SHARE` of the time; how often units fire is measured more rarely still.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from microgpt.errors import MicrogptError
from microgpt.train.graph_origin import GraphOrigin
from microgpt.train.unit_survey import UnitSurvey
from tui.training.newest_only import NewestOnly
from tui.training.run_frame import RunFrame
from tui.training.shown_parameters import ShownParameters, of_step, units_of

SHARE = 0.03
"""Of the time while training runs."""
LEAST_PAUSE = 0.1
"""Between two steps that are shown. Units: seconds."""
UNITS_EVERY = 1.0
"""Between two measurements of units while training runs. Units: seconds."""


class ParameterWatch:
    """Computes what Parameters mode shows.

    Args:
        on_news: is called from its thread with what is there, or with why it cannot be.
    """

    def __init__(self, on_news: Callable[[ShownParameters | None, str], None]) -> None:
        self._on_news = on_news
        self._asked: object = None
        self._next_at = self._next_units = 0.0  # on the monotonic clock
        self._units: UnitSurvey | None = None
        self._units_step = 0
        self._run = ""  # that was asked for last
        self._units_run = ""
        self._thread = NewestOnly("parameters", self._serve, LEAST_PAUSE)

    def ask(self, frame: RunFrame) -> None:
        """Asks for the step of a frame, unless it was asked for or it is too soon for another."""
        origin = frame.origin or frame.upcoming
        runs = frame.status == "running" and not frame.past
        if origin is None or self._asked == (origin.key, runs):
            return
        if runs and time.monotonic() < self._next_at and origin.run == self._run:
            return
        self._asked, self._run = (origin.key, runs), origin.run
        self._thread.ask((origin, runs))

    def close(self) -> None:
        """Ends the thread after what it is at."""
        self._thread.close()

    def _serve(self, question: tuple[GraphOrigin, bool]) -> None:
        origin, runs = question
        began = time.monotonic()
        if origin.run != self._units_run:
            self._units, self._units_run, self._next_units = None, origin.run, 0.0
        try:
            shown = of_step(origin)
            known = self._units if runs else None
            self._on_news(replace(shown, units=known, units_step=self._units_step), "")
            if not runs or time.monotonic() >= self._next_units:
                self._units, self._units_step = units_of(origin), origin.step
                self._next_units = time.monotonic() + UNITS_EVERY
                self._on_news(replace(shown, units=self._units, units_step=origin.step), "")
        except MicrogptError as error:
            self._on_news(None, str(error))
        # Not its processor's time: what holds the interpreter's lock may have to wait for that.
        self._next_at = time.monotonic() + (time.monotonic() - began) / SHARE
