"""The fastest engine that is ready: `Value` at once, the kernel as soon as it is compiled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from microgpt.engines.engine import Engine, StepResult
from microgpt.training_state import TrainingState


class AutoEngine:
    """Serves on one engine while another is made ready in a thread.

    The first compilation takes seconds, once per installation; it must not keep anyone waiting.

    Attributes:
        name: of the engine that would do the next step.
        notice: what there is to say about the other one, `""` once it serves.
    """

    def __init__(self, now: Engine, soon: Callable[[], Engine], name_of_soon: str) -> None:
        """Serves with `now`; calls `soon` in a thread and then serves with what that returns."""
        self._serving = now
        self._soon = soon
        self.notice = f"{name_of_soon} engine compiling"
        self._thread = threading.Thread(target=self._prepare, name="compile", daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """The serving engine's name."""
        return self._serving.name

    def wait(self, timeout: float | None = None) -> None:
        """Blocks until the other engine is ready or cannot be had. Units: seconds."""
        self._thread.join(timeout)

    def train_step(
        self, state: TrainingState, document: str, tokens: Sequence[int]
    ) -> StepResult | None:
        """Trains one step on the engine that is ready."""
        return self._serving.train_step(state, document, tokens)

    def train_steps(
        self, state: TrainingState, documents: Sequence[Sequence[int]]
    ) -> Sequence[float]:
        """Trains on the engine that is ready."""
        return self._serving.train_steps(state, documents)

    def _prepare(self) -> None:
        try:
            self._serving = self._soon()
        except Exception as error:  # noqa: BLE001  # no engine is worth a run that trains without it
            self.notice = f"training on the value engine: {error}"
        else:
            self.notice = ""
