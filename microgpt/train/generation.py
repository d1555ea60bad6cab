"""A document drawn from a model, and what the model computed at each of its letters.

What is drawn is what `microgpt sample` draws. The letters read none that come after them, so all
that was computed on the way stands in the graph of the whole document: every number is read there.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from microgpt.model.logit_lens import LensStage, logit_lens
from microgpt.model.places import head_nodes, logits_at
from microgpt.model.sampling import DEFAULT_TEMPERATURE, drawing_weights
from microgpt.train.model_snapshot import ModelSnapshot

if TYPE_CHECKING:
    from microgpt.graph.graph import Graph


@dataclass(frozen=True, slots=True)
class Drawing:
    """How a document is drawn."""

    prompt: str = ""  # how it begins
    temperature: float = DEFAULT_TEMPERATURE  # 0 takes the likeliest
    top_k: int = 0  # of how many likeliest tokens; 0 for all
    seed: int = 42


@dataclass(frozen=True, slots=True)
class Candidate:
    """A token that may come next."""

    token: int
    label: str
    logit: float
    probability: float  # as it is drawn, with temperature and top-k


@dataclass(frozen=True, eq=False)
class Generation:
    """A document drawn from a model."""

    model: ModelSnapshot
    drawing: Drawing
    text: str  # the prompt included
    graph: Graph  # of the text

    @cached_property
    def tokens(self) -> tuple[int, ...]:
        """BOS, the text and, unless the block is full, BOS. Shape: `[position + 1]`."""
        return self.model.tokenizer.encode(self.text)[: self.model.config.block_size + 1]

    @property
    def n_positions(self) -> int:
        """How many tokens are read, each of which one came after."""
        return len(self.tokens) - 1

    @property
    def n_given(self) -> int:
        """How many of the tokens that came are the prompt's."""
        return len(self.drawing.prompt)

    def label(self, place: int) -> str:
        """Of a token of `tokens`."""
        return self.model.tokenizer.label(self.tokens[place])

    def candidates(self, position: int) -> tuple[Candidate, ...]:
        """What may come after a position, the likeliest first."""
        logits = self._logits(position)
        drawn = self._probabilities(position)
        order = sorted(range(len(logits)), key=lambda token: -logits[token])
        label = self.model.tokenizer.label
        return tuple(Candidate(token, label(token), logits[token], drawn[token]) for token in order)

    def probability(self, position: int) -> float:
        """Of the token that came after a position, as it is drawn; of the prompt's as if drawn."""
        return self._probabilities(position)[self.tokens[position + 1]]

    @property
    def log_probability(self) -> float:
        """Of all that was drawn after the prompt. Units: nats."""
        total = 0.0
        for at in range(self.n_given, self.n_positions):
            total += math.log(self.probability(at))  # `sum` compensates from Python 3.12 on
        return total

    def attention(self, position: int) -> list[list[list[float]]]:
        """Weights with which a position reads. Shape: `[n_layer][n_head][source]`."""
        config = self.model.config
        return [
            [
                self.graph.data[head_nodes(self.graph, position, layer, head, "softmax")].tolist()
                for head in range(config.n_head)
            ]
            for layer in range(config.n_layer)
        ]

    def lens(self, position: int) -> tuple[LensStage, ...]:
        """What the position would predict after each block."""
        return logit_lens(self.graph, (position,))[0]

    def _logits(self, position: int) -> list[float]:
        logits: list[float] = self.graph.data[logits_at(self.graph, position)].tolist()
        return logits

    def _probabilities(self, position: int) -> list[float]:
        top_k = self.drawing.top_k
        weights = drawing_weights(self._logits(position), self.drawing.temperature, top_k)
        total = sum(weights) if top_k else 1.0  # without, they are the softmax as it is
        return [weight / total for weight in weights]


def generate(model: ModelSnapshot, drawing: Drawing) -> Generation:
    """Draws a document: the one that `microgpt sample` draws first with this seed.

    Raises:
        InputError: the prompt, the temperature or top-k cannot be used.
        DomainError: a number is not finite.
    """
    text = model.sample(
        random.Random(drawing.seed), drawing.temperature, drawing.prompt, drawing.top_k
    )
    return Generation(model, drawing, text, model.graph(text))
