"""What every engine does: train on documents, from any state, to the same floats as on `Value`.

Nothing outside this folder knows which engine runs. An engine keeps no state of its own between
calls, so that at any step another one can go on. Imports none: `engines/__init__.py` has the table.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from microgpt.model.adam import TrainingConfig
from microgpt.model.parameters import ModelConfig
from microgpt.model.training_state import TrainingState
from microgpt.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    from microgpt.model.transformer import AttentionWeights


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one training step computed, before its update changed the parameters."""

    step: int  # counted from 1
    document: str  # the whole text
    tokens: tuple[int, ...]
    """The token ids read, the last one only as a target. Shape: `[position + 1]`."""
    loss: float  # mean of `position_losses`. Units: nats.
    position_losses: tuple[float, ...]  # -log p(next token). Units: nats. Shape: `[position]`.
    lr: float  # the learning rate of the update that followed
    probs: tuple[tuple[float, ...], ...]  # of the next token. Shape: `[position][vocab]`.
    attention: AttentionWeights
    """Attention weights. Shape: `[n_layer][n_head][position][source]`, source <= position."""
    grad_norms: dict[str, float]  # Euclidean norm of the loss's gradient, by parameter matrix


class Engine(Protocol):
    """Advances a `TrainingState`.

    A step whose numbers are not all finite changes nothing. `train_step` on `Value` raises
    `DomainError`, which names op and place; all else only reports that the step was not done, and
    whoever asked has that done on `Value`.
    """

    @property
    def name(self) -> str:
        """As in the table of engines, never `"auto"`: what would do the next step."""

    @property
    def preparing(self) -> str:
        """Name of the faster engine that is being compiled meanwhile, `""` if none is."""

    @property
    def problem(self) -> str:
        """Why no faster engine is to be had, `""` if nothing is in the way."""

    def expect(self, steps: int) -> None:
        """Is told that so many steps are to follow."""

    def train_step(
        self, state: TrainingState, document: str, tokens: Sequence[int]
    ) -> StepResult | None:
        """Trains one step and tells all about it.

        Args:
            state: advanced by one step.
            document: the text, for the result.
            tokens: as many as are read, and one: at most block_size + 1.

        Returns:
            None if a number was not finite; the state is as before then.
        """

    def train_steps(
        self, state: TrainingState, documents: Sequence[Sequence[int]]
    ) -> Sequence[float]:
        """Trains one step a document, as fast as can be.

        Args:
            state: advanced by as many steps as there are results.
            documents: the tokens of each, as in `train_step`.

        Returns:
            Each step's mean loss. Units: nats. Fewer than there are documents if a number of the
            next step was not finite.
        """


class ModelEngine(ABC):
    """An engine for one model and schedule, which never becomes another one.

    A new engine is a class like this in a file of its own, and a row in `ENGINES`.
    """

    name: ClassVar[str]  # as in its row
    preparing = ""
    problem = ""

    def __init__(self, model: ModelConfig, tokenizer: Tokenizer, config: TrainingConfig) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._config = config
        self._shapes = model.shapes(tokenizer.vocab_size)

    def expect(self, steps: int) -> None:  # noqa: B027  # nothing to prepare
        """Is told that so many steps are to follow."""

    @abstractmethod
    def train_step(
        self, state: TrainingState, document: str, tokens: Sequence[int]
    ) -> StepResult | None:
        """Trains one step; None if a number was not finite. See `Engine`."""

    @abstractmethod
    def train_steps(
        self, state: TrainingState, documents: Sequence[Sequence[int]]
    ) -> Sequence[float]:
        """Trains one step a document; fewer losses if a number of the next step was not finite."""


def grad_norms(shapes: dict[str, tuple[int, int]], grads: Sequence[float]) -> dict[str, float]:
    """Euclidean norm of the gradient of each matrix, by the one function all engines use.

    Another one would round differently.

    Args:
        shapes: rows and columns, in the order of `Parameters.flat`.
        grads: of every parameter.
    """
    norms, start = {}, 0
    for name, (rows, cols) in shapes.items():
        norms[name] = math.hypot(*grads[start : start + rows * cols])
        start += rows * cols
    return norms
