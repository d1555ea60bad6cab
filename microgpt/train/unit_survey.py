"""How often each unit of the relus gives more than 0, measured on documents by forward passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from microgpt.errors import DomainError
from microgpt.train.model_snapshot import ModelSnapshot

if TYPE_CHECKING:
    from microgpt.graph.arrays import Ints

MOST_DOCUMENTS = 64
"""How many of the documents given are looked at: the first ones."""


@dataclass(frozen=True, eq=False)
class UnitSurvey:
    """The relu units of a model, layer by layer."""

    fired: tuple[Ints, ...]  # at how many positions each unit gave more than 0. Shape: `[unit]`.
    n_positions: int
    n_documents: int

    def dead(self, layer: int) -> tuple[int, ...]:
        """The units of a layer that were off at every position looked at, ascending."""
        return tuple((self.fired[layer] == 0).nonzero()[0].tolist())


def survey_units(model: ModelSnapshot, documents: Sequence[str]) -> UnitSurvey:
    """Runs the model forward over documents and counts.

    Raises:
        InputError: a document is not encodable.
        DomainError: a number is not finite.
    """
    from microgpt.train.engines.vectors.units import fired_units  # noqa: PLC0415  # numpy

    size = model.config.block_size + 1
    tokens = [model.tokenizer.encode(each)[:size] for each in documents[:MOST_DOCUMENTS]]
    fired = fired_units(model.config, model.tokenizer, model.data, tokens)
    if fired is None:
        raise DomainError("a number of these documents is not finite")
    return UnitSurvey(fired, sum(len(each) - 1 for each in tokens), len(tokens))
