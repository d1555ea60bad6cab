"""The training loop: a generator of frozen results that every front end and test drives alike."""

from __future__ import annotations

import random
import time
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from microgpt.adam import TrainingConfig
from microgpt.collector import paused_collector
from microgpt.corpus import Corpus
from microgpt.engines import EngineName, StepResult, make_engine
from microgpt.engines.value import ValueEngine
from microgpt.errors import InputError
from microgpt.model import ForwardPass, forward
from microgpt.parameters import ModelConfig, Parameters
from microgpt.recording import recording
from microgpt.replay.ready import REPLAYER
from microgpt.sampling import DEFAULT_TEMPERATURE, characters, sample
from microgpt.tokenizer import Tokenizer
from microgpt.training_state import TrainingState

if TYPE_CHECKING:
    from microgpt.graph import Graph

RngState: TypeAlias = tuple[Any, ...]
"""What `random.Random.getstate` gives."""

CHUNK_SECONDS = 0.05
"""How long training goes on, about, before it says how far it is. Units: seconds."""


@dataclass(frozen=True, slots=True)
class StepLoss:
    """What is kept of a step that nobody looked at.

    Attributes:
        step: counted from 1.
        document: the whole text of the document.
        loss: mean over its positions. Units: nats.
        lr: the learning rate of the update that followed.
    """

    step: int
    document: str
    loss: float
    lr: float


class Training:
    """A run: shuffled documents, a model, Adam, and the one generator all draws come from.

    Attributes:
        documents: in the order they are trained on.
        tokenizer: of the corpus.
        state: parameters and moments after `state.step` updates.
        rng: the run's generator. After training it draws the final samples.
        engine: computes the steps; all engines give the same floats.

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
        self.rng = random.Random(self.config.seed)
        documents = list(corpus.documents)
        self.rng.shuffle(documents)
        self.documents: tuple[str, ...] = tuple(documents)
        self.tokenizer = Tokenizer.of(documents)
        self.state = TrainingState.untrained(
            Parameters.random(self.model, self.tokenizer, self.rng).data()
        )
        self.engine = make_engine(engine, self.model, self.tokenizer, self.config)
        self._value_engine = ValueEngine(self.model, self.tokenizer, self.config)

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
        while self.step < last:
            first = self.step + 1
            end = min(self.step + at_once, last)
            if pause_every:
                end = min(end, self.step - self.step % pause_every + pause_every)
            steps = range(first, end + 1)
            began = time.perf_counter()
            losses = self.engine.train_steps(self.state, [self._tokens_at(step) for step in steps])
            if not losses:
                losses = [self._train_on_values(first).loss]
            took = time.perf_counter() - began
            yield [
                StepLoss(step, self.document_at(step), loss, self.config.lr_at(step))
                for step, loss in zip(steps, losses, strict=False)
            ]
            if took < CHUNK_SECONDS / 2:
                at_once *= 2
            elif took > CHUNK_SECONDS:
                at_once = max(1, at_once // 2)

    def _train_on_values(self, step: int) -> StepResult:
        """A step that an engine did not do: on Values it says what went wrong, and where."""
        document, tokens = self.document_at(step), self._tokens_at(step)
        return self._value_engine.train_step(self.state, document, tokens)

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


@dataclass(frozen=True, slots=True)
class ModelSnapshot:
    """A model at one moment: enough to compute any document again, apart from the run.

    Attributes:
        config: the model's size.
        tokenizer: of its corpus.
        data: every parameter's value, in the order of `Parameters.flat`.
    """

    config: ModelConfig
    tokenizer: Tokenizer
    data: array[float]

    @classmethod
    def of(cls, training: Training) -> ModelSnapshot:
        """The model as the run has it now."""
        return cls(training.model, training.tokenizer, training.state.data[:])

    def parameters(self) -> Parameters:
        """Fresh leaves with these values and gradients of 0."""
        return Parameters(self.config, self.tokenizer, self.data)

    def graph(self, document: str) -> Graph:
        """The whole computation of the document's loss and its gradients, on leaves of its own.

        The second one asked for has replay made ready, in a thread: then a graph takes some
        milliseconds instead of a hundred.
        """
        tokens = self.tokenizer.encode(document)[: self.config.block_size + 1]
        graph = REPLAYER.graph(self.config, self.tokenizer, self.data, tokens)
        return self.trace(document) if graph is None else graph

    def expect_graphs(self, document: str) -> None:
        """Has replay made ready now, in a thread, for documents as long as this one at least."""
        tokens = self.tokenizer.encode(document)[: self.config.block_size + 1]
        REPLAYER.begin(self.config, self.tokenizer, len(tokens) - 1)

    def trace(self, document: str) -> Graph:
        """The same, computed on `Value`s."""
        from microgpt.graph import Graph  # noqa: PLC0415  # numpy comes with it

        with paused_collector():
            parameters = self.parameters()
            with recording(calls_in_scopes=False):
                computed = self.computed(document, parameters)
            return Graph.from_value(computed.loss)

    def computed(self, document: str, parameters: Parameters | None = None) -> ForwardPass:
        """The document's forward and backward pass, on fresh leaves unless some are given."""
        tokens = self.tokenizer.encode(document)
        parameters = parameters or self.parameters()
        with paused_collector():
            result = forward(tokens, parameters, self.config, self.tokenizer)
            result.loss.backward()
        return result

    def sample(
        self, rng: random.Random, temperature: float = DEFAULT_TEMPERATURE, prompt: str = ""
    ) -> str:
        """Draws one document; see `microgpt.sampling.characters`."""
        return sample(self.parameters(), self.config, self.tokenizer, rng, temperature, prompt)

    def characters(self, rng: random.Random) -> Iterator[str]:
        """The characters of `sample`, for whoever may have to stop in the middle."""
        return characters(self.parameters(), self.config, self.tokenizer, rng)

    def check_document(self, document: str) -> None:
        """Raises `InputError` if the document is empty, too long for the block, or not encodable.

        Training reads as much of a long document as fits; whoever names a document to look at
        means all of it.
        """
        if not document:
            raise InputError("the document is empty; it needs at least one character")
        self.tokenizer.encode(document)
        if (longest := self.config.block_size - 1) < len(document):
            characters = "character" if len(document) == 1 else "characters"
            raise InputError(
                f"document {document!r} has {len(document)} {characters}; with block_size "
                f"{self.config.block_size} at most {longest} fit, and the BOS after them"
            )
