"""What every engine does: train on documents, from any state, to the same floats as on `Value`.

Nothing outside this folder knows which engine runs. An engine keeps no state of its own between
calls, so that at any step another one can go on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from microgpt.model.training_state import TrainingState
from microgpt.model.transformer import AttentionWeights

EngineName: TypeAlias = Literal["auto", "value", "replay", "kernel"]
ENGINE_NAMES: tuple[EngineName, ...] = ("auto", "value", "replay", "kernel")


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one training step computed, before its update changed the parameters.

    Attributes:
        step: counted from 1.
        document: the whole text of the document.
        tokens: the token ids read, the last one only as a target. Shape: `[position + 1]`.
        loss: mean of `position_losses`. Units: nats.
        position_losses: -log p(next token). Units: nats. Shape: `[position]`.
        lr: the learning rate of the update that followed.
        probs: next-token distribution. Shape: `[position][vocab]`.
        attention: attention weights. Shape: `[n_layer][n_head][position][source]`, source <=
            position.
        grad_norms: Euclidean norm of the loss's gradient, by parameter matrix.
    """

    step: int
    document: str
    tokens: tuple[int, ...]
    loss: float
    position_losses: tuple[float, ...]
    lr: float
    probs: tuple[tuple[float, ...], ...]
    attention: AttentionWeights
    grad_norms: dict[str, float]


class Engine(Protocol):
    """Advances a `TrainingState`.

    A step whose numbers are not all finite changes nothing. `train_step` on `Value` raises
    `DomainError`, which names op and place; all else only reports that the step was not done, and
    whoever asked has that done on `Value`.
    """

    @property
    def name(self) -> str:
        """`"value"`, `"replay"` or `"kernel"`: what would do the next step."""

    @property
    def preparing(self) -> str:
        """Name of the faster engine that is being compiled meanwhile, `""` if none is."""

    @property
    def problem(self) -> str:
        """Why no faster engine is to be had, `""` if nothing is in the way."""

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
