"""What a graph was computed from, for the questions that a graph alone cannot answer."""

from __future__ import annotations

from dataclasses import dataclass

from microgpt.model.adam import TrainingConfig
from microgpt.model.training_state import TrainingState
from microgpt.train.model_snapshot import ModelSnapshot

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
