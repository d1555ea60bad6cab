"""The engine that needs nothing compiled: a training step as some two hundred calls of numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from microgpt.graph.arrays import Floats
from microgpt.model.adam import MAX_GRAD, TrainingConfig
from microgpt.model.parameters import ModelConfig
from microgpt.model.training_state import TrainingState
from microgpt.text.tokenizer import Tokenizer
from microgpt.train.engines.engine import ModelEngine, StepResult, grad_norms
from microgpt.train.engines.vectors.adam_update import adam_update
from microgpt.train.engines.vectors.backward import set_grads
from microgpt.train.engines.vectors.forward import ModelMatrices, VectorPass, vector_pass


class NumpyEngine(ModelEngine):
    """Trains on whole arrays. Imports numpy, so it is imported late."""

    name = "numpy"

    def __init__(self, model: ModelConfig, tokenizer: Tokenizer, config: TrainingConfig) -> None:
        super().__init__(model, tokenizer, config)
        self._grads = np.zeros(sum(rows * cols for rows, cols in self._shapes.values()))
        self._grad_matrices = self._matrices(self._grads)

    def train_step(
        self, state: TrainingState, document: str, tokens: Sequence[int]
    ) -> StepResult | None:
        """Trains one step; None if a number was not finite."""
        done = self._step(state, tokens)
        if done is None:
            return None
        return StepResult(
            step=state.step,
            document=document,
            tokens=tuple(tokens),
            loss=done.loss,
            position_losses=tuple(done.losses.tolist()),
            lr=self._config.lr_at(state.step),
            probs=tuple(map(tuple, done.softmax.out.tolist())),
            attention=tuple(
                tuple(
                    tuple(tuple(row[: pos + 1]) for pos, row in enumerate(head))
                    for head in layer.softmax.out.tolist()
                )
                for layer in done.layers
            ),
            grad_norms=grad_norms(self._shapes, self._grads.tolist()),
        )

    def train_steps(
        self, state: TrainingState, documents: Sequence[Sequence[int]]
    ) -> Sequence[float]:
        """Trains one step a document; fewer losses if a number of the next step was not finite."""
        losses: list[float] = []
        for tokens in documents:
            done = self._step(state, tokens)
            if done is None:
                break
            losses.append(done.loss)
        return losses

    def _matrices(self, flat: Floats) -> ModelMatrices:
        return ModelMatrices.of(flat, self._model, self._tokenizer.vocab_size)

    def _step(self, state: TrainingState, tokens: Sequence[int]) -> VectorPass | None:
        """The forward pass of a step, or None and nothing changed."""
        with np.errstate(all="ignore"):  # what is not finite is looked for
            flat = np.frombuffer(state.data)
            matrices = self._matrices(flat)
            done = vector_pass(matrices, tokens, self._model)
            if done is None:
                return None
            set_grads(self._grad_matrices, done, matrices, tokens, self._model)
            if not (np.abs(self._grads) <= MAX_GRAD).all():  # nan is not, either
                return None
            state.step += 1
            rates = self._config.rates_at(state.step)
            adam_update(flat, np.frombuffer(state.m), np.frombuffer(state.v), self._grads, rates)
            return done
