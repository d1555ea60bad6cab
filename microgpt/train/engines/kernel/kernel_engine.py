"""The engine for training: one compiled call for any number of steps."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

import numpy as np

from microgpt.autograd.collector import paused_collector
from microgpt.model.adam import TrainingConfig
from microgpt.model.parameters import ModelConfig
from microgpt.model.training_state import TrainingState
from microgpt.replay.compiling_apart import compile_apart, is_compiled
from microgpt.text.tokenizer import Tokenizer
from microgpt.train.engines.engine import ModelEngine, StepResult, grad_norms
from microgpt.train.engines.kernel.loading import loaded
from microgpt.train.engines.kernel.sampling import draw_tokens
from microgpt.train.engines.kernel.steps import train_steps
from microgpt.train.engines.kernel.workspace import Sizes, Workspace, aligned_zeros


class KernelEngine(ModelEngine):
    """Trains with compiled loops, and keeps their room."""

    name = "kernel"

    def __init__(self, model: ModelConfig, tokenizer: Tokenizer, config: TrainingConfig) -> None:
        super().__init__(model, tokenizer, config)
        self._sizes = Sizes.of(model, tokenizer.vocab_size)
        self._work = Workspace.of(self._sizes)
        self._grads = aligned_zeros(sum(rows * cols for rows, cols in self._shapes.values()))

    def train_step(
        self, state: TrainingState, document: str, tokens: Sequence[int]
    ) -> StepResult | None:
        """Trains one step; None if a number was not finite."""
        losses = self.train_steps(state, [tokens])
        if not losses:
            return None
        n, work, sizes = len(tokens) - 1, self._work, self._sizes
        return StepResult(
            step=state.step,
            document=document,
            tokens=tuple(tokens),
            loss=losses[0],
            position_losses=tuple(work.losses[:n].tolist()),
            lr=self._config.lr_at(state.step),
            probs=tuple(map(tuple, work.probs_of(sizes)[:n].tolist())),
            attention=tuple(
                tuple(
                    tuple(tuple(row[: pos + 1]) for pos, row in enumerate(head))
                    for head in work.weights_of(sizes, layer)[:n].transpose(1, 0, 2).tolist()
                )
                for layer in range(self._model.n_layer)
            ),
            grad_norms=grad_norms(self._shapes, self._grads.tolist()),
        )

    def train_steps(
        self, state: TrainingState, documents: Sequence[Sequence[int]]
    ) -> Sequence[float]:
        """Trains one step a document; fewer losses if a number of the next step was not finite."""
        losses = np.zeros(len(documents))
        steps = range(state.step + 1, state.step + 1 + len(documents))
        done = loaded(train_steps)(
            np.frombuffer(state.data), np.frombuffer(state.m), np.frombuffer(state.v),
            self._grads, self._sizes, self._work,
            np.array([token for tokens in documents for token in tokens], dtype=np.int64),
            np.cumsum([len(tokens) for tokens in documents], dtype=np.int64),
            np.array([self._config.rates_at(step) for step in steps]).reshape(-1, 6), losses,
        )  # fmt: skip
        state.step += done
        return [float(loss) for loss in losses[:done]]


def draw_document(
    model: ModelConfig,
    tokenizer: Tokenizer,
    data: array[float],
    given: Sequence[int],
    uniforms: Sequence[float],
    inverse_temperature: float,
) -> list[int] | None:
    """Draws the tokens of a document; see `draw_tokens`. None if a number was not finite."""
    sizes = Sizes.of(model, tokenizer.vocab_size)
    tokens = np.zeros(model.block_size, np.int64)
    count = loaded(draw_tokens)(
        np.frombuffer(data), sizes, np.array(given, np.int64), np.array(uniforms),
        inverse_temperature, tokens,
    )  # fmt: skip
    return None if count < 0 else list(map(int, tokens[:count]))


def losses_of_documents(
    model: ModelConfig,
    tokenizer: Tokenizer,
    data: array[float],
    documents: Sequence[Sequence[int]],
) -> list[float]:
    """Mean loss of each; fewer if a number of the next one is not finite. Units: nats.

    By training steps at a rate of 0 on copies. They take three times as long as a forward pass, but
    that would have to be compiled and loaded beside them.
    """
    engine = KernelEngine(model, tokenizer, TrainingConfig(lr=0.0))
    return [*engine.train_steps(TrainingState.untrained(data), documents)]


def compile_kernel() -> None:
    """Compiles all that the engine is made of, or loads it, by a step of a very small model."""
    tokenizer, model = Tokenizer("a"), ModelConfig(1, 1, 1, 1)
    n_parameters = sum(rows * cols for rows, cols in model.shapes(tokenizer.vocab_size).values())
    state = TrainingState.untrained([0.0] * n_parameters)
    with paused_collector():  # compiling makes a million objects that stay
        KernelEngine(model, tokenizer, TrainingConfig()).train_steps(state, [(0, 0)])
        draw_document(model, tokenizer, state.data, (), [0.0], 1.0)


def to_compile() -> Callable[[], object] | None:
    """What compiles it without taking time from this process; None if it only has to be loaded."""
    if is_compiled(train_steps, draw_tokens):
        return None
    return lambda: compile_apart(f"{__name__}:{compile_kernel.__name__}")
