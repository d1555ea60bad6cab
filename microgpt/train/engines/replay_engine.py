"""The engine that keeps every scalar's value and gradient: the model's traced graph, run again."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from microgpt.model.adam import MAX_GRAD, TrainingConfig
from microgpt.model.parameters import ModelConfig
from microgpt.model.training_state import TrainingState
from microgpt.replay.model_program import Replay
from microgpt.replay.model_programs import program_for
from microgpt.text.tokenizer import Tokenizer
from microgpt.train.engines.engine import ModelEngine, StepResult, grad_norms
from microgpt.train.engines.kernel.steps import update
from microgpt.train.engines.kernel.workspace import Sizes


class ReplayEngine(ModelEngine):
    """Trains with a `Replay`. Imports numba, so it is imported late."""

    name = "replay"

    def __init__(self, model: ModelConfig, tokenizer: Tokenizer, config: TrainingConfig) -> None:
        super().__init__(model, tokenizer, config)
        self._sizes = Sizes.of(model, tokenizer.vocab_size)
        self._replay: Replay | None = None  # made at the first step

    def train_step(
        self, state: TrainingState, document: str, tokens: Sequence[int]
    ) -> StepResult | None:
        """Trains one step; None if a number was not finite."""
        loss = self._step(state, tokens)
        if loss is None:
            return None
        assert self._replay is not None
        replay, program, n = self._replay, self._replay.program, len(tokens) - 1
        probs = replay.data[program.exps[:n]] * replay.data[program.inverses[:n], np.newaxis]
        return StepResult(
            step=state.step,
            document=document,
            tokens=tuple(tokens),
            loss=loss,
            position_losses=tuple(replay.data[program.losses[:n]].tolist()),
            lr=self._config.lr_at(state.step),
            probs=tuple(map(tuple, probs.tolist())),
            attention=tuple(
                tuple(
                    tuple(tuple(replay.data[weights].tolist()) for weights in positions[:n])
                    for positions in heads
                )
                for heads in program.weights
            ),
            grad_norms=grad_norms(self._shapes, replay.grad[: program.n_parameters].tolist()),
        )

    def train_steps(
        self, state: TrainingState, documents: Sequence[Sequence[int]]
    ) -> Sequence[float]:
        """Trains one step a document; fewer losses if a number of the next step was not finite."""
        losses: list[float] = []
        for tokens in documents:
            loss = self._step(state, tokens)
            if loss is None:
                break
            losses.append(loss)
        return losses

    def _step(self, state: TrainingState, tokens: Sequence[int]) -> float | None:
        """The loss of a step, or None and nothing changed."""
        replay, parameters = self._replay_for(len(tokens) - 1), np.frombuffer(state.data)
        loss = replay.forward(parameters, tokens)
        if not math.isfinite(loss):
            return None
        grads = replay.backward()
        if not (np.abs(grads) <= MAX_GRAD).all():  # nan is not, either
            return None
        state.step += 1
        update(
            parameters, np.frombuffer(state.m), np.frombuffer(state.v), grads,
            np.array(self._config.rates_at(state.step)), self._sizes.exponents,
        )  # fmt: skip
        return loss

    def _replay_for(self, length: int) -> Replay:
        if self._replay is None or self._replay.program.length < length:
            self._replay = Replay(program_for(self._model, self._tokenizer.vocab_size, length))
        return self._replay
