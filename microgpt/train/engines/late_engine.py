"""An engine that is made, and its library imported, when it has the first step to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from microgpt.model.training_state import TrainingState
from microgpt.train.engines.engine import Engine, StepResult


class LateEngine:
    """Stands for another engine, which whoever only looks at an untrained model need not load."""

    preparing = ""
    problem = ""

    def __init__(self, name: str, make: Callable[[], Engine]) -> None:
        """Is called `name` until `make` has made the engine."""
        self._name = name
        self._make = make
        self._engine: Engine | None = None

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._engine.name if self._engine else self._name

    def expect(self, steps: int) -> None:
        """Is told that so many steps are to follow."""

    def train_step(
        self, state: TrainingState, document: str, tokens: Sequence[int]
    ) -> StepResult | None:
        """Trains one step; None if a number was not finite."""
        return self._made().train_step(state, document, tokens)

    def train_steps(
        self, state: TrainingState, documents: Sequence[Sequence[int]]
    ) -> Sequence[float]:
        """Trains one step a document; fewer losses if a number of the next step was not finite."""
        return self._made().train_steps(state, documents)

    def _made(self) -> Engine:
        if self._engine is None:
            self._engine = self._make()
        return self._engine
