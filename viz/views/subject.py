"""`ViewSubject`: a document computed by a model at one moment, which views are computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from microgpt import InputError, ModelSnapshot, TrainingConfig, TrainingState
from microgpt.graph.graph import Graph
from microgpt.train.graph_cost import n_nodes

MOST_TRACED = 64
"""Positions of a text that is computed again scalar by scalar to find what is not finite."""

if TYPE_CHECKING:
    from microgpt.train.engines.vectors.document_pass import AdamStep, DocumentPass

MOST_NODES = 3_000_000
"""A larger graph is not made for a picture."""


@dataclass(frozen=True)
class ViewSubject:
    """A document and its model, or any graph; what is not known is None."""

    document: str = ""
    model: ModelSnapshot | None = None
    state: TrainingState | None = None  # before the step's update
    config: TrainingConfig | None = None  # of that update
    step: int | None = None  # how far the model was trained
    moment: str = ""  # the same in words
    given: Graph | None = None  # a graph that is not computed from the model
    labels: Sequence[str] = ()  # of its columns' tokens, the last one only a target, if known

    @cached_property
    def graph(self) -> Graph:
        """The whole computation.

        Raises:
            InputError: there is none, or it would be too large.
        """
        if self.given is not None:
            return self.given
        if self.model is None:
            raise InputError("there is no computation to look at")
        _check_size(self.model, self.document)
        return self.model.graph(self.document)

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """Labels of the tokens, the last one only a target; none if they are not known."""
        if self.model is None:
            return tuple(self.labels)
        tokenizer = self.model.tokenizer
        tokens = tokenizer.encode(self.document)[: self.model.config.block_size + 1]
        return tuple(tokenizer.label(token) for token in tokens)

    @cached_property
    def passed(self) -> DocumentPass:
        """Attention and the parameters' gradients, of a text of any length.

        Raises:
            InputError: there is no model, or a number is not finite.
            DomainError: likewise; of short texts it says which.
        """
        from microgpt.train.engines.vectors.document_pass import (  # noqa: PLC0415  # of some views
            document_pass,
        )

        model = self.needed_model("this view")
        tokens = model.tokenizer.encode(self.document)[: model.config.block_size + 1]
        found = document_pass(model.config, model.tokenizer, model.data, tokens)
        if found is None:
            if len(tokens) <= MOST_TRACED:
                model.trace(self.document)  # whose error names the op and its place
            raise InputError(
                f"“{self.document[:40]}”: a number of this text is not finite; `microgpt debug` "
                "says where it came from"
            )
        return found

    @cached_property
    def stepped(self) -> AdamStep:
        """Adam's update by the gradients of this document.

        Raises:
            InputError: it is not known where the training stands, or there is no such update.
        """
        from microgpt.train.engines.vectors.document_pass import (  # noqa: PLC0415  # of some views
            adam_step,
        )

        if self.state is None or self.config is None:
            raise InputError("an update needs a training step: parameters, moments and their rates")
        found = adam_step(self.state, self.config, self.passed.grads)
        if found is None:
            raise InputError("a gradient has no finite square, so there is no update")
        return found

    def needed_model(self, what: str) -> ModelSnapshot:
        """The model. Raises `InputError` if there is none; `what` needs it."""
        if self.model is None:
            raise InputError(f"{what} needs a model and a document, and this is another program")
        return self.model


def _check_size(model: ModelSnapshot, document: str) -> None:
    """Raises `InputError` if a document's graph would have too many nodes."""
    n = min(model.config.block_size, len(document) + 1)

    def nodes(p: int) -> int:
        return n_nodes(model.config, model.tokenizer.vocab_size, [0] * (p + 1))

    if nodes(n) > MOST_NODES:
        most = next((p for p in range(n, 0, -1) if nodes(p) <= MOST_NODES), 0)
        fits = f"so {most - 1} characters" if most > 1 else "too few for a text of this model"
        raise InputError(
            f"a document of {len(document)} characters is a graph of {nodes(n):,} nodes; this view "
            f"takes graphs of {MOST_NODES:,}, {fits}"
        )
