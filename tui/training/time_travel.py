"""Time travel: a thread that fetches recorded steps, always the one asked for last.

Knows no screen. Going to a step may take a while, and a person who scrubs asks for many: those
that have been passed by are never computed.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from microgpt.autograd.collector import paused_collector
from microgpt.errors import MicrogptError
from microgpt.runs import RecordedStep, Run
from microgpt.train.graph_origin import GraphOrigin
from tui.training.run_frame import FreshSample, RunFrame

COMMITTED_WITHIN = 1.0
"""How long the step just trained may take to get into the file. Units: seconds."""

SAMPLES = 8

SETTLED_AFTER = 0.3
"""How long a step is looked at before samples are drawn from it. They take half a second on
`Value`s, and the interpreter's lock, which the screen needs while a person scrubs. Units: seconds.
"""


@dataclass(frozen=True, slots=True)
class PastStep:
    """A past step that is there to be shown, or why it is not."""

    step: int  # counted from 1
    recorded: RecordedStep | None  # None if there is a problem
    samples: tuple[FreshSample, ...] = ()
    """Documents drawn from the model after the step, the same at every visit; they come one by one,
    each with an arrival that has one more."""
    origin: GraphOrigin | None = None  # what the step was computed from
    problem: str = ""  # one line

    def as_frame(self, live: RunFrame) -> RunFrame:
        """The step as a frame of the run that now stands at `live`."""
        assert self.recorded is not None
        return replace(
            live,
            result=self.recorded.result,
            model=self.recorded.before,
            samples=self.samples,
            origin=self.origin,
            after=self.recorded.after,
            past=True,
        )


class TimeTravel:
    """Goes to the steps of a run's file."""

    def __init__(self, path: Path, on_arrival: Callable[[PastStep], None]) -> None:
        """Opens nothing yet; `on_arrival` is called from this object's thread."""
        self.wanted: int | None = None  # the step asked for last; None where the newest one is good
        self._path = path
        self._on_arrival = on_arrival
        self._wake = threading.Condition()
        self._asked = False
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="time travel", daemon=True)

    def go_to(self, step: int) -> None:
        """Asks for a step, in place of any other asked for before."""
        with self._wake:
            self.wanted, self._asked = step, True
            self._wake.notify()
        if self._thread.ident is None:
            self._thread.start()

    def stay_live(self) -> None:
        """Drops what was asked for."""
        with self._wake:
            self.wanted, self._asked = None, False
            self._wake.notify()

    def close(self) -> None:
        """Ends the thread, which lets the file go."""
        with self._wake:
            self.wanted, self._closed = None, True
            self._wake.notify()
        if self._thread.ident is not None:
            self._thread.join()

    # -- the thread ------------------------------------------------------------------------------

    def _serve(self) -> None:
        run: Run | None = None
        try:
            while (step := self._next()) is not None:
                try:
                    run = run or Run(self._path)
                    self._fetch(run, step)
                except MicrogptError as error:
                    self._on_arrival(PastStep(step, None, problem=str(error)))
        finally:
            if run is not None:
                run.close()

    def _next(self) -> int | None:
        """The step to fetch, as soon as there is one; None when closed."""
        with self._wake:
            while not (self._asked or self._closed):
                self._wake.wait()
            self._asked = False
            return self.wanted

    def _is_settled(self) -> bool:
        """Whether nothing is asked for in the next moment."""
        with self._wake:
            self._wake.wait_for(
                lambda: self._asked or self._closed or self.wanted is None, SETTLED_AFTER
            )
            return not self._asked and self.wanted is not None

    def _fetch(self, run: Run, step: int) -> None:
        deadline = time.monotonic() + COMMITTED_WITHIN
        while step > run.last_step and self.wanted == step and time.monotonic() < deadline:
            time.sleep(0.01)
        if self.wanted != step:
            return
        recorded = run.at(step)
        samples: tuple[FreshSample, ...] = ()
        origin = run.origin(recorded)
        self._on_arrival(PastStep(step, recorded, origin=origin))
        if not self._is_settled():
            return
        rng = random.Random(step)
        while len(samples) < SAMPLES and self.wanted == step:
            text = ""
            try:
                with paused_collector():
                    for character in recorded.after.characters(rng):
                        if self.wanted != step:
                            return
                        text += character
            except MicrogptError:
                return  # a model that cannot be drawn from is still there to be looked at
            samples = (*samples, FreshSample.of(recorded.after, step, text))
            self._on_arrival(PastStep(step, recorded, samples, origin))
