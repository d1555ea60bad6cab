"""The fastest engine that is ready: numpy at once, the kernel as soon as it is compiled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from microgpt.model.training_state import TrainingState
from microgpt.train.engines.engine import Engine, StepResult

PREPARE_AFTER = 0.2
"""How much work it takes to begin making the faster engine ready. Units: seconds."""

PATIENCE = 1.0
"""How long work then stops for it: what is compiled already is loaded in half that time, but in
several times as long if steps hold the interpreter's lock. Units: seconds."""

WORTH_LOADING = 300
"""For so many steps to come the faster engine is loaded before the first. Of a small model they
take as long as that; of a large one it is worth it sooner, which `PREPARE_AFTER` finds."""

SHARE = 2.0
"""How many times as long as a step took is left to loading or compiling after it. Steps hold the
interpreter's lock, which compiling lets go and asks for thousands of times; each time it would have
to wait. What another process compiles needs no such time."""


class AutoEngine:
    """Serves on one engine while another is made ready in a thread.

    The first compilation takes seconds, once per installation; it must not keep anyone waiting, and
    is done by another process. Later ones are a matter of loading, and waited for. Work that is
    done in a moment begins neither.
    """

    def __init__(
        self,
        now: Engine,
        soon: Callable[[], Engine],
        name_of_soon: str,
        to_compile: Callable[[], Callable[[], object] | None] = lambda: None,
    ) -> None:
        """Serves with `now`; soon calls `soon` in a thread, then serves with what that returns.

        Args:
            to_compile: asked before that, in the thread; gives what takes long and leaves this
                process its time, if there is such a thing to be done first.
        """
        self._now = self._serving = now
        self._soon = soon
        self._to_compile = to_compile
        self._is_apart = False  # whether another process is at work for it
        self._is_settled = threading.Event()  # ready, or not to be waited for
        self._worked = 0.0
        self._name_of_soon = name_of_soon
        self.preparing = ""  # name of the other engine while it is being made ready
        self.problem = ""  # why it cannot be had
        self._thread: threading.Thread | None = None

    @property
    def name(self) -> str:
        """The serving engine's name."""
        return self._serving.name

    def prepare(self) -> None:
        """Begins to make the other engine ready, if that has not begun."""
        if self._thread is None:
            self.preparing = self._name_of_soon
            self._thread = threading.Thread(target=self._prepare, name="compile", daemon=True)
            self._thread.start()

    def expect(self, steps: int) -> None:
        """So many steps are to follow: makes the other engine ready now, if that is worth it."""
        if steps >= WORTH_LOADING and self._thread is None:
            self.prepare()
            self._is_settled.wait(PATIENCE)

    def wait(self, timeout: float | None = None) -> None:
        """Blocks until the other engine is ready or cannot be had. Units: seconds."""
        self.prepare()
        assert self._thread is not None
        self._thread.join(timeout)

    def train_step(
        self, state: TrainingState, document: str, tokens: Sequence[int]
    ) -> StepResult | None:
        """Trains one step on the engine that is ready."""
        with self._clock():
            return self._serving.train_step(state, document, tokens)

    def train_steps(
        self, state: TrainingState, documents: Sequence[Sequence[int]]
    ) -> Sequence[float]:
        """Trains on the engine that is ready, from the step on at which another one is."""
        losses: list[float] = []
        while len(losses) < len(documents) and self._serving is self._now:
            with self._clock():
                done = self._now.train_steps(state, documents[len(losses) : len(losses) + 1])
            if not done:
                return losses
            losses += done
        rest = documents[len(losses) :]
        return [*losses, *self._serving.train_steps(state, rest)] if rest else losses

    @contextmanager
    def _clock(self) -> Iterator[None]:
        """Counts the time worked, until it is worth another engine, and leaves time to that."""
        began = time.perf_counter()
        yield
        took = time.perf_counter() - began
        if self._thread is not None:
            if not self._is_apart:
                self._thread.join(SHARE * took)  # returns at once if it is done
            return
        self._worked += took
        if self._worked > PREPARE_AFTER:
            self.prepare()
            self._is_settled.wait(PATIENCE)

    def _prepare(self) -> None:
        try:
            if (compile_it := self._to_compile()) is not None:
                self._is_apart = True
                self._is_settled.set()
                compile_it()
                self._is_apart = False
            self._serving = self._soon()
        except Exception as error:  # noqa: BLE001  # no engine is worth a run that trains without it
            self.problem = str(error) or repr(error)
        self.preparing = ""
        self._is_settled.set()
