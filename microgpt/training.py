"""The training loop: a generator of frozen results that every front end and test drives alike."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from microgpt.adam import Adam, TrainingConfig
from microgpt.collector import paused_collector
from microgpt.corpus import Corpus
from microgpt.errors import DomainError, InputError
from microgpt.model import AttentionWeights, ForwardPass, forward
from microgpt.parameters import ModelConfig, Parameters
from microgpt.recording import recording
from microgpt.sampling import DEFAULT_TEMPERATURE, sample
from microgpt.tokenizer import Tokenizer

if TYPE_CHECKING:
    from microgpt.graph import Graph


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


class Training:
    """A run: shuffled documents, a model, Adam, and the one generator all draws come from.

    Attributes:
        documents: in the order they are trained on.
        tokenizer: of the corpus.
        parameters: after `step` updates.
        step: updates done so far; 0 is the untrained model.
        rng: the run's generator. After training it draws the final samples.

    >>> from microgpt import Training, load_corpus
    >>> run = Training(load_corpus("names"))
    >>> len(run.parameters)
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
    ) -> None:
        self.corpus = corpus
        self.model = model or ModelConfig()
        self.config = config or TrainingConfig()
        self.rng = random.Random(self.config.seed)
        documents = list(corpus.documents)
        self.rng.shuffle(documents)
        self.documents: tuple[str, ...] = tuple(documents)
        self.tokenizer = Tokenizer.of(documents)
        self.parameters = Parameters.random(self.model, self.tokenizer, self.rng)
        self.optimizer = Adam(self.config, len(self.parameters))
        self.step = 0

    def results(self, stop_after: int | None = None) -> Iterator[StepResult]:
        """Trains on from where the run stands, one result a step.

        Args:
            stop_after: the last step to do, if before the schedule's end.

        Raises:
            InputError: `stop_after` is less than 1 or lies past the schedule's end.
            DomainError: an op had no finite result, or the loss came out as nan or infinite; the
                parameters are those before that step.
        """
        last = self.config.num_steps if stop_after is None else stop_after
        if not 1 <= last <= self.config.num_steps:
            raise InputError(
                f"stop_after is {last}; it must lie in 1 to {self.config.num_steps}, the steps of "
                "the schedule"
            )
        while self.step < last:
            yield self._train_step()

    def document_at(self, step: int) -> str:
        """The document of a step, counted from 1; they come round again after the last."""
        return self.documents[(step - 1) % len(self.documents)]

    def sample(self, temperature: float = DEFAULT_TEMPERATURE) -> str:
        """Draws one document with the run's own generator."""
        return sample(self.parameters, self.model, self.tokenizer, self.rng, temperature)

    def _train_step(self) -> StepResult:
        step = self.step + 1
        document = self.document_at(step)
        tokens = self.tokenizer.encode(document)
        with paused_collector():
            computed = forward(tokens, self.parameters, self.model, self.tokenizer)
            if not math.isfinite(computed.loss.data):
                raise DomainError(f"the loss of {document!r} is {computed.loss.data}")
            computed.loss.backward()
            grad_norms = {
                name: math.hypot(*(leaf.grad for row in rows for leaf in row))
                for name, rows in self.parameters.matrices.items()
            }
            lr = self.optimizer.update(self.parameters.flat, step)
            result = _step_result(step, document, tokens, computed, lr, grad_norms)
            del computed  # frees the graph while the collector still sleeps
        self.step = step
        return result


def _step_result(
    step: int,
    document: str,
    tokens: tuple[int, ...],
    computed: ForwardPass,
    lr: float,
    grad_norms: dict[str, float],
) -> StepResult:
    return StepResult(
        step=step,
        document=document,
        tokens=tokens[: len(computed.losses) + 1],
        loss=computed.loss.data,
        position_losses=tuple(loss.data for loss in computed.losses),
        lr=lr,
        probs=tuple(tuple(p.data for p in probs) for probs in computed.probs),
        attention=computed.attention_weights(),
        grad_norms=grad_norms,
    )


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
        return cls(training.model, training.tokenizer, training.parameters.data())

    def parameters(self) -> Parameters:
        """Fresh leaves with these values and gradients of 0."""
        return Parameters(self.config, self.tokenizer, self.data)

    def graph(self, document: str) -> Graph:
        """The whole computation of the document's loss and its gradients, on leaves of its own."""
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
