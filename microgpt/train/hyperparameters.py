"""What can be chosen before a training: each hyperparameter in words, and presets of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from microgpt.model.adam import TrainingConfig
from microgpt.model.parameters import ModelConfig


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """A field of a `ModelConfig` or a `TrainingConfig`."""

    field: str
    words: str  # what it is, a phrase
    effect: str  # what more of it does, a sentence of one line

    @property
    def default(self) -> float:
        """Of its configuration."""
        number: float = getattr(_config_of(self.field)(), self.field)
        return number


MODEL = (
    Hyperparameter(
        "n_embd", "width of the residual stream",
        "Wider learns more; parameters and time grow with its square.",
    ),
    Hyperparameter(
        "n_head", "attention heads a layer",
        "More look for more things, each with less width; they divide n_embd.",
    ),
    Hyperparameter(
        "n_layer", "transformer layers",
        "Each uses what the one before found; time grows in proportion.",
    ),
    Hyperparameter(
        "block_size", "the most positions a document may take",
        "What is longer is cut off; costs time only if documents are long.",
    ),
)  # fmt: skip
TRAINING = (
    Hyperparameter(
        "num_steps", "length of the learning-rate schedule",
        "One document a step; the learning rate falls to 0 over them.",
    ),
    Hyperparameter(
        "seed", "of the one generator all draws come from",
        "Another is another order of documents, first parameters, samples.",
    ),
    Hyperparameter(
        "lr", "learning rate of the first step, falls to 0",
        "How far a step goes: too small learns slowly, too large not at all.",
    ),
    Hyperparameter(
        "beta1", "Adam's decay of the first moment",
        "Nearer to 1 a step follows more of the gradients before it: smoother.",
    ),
    Hyperparameter(
        "beta2", "Adam's decay of the second moment",
        "Nearer to 1 the size of gradients is remembered for longer.",
    ),
    Hyperparameter(
        "validation", "documents held out, whose loss is measured",
        "If their loss rises while the other falls, texts are learnt by heart.",
    ),
)  # fmt: skip
HYPERPARAMETERS = (*MODEL, *TRAINING)


@dataclass(frozen=True, slots=True)
class Preset:
    """A choice of hyperparameters; those that it does not name are the article's."""

    words: str  # what it is for
    fields: Mapping[str, float]

    def value(self, hyperparameter: Hyperparameter) -> float:
        """What it chooses."""
        return self.fields.get(hyperparameter.field, hyperparameter.default)


PRESETS: dict[str, Preset] = {
    "small": Preset(
        "a third of the numbers, to look at each", {"n_embd": 8, "n_head": 2, "lr": 0.02}
    ),
    "article": Preset("microgpt as it was published", {}),
    "larger": Preset(
        "six times the numbers, ten times the steps",
        {"n_embd": 32, "n_layer": 2, "num_steps": 10_000, "lr": 0.002},
    ),
}


def _config_of(field: str) -> type[ModelConfig | TrainingConfig]:
    is_model = any(field == row.field for row in MODEL)
    return ModelConfig if is_model else TrainingConfig
