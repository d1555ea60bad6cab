"""Validation: documents held out of training, and their loss while the others are trained on.

Which ones is drawn by a generator of its own, so that it is the same whatever the run's seed is:
runs can be compared, and a branch with another order of documents trains on none of them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from microgpt.errors import DomainError, InputError
from microgpt.model.adam import TrainingConfig
from microgpt.model.parameters import ModelConfig
from microgpt.text.tokenizer import Tokenizer
from microgpt.train.model_snapshot import ModelSnapshot

CHOSEN_BY = 0
"""Seed of the generator that chooses."""
SHARE = 0.1
"""Of as many documents as are trained on, so many are measured in the course of a training."""
FREE_WORK = 100_000_000
"""And so many for nothing, since short runs of small models take no time. Units: parameters times
positions, of which the kernel does some 500 million a second."""
POINTS = 20
"""So often the loss can be measured of as many documents as are taken, where there is time for few.
It is half as often where a round interval makes it so."""
MOST_POINTS = 100
MOST_DOCUMENTS = 200
"""Of more held-out documents only so many are measured: the mean of 200 names is within 0.04."""


def held_out_count(wanted: float, num_documents: int) -> int:
    """How many documents are held out.

    Args:
        wanted: a part, more than 0 and less than 1, or a whole number of documents.

    Raises:
        InputError: none would be left to train on.

    >>> held_out_count(0.1, 8000), held_out_count(0.001, 50), held_out_count(7, 50)
    (800, 1, 7)
    """
    is_part = 0 < wanted < 1
    count = max(1, round(wanted * num_documents)) if is_part else int(wanted)
    if count >= num_documents:
        documents = "1 document" if num_documents == 1 else f"{num_documents:,} documents"
        raise InputError(
            f"validation {wanted:g}: the corpus has {documents}, so at most {num_documents - 1:,} "
            "can be held out"
        )
    return count


def held_out_places(num_documents: int, count: int) -> tuple[int, ...]:
    """Places in the corpus of the documents that are held out, in the order they were chosen.

    More of them begin with fewer of them.

    Raises:
        InputError: no document would be left to train on.

    >>> held_out_places(100, 3), held_out_places(100, 2)
    ((23, 8, 11), (23, 8))
    """
    held_out_count(count, num_documents)
    places = list(range(num_documents))
    random.Random(CHOSEN_BY).shuffle(places)
    return tuple(places[:count])


def in_training_order(
    documents: Sequence[str], count: int, rng: random.Random
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The documents to train on, shuffled, and those held out, as they were chosen.

    All are shuffled, held out or not: what `rng` gives afterwards does not depend on it.
    """
    places = list(range(len(documents)))
    rng.shuffle(places)
    held_out = held_out_places(len(documents), count) if count else ()
    left_out = frozenset(held_out)  # asked only whether it holds a place
    trained_on = tuple(documents[place] for place in places if place not in left_out)
    return trained_on, tuple(documents[place] for place in held_out)


@dataclass(frozen=True, slots=True)
class Validation:
    """What is held out, and how often how much of it is measured."""

    held_out: tuple[str, ...]
    n_measured: int  # the first so many
    interval: int  # measured after each step that this divides, and after the last
    num_steps: int  # of the schedule

    @classmethod
    def planned(
        cls,
        held_out: tuple[str, ...],
        model: ModelConfig,
        config: TrainingConfig,
        tokenizer: Tokenizer,
    ) -> Self:
        """Measures as much as takes a small share of the training; see `SHARE`."""
        positions = sum(min(model.block_size, len(text) + 1) for text in held_out)
        work = model.num_parameters(tokenizer.vocab_size) * positions / len(held_out)
        passes = SHARE * config.num_steps + FREE_WORK / work
        n_measured = min(len(held_out), MOST_DOCUMENTS, max(1, int(passes / POINTS)))
        points = min(MOST_POINTS, max(1.0, passes / n_measured))
        return cls(held_out, n_measured, _round_number(config.num_steps / points), config.num_steps)

    def is_due(self, step: int) -> bool:
        """Whether the loss is measured after a step."""
        return step > 0 and (step % self.interval == 0 or step == self.num_steps)

    def next_due(self, step: int) -> int:
        """The first step after a step at which the loss is measured."""
        return min(step - step % self.interval + self.interval, self.num_steps)

    def loss(self, model: ModelSnapshot) -> float | None:
        """The mean of the documents' mean losses, added up from 0 in their order. Units: nats.

        Returns:
            None if a number is not finite: the training itself will say what is wrong.
        """
        try:
            losses = model.losses(self.held_out[: self.n_measured])
        except DomainError:
            return None
        total = 0.0
        for each in losses:
            total += each  # `sum` of floats compensates from Python 3.12 on
        mean = total / len(losses)
        return mean if math.isfinite(mean) else None

    def in_words(self) -> str:
        """What is held out and measured, for whoever trains."""
        some = "" if self.n_measured == len(self.held_out) else f" of {self.n_measured} of them"
        often = f"every {self.interval} steps" if self.interval > 1 else "every step"
        noun = "document" if len(self.held_out) == 1 else "documents"
        return f"{len(self.held_out):,} {noun}, their loss{some} measured {often}"


def _round_number(least: float) -> int:
    """The first of 1, 2, 5, 10, 20, 50, … that is no less.

    >>> [_round_number(least) for least in (0.3, 1, 3, 37, 51)]
    [1, 1, 5, 50, 100]
    """
    power = 1
    while True:
        for digit in (1, 2, 5):
            if digit * power >= least:
                return digit * power
        power *= 10
