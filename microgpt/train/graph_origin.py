"""What a graph was computed from, for the questions that a graph alone cannot answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from microgpt.autograd.bindings import ParameterBinding
from microgpt.model.adam import Adam, TrainingConfig
from microgpt.model.training_state import TrainingState
from microgpt.train.model_snapshot import ModelSnapshot

if TYPE_CHECKING:
    from microgpt.graph.graph import Graph

OriginKey: TypeAlias = tuple[str, int, str, str]
"""Id of the run, step, document, and the document trained on where that is another."""

MEAN_OF = 64
"""Over how many documents, the first ones trained on, a scope's mean is taken."""


@dataclass(frozen=True, slots=True)
class GraphOrigin:
    """A document, and the model that computed it."""

    model: ModelSnapshot  # with the parameters of the graph
    document: str
    step: int  # the training step that has these parameters before its update, counted from 1
    documents: tuple[str, ...]  # the first ones trained on, in order
    state: TrainingState  # parameters and moments before that step
    config: TrainingConfig
    trained_on: str = ""
    """The document of the step's update, where that is another one: `document` is a text of
    someone's own, looked at with the parameters of the step."""
    run: str = ""  # id of the recorded run that the step is of, `""` where none is recorded

    @property
    def key(self) -> OriginKey:
        """What tells it from others, those of other runs too."""
        return self.run, self.step, self.document, self.trained_on

    @property
    def labels(self) -> tuple[str, ...]:
        """Of the tokens that are read, the last one only a target. Shape: `[position + 1]`."""
        tokenizer, size = self.model.tokenizer, self.model.config.block_size
        tokens = tokenizer.encode(self.document)[: size + 1]
        return tuple(tokenizer.label(token) for token in tokens)

    def showing(self, text: str) -> GraphOrigin:
        """The same step, with a text of someone's own in place of its document."""
        return replace(self, document=text, trained_on=self.trained_on or self.document)

    def updated(self, graph: Graph) -> ModelSnapshot:
        """The model after the step's update.

        Args:
            graph: of `document`, with the parameters of the step; what the update is computed from
                where that is what was trained on.

        Raises:
            DomainError: a gradient's square is too large a float.
        """
        if self.trained_on:
            graph = self.model.graph(self.trained_on)
        parameters = self.model.parameters()
        grads = {
            binding.name: float(graph.grad[node])
            for node, binding in graph.bindings.items()
            if isinstance(binding, ParameterBinding)
        }
        for leaf in parameters.flat:
            leaf.grad = grads.get(leaf.name, 0.0)
        state = self.state.copy()
        Adam(self.config, state.m, state.v).update(parameters.flat, self.step)
        return replace(self.model, data=parameters.data())
