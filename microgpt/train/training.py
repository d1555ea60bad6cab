"""The training loop: a generator of frozen results that every front end and test drives alike."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from microgpt.errors import InputError
from microgpt.model.adam import TrainingConfig
from microgpt.model.parameters import ModelConfig
from microgpt.model.sampling import DEFAULT_TEMPERATURE
from microgpt.model.training_state import TrainingState
from microgpt.text.corpus import Corpus
from microgpt.train.engines import EngineName, StepResult, make_engine
from microgpt.train.model_snapshot import ModelSnapshot
from microgpt.train.training_start import TrainingStart
from microgpt.train.validation import Validation

RngState: TypeAlias = tuple[Any, ...]
"""What `random.Random.getstate` gives."""

CHUNK_SECONDS = 0.05
"""How long training goes on, about, before it says how far it is. Units: seconds."""


@dataclass(frozen=True, slots=True)
class StepLoss:
    """What is kept of a step that nobody looked at."""

    step: int  # counted from 1
    document: str  # the whole text
    loss: float  # mean over its positions. Units: nats.
    lr: float  # of the update that followed
    validation: float | None = None
    """Mean loss of documents held out, after that update; None where it is not measured."""


class Training:
    """A run: shuffled documents, a model, Adam, and the one generator all draws come from.

    >>> from microgpt import Training, load_corpus
    >>> run = Training(load_corpus("names"))
    >>> len(run.state.data)
    4192
    >>> first = next(run.results())
    >>> first.step, len(first.position_losses) == len(first.document) + 1
    (1, True)
    """

    def __init__(
        self,
        corpus: Corpus,
        model: ModelConfig | None = None,
        config: TrainingConfig | None = None,
        engine: EngineName = "value",
    ) -> None:
        """Shuffles, and draws the parameters.

        Raises:
            EngineUnavailableError: the engine needs a library that is not there.
        """
        self.corpus = corpus
        self.model = model or ModelConfig()
        self.config = config or TrainingConfig()
        start = TrainingStart.drawn(corpus, self.model, self.config.seed, self.config.validation)
        self.documents = start.documents  # in the order they are trained on
        self.tokenizer = start.tokenizer
        self.state = start.state  # after `state.step` updates
        self.rng = start.rng  # after training it draws the final samples
        # What is held out, if anything is.
        self.validation: Validation | None = None
        if start.held_out:
            self.validation = Validation.planned(
                start.held_out, self.model, self.config, start.tokenizer
            )
        # Computes the steps; all engines give the same floats.
        self.engine = make_engine(engine, self.model, self.tokenizer, self.config)

    @property
    def step(self) -> int:
        """Updates done so far; 0 is the untrained model."""
        return self.state.step

    def restore(self, state: TrainingState, rng_state: RngState) -> None:
        """Puts the run where `state` and the generator's state were taken, of this or another run.

        Raises:
            InputError: the state is of a model of another size.
        """
        if len(state.data) != len(self.state.data):
            raise InputError(
                f"a state of {len(state.data)} parameters does not fit a model of "
                f"{len(self.state.data)}"
            )
        self.state = state.copy()
        self.rng.setstate(rng_state)

    def results(self, stop_after: int | None = None) -> Iterator[StepResult]:
        """Trains on from where the run stands, one result a step.

        Args:
            stop_after: the last step to do, if before the schedule's end.

        Raises:
            InputError: `stop_after` is less than 1 or lies past the schedule's end.
            DomainError: an op had no finite result, or the loss came out as nan or infinite; the
                parameters are those before that step.
        """
        last = self._last_step(stop_after)
        while self.step < last:
            step = self.step + 1
            document, tokens = self.document_at(step), self._tokens_at(step)
            result = self.engine.train_step(self.state, document, tokens)
            yield result or self._train_on_values(step)

    def losses(
        self, stop_after: int | None = None, *, pause_every: int | None = None
    ) -> Iterator[list[StepLoss]]:
        """Trains like `results` without looking at the steps, some at a time: as fast as can be.

        Whoever takes a list and stops there has all that was trained: nothing is done ahead.

        Args:
            stop_after: the last step to do, if before the schedule's end.
            pause_every: no list goes past a step that this divides, for whoever wants the state
                there.

        Raises:
            InputError: `stop_after` is less than 1 or lies past the schedule's end.
            DomainError: as in `results`; the steps before were given out.
        """
        last = self._last_step(stop_after)
        at_once = 1
        self.engine.expect(last - self.step)
        while self.step < last:
            first = self.step + 1
            end = min(self.step + at_once, last)
            if pause_every:
                end = min(end, self.step - self.step % pause_every + pause_every)
            if self.validation is not None:
                end = min(end, self.validation.next_due(self.step))
            steps = range(first, end + 1)
            began = time.perf_counter()
            losses = self.engine.train_steps(self.state, [self._tokens_at(step) for step in steps])
            if not losses:
                losses = [self._train_on_values(first).loss]
            took = time.perf_counter() - began
            done = [
                StepLoss(step, self.document_at(step), loss, self.config.lr_at(step))
                for step, loss in zip(steps, losses, strict=False)
            ]
            done[-1] = replace(done[-1], validation=self.validation_loss())
            yield done
            if took < CHUNK_SECONDS / 2:
                at_once *= 2
            elif took > CHUNK_SECONDS:
                at_once = max(1, at_once // 2)

    def validation_loss(self) -> float | None:
        """Loss of what is held out, if it is measured after the step where the run stands.

        `losses` gives it with its steps; whoever takes `results` asks after each. Units: nats.
        """
        if self.validation is None or not self.validation.is_due(self.step):
            return None
        return self.validation.loss(ModelSnapshot.of(self))

    def _train_on_values(self, step: int) -> StepResult:
        """A step that an engine did not do: on Values it says what went wrong, and where."""
        from microgpt.train.engines.value_engine import ValueEngine  # noqa: PLC0415  # seldom needed

        document, tokens = self.document_at(step), self._tokens_at(step)
        engine = ValueEngine(self.model, self.tokenizer, self.config)
        return engine.train_step(self.state, document, tokens)

    def _last_step(self, stop_after: int | None) -> int:
        last = self.config.num_steps if stop_after is None else stop_after
        if not 1 <= last <= self.config.num_steps:
            raise InputError(
                f"stop_after is {last}; it must lie in 1 to {self.config.num_steps}, the steps of "
                "the schedule"
            )
        return last

    def document_at(self, step: int) -> str:
        """The document of a step, counted from 1; they come round again after the last."""
        return self.documents[(step - 1) % len(self.documents)]

    def sample(self, temperature: float = DEFAULT_TEMPERATURE) -> str:
        """Draws one document with the run's own generator."""
        return ModelSnapshot.of(self).sample(self.rng, temperature)

    def _tokens_at(self, step: int) -> tuple[int, ...]:
        """The tokens that a step reads, and the last one's target."""
        tokens = self.tokenizer.encode(self.document_at(step))
        return tokens[: self.model.block_size + 1]
