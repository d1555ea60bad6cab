"""`ModelSnapshot`: a model at one moment, apart from the run that trains it."""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from microgpt.autograd.collector import paused_collector
from microgpt.errors import InputError
from microgpt.model.parameters import ModelConfig, Parameters
from microgpt.model.sampling import DEFAULT_TEMPERATURE, characters, sample
from microgpt.model.training_state import TrainingState
from microgpt.replay.graph_replayer import REPLAYER
from microgpt.text.tokenizer import Tokenizer
from microgpt.train.drawing import drawn_sample, mean_losses, position_losses
from microgpt.train.graph_cost import check_whole

if TYPE_CHECKING:
    from microgpt.graph.graph import Graph
    from microgpt.model.transformer import ForwardPass

Number = TypeVar("Number", float, list[float])


class HasModel(Protocol):
    """What has a model just now: a `Training`, or a `TrainingStart`."""

    @property
    def model(self) -> ModelConfig:
        """The model's size."""

    @property
    def tokenizer(self) -> Tokenizer:
        """Of the corpus."""

    @property
    def state(self) -> TrainingState:
        """With the model's parameters."""


@dataclass(frozen=True, slots=True)
class ModelSnapshot:
    """A model at one moment: enough to compute any document again, apart from the run."""

    config: ModelConfig
    tokenizer: Tokenizer
    data: array[float]  # every parameter's value, in the order of `Parameters.flat`

    @classmethod
    def of(cls, run: HasModel) -> ModelSnapshot:
        """The model as the run has it now."""
        return cls(run.model, run.tokenizer, run.state.data[:])

    def parameters(self) -> Parameters:
        """Fresh leaves with these values and gradients of 0."""
        return Parameters(self.config, self.tokenizer, self.data)

    def graph(self, document: str) -> Graph:
        """The whole computation of the document's loss and its gradients, on leaves of its own.

        The second one asked for has replay made ready, in a thread: then a graph takes some
        milliseconds. Until then it is made from whole arrays, and on `Value`s only if a number is
        not finite, or if someone has changed the model.

        Raises:
            InputError: it would take more memory than there is, and how much.
        """
        from microgpt.replay.vectors.document_graph import vector_graph  # noqa: PLC0415  # numpy

        tokens = self.tokenizer.encode(document)[: self.config.block_size + 1]
        check_whole(self.config, self.tokenizer.vocab_size, tokens)
        for make in (REPLAYER.graph, vector_graph):
            graph = make(self.config, self.tokenizer, self.data, tokens)
            if graph is not None:
                return graph
        return self.trace(document)

    def expect_graphs(self, document: str) -> None:
        """Has replay made ready now, in a thread, for documents as long as this one at least."""
        tokens = self.tokenizer.encode(document)[: self.config.block_size + 1]
        REPLAYER.begin(self.config, self.tokenizer, len(tokens) - 1)

    def trace(self, document: str) -> Graph:
        """The same, computed on `Value`s."""
        from microgpt.autograd.recording import recording  # noqa: PLC0415  # Values
        from microgpt.graph.graph import Graph  # noqa: PLC0415  # numpy, which training can do without

        with paused_collector():
            parameters = self.parameters()
            with recording(calls_in_scopes=False):
                computed = self.computed(document, parameters)
            return Graph.from_value(computed.loss)

    def computed(self, document: str, parameters: Parameters | None = None) -> ForwardPass:
        """The document's forward and backward pass, on fresh leaves unless some are given."""
        from microgpt.model.transformer import forward  # noqa: PLC0415  # Values

        tokens = self.tokenizer.encode(document)
        parameters = parameters or self.parameters()
        with paused_collector():
            result = forward(tokens, parameters, self.config, self.tokenizer)
            result.loss.backward()
        return result

    def sample(
        self,
        rng: random.Random,
        temperature: float = DEFAULT_TEMPERATURE,
        prompt: str = "",
        top_k: int = 0,
    ) -> str:
        """Draws one document; see `microgpt.model.sampling.characters`."""
        text = drawn_sample(self.config, self.tokenizer, self.data, rng, temperature, prompt, top_k)
        if text is not None:
            return text
        return sample(
            self.parameters(), self.config, self.tokenizer, rng, temperature, prompt, top_k
        )

    def characters(self, rng: random.Random) -> Iterator[str]:
        """The characters of `sample`, for whoever may have to stop in the middle."""
        text = drawn_sample(
            self.config, self.tokenizer, self.data, rng, DEFAULT_TEMPERATURE, prompt=""
        )
        if text is not None:
            return iter(text)
        return characters(self.parameters(), self.config, self.tokenizer, rng)

    def losses(self, documents: Sequence[str]) -> list[float]:
        """The mean loss of each document, none of them trained on. Units: nats.

        Raises:
            InputError: a document is not encodable.
            DomainError: an op had no finite result.
        """
        return self._each(documents, mean_losses, lambda done: done.loss.data)

    def position_losses(self, documents: Sequence[str]) -> list[list[float]]:
        """The loss at each position, -log p of what comes there, of documents as in `losses`.

        Units: nats. Shape: `[document][position]`.
        """
        return self._each(
            documents, position_losses, lambda done: [loss.data for loss in done.losses]
        )

    def _each(
        self,
        documents: Sequence[str],
        computed: Callable[..., list[Number]],
        taken_of: Callable[[ForwardPass], Number],
    ) -> list[Number]:
        """Of each document what compiled code gives, and on `Value`s where that gives none."""
        encoded = self._read_of(documents)
        found: list[Number] = []
        while len(found) < len(encoded):
            left = encoded[len(found) :]
            found += computed(self.config, self.tokenizer, self.data, left)
            if len(found) < len(encoded):
                found.append(taken_of(self._on_values(encoded[len(found)])))
        return found

    def log_probability(self, document: str) -> float:
        """Log of the probability that the model draws this document, at a temperature of 1.

        Minus the losses of its positions, added up from 0 in their order. One that fills the block
        has no end that had to be drawn. Units: nats.

        Raises:
            InputError: the document is not encodable.
            DomainError: an op had no finite result.
        """
        total = 0.0
        for loss in self.position_losses([document])[0]:
            total += loss  # `sum` of floats compensates from Python 3.12 on
        return -total

    def _read_of(self, documents: Sequence[str]) -> list[tuple[int, ...]]:
        """The tokens of each that the model reads, and the last one's target."""
        size = self.config.block_size + 1
        return [self.tokenizer.encode(document)[:size] for document in documents]

    def _on_values(self, tokens: Sequence[int]) -> ForwardPass:
        from microgpt.model.transformer import forward  # noqa: PLC0415  # Values

        with paused_collector():
            return forward(tokens, self.parameters(), self.config, self.tokenizer)

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
