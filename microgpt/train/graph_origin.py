"""Where the graph of a session comes from, for the questions that a graph alone cannot answer."""

from __future__ import annotations

from dataclasses import dataclass

from microgpt.model.adam import TrainingConfig
from microgpt.model.training_state import TrainingState
from microgpt.train.snapshot import ModelSnapshot

MEAN_OF = 64
"""Over how many documents, the first ones trained on, a scope's mean is taken."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A document, and the model that computed it.

    Attributes:
        model: with the parameters of the graph.
        document: the text.
        step: the training step that has these parameters before its update, counted from 1.
        documents: the first ones trained on, in order.
        state: parameters and moments before that step.
        config: how the model is trained.
    """

    model: ModelSnapshot
    document: str
    step: int
    documents: tuple[str, ...]
    state: TrainingState
    config: TrainingConfig
