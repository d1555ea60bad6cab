"""The engine that is always there: `Value` by `Value`, the one the others are measured against."""

from __future__ import annotations

import math
from collections.abc import Sequence

from microgpt.autograd.collector import paused_collector
from microgpt.errors import DomainError
from microgpt.model.adam import Adam, TrainingConfig
from microgpt.model.parameters import ModelConfig, Parameters
from microgpt.model.training_state import TrainingState
from microgpt.model.transformer import forward
from microgpt.text.tokenizer import Tokenizer
from microgpt.train.engines.engine import ModelEngine, StepResult, grad_norms


class ValueEngine(ModelEngine):
    """Builds the graph of each step and walks it. Needs nothing installed."""

    name = "value"

    def __init__(self, model: ModelConfig, tokenizer: Tokenizer, config: TrainingConfig) -> None:
        super().__init__(model, tokenizer, config)
        self._parameters: Parameters | None = None  # the leaves, made at the first step

    def train_step(self, state: TrainingState, document: str, tokens: Sequence[int]) -> StepResult:
        """Trains one step.

        Raises:
            DomainError: an op had no finite result, or the loss came out as nan or infinite; the
                state is as before.
        """
        step = state.step + 1
        parameters = self._loaded(state)
        with paused_collector():
            computed = forward(tokens, parameters, self._model, self._tokenizer)
            if not math.isfinite(computed.loss.data):
                raise DomainError(f"the loss of {document!r} is {computed.loss.data}")
            computed.loss.backward()
            norms = grad_norms(self._shapes, [leaf.grad for leaf in parameters.flat])
            lr = Adam(self._config, state.m, state.v).update(parameters.flat, step)
            result = StepResult(
                step=step,
                document=document,
                tokens=tuple(tokens),
                loss=computed.loss.data,
                position_losses=tuple(loss.data for loss in computed.losses),
                lr=lr,
                probs=tuple(tuple(p.data for p in probs) for probs in computed.probs),
                attention=computed.attention_weights(),
                grad_norms=norms,
            )
            del computed  # frees the graph while the collector still sleeps
        state.data[:] = parameters.data()
        state.step = step
        return result

    def train_steps(
        self, state: TrainingState, documents: Sequence[Sequence[int]]
    ) -> Sequence[float]:
        """Trains one step a document; fewer losses if a number of the next step was not finite."""
        losses: list[float] = []
        for tokens in documents:
            try:
                losses.append(self.train_step(state, "", tokens).loss)
            except DomainError:
                break
        return losses

    def _loaded(self, state: TrainingState) -> Parameters:
        """The leaves, with the state's numbers and gradients of 0."""
        if self._parameters is None:
            self._parameters = Parameters(self._model, self._tokenizer, state.data)
            return self._parameters
        for leaf, number in zip(self._parameters.flat, state.data, strict=True):
            leaf.data = number
            leaf.grad = 0.0
        return self._parameters
