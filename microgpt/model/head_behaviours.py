"""What attention heads do, measured on documents: a table of behaviours, and the one that fits.

A behaviour says which sources a position would read. Its weight is what a head gives these on
average, and its score how far that is from what a head that reads all sources alike would give: 0
for as much, 1 for all. So behaviours whose sources are many do not win by being many.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

WeightRows: TypeAlias = Sequence[Sequence[float]]
"""Of one head on one document. Shape: `[position][source]`."""

FIRST_COUNTED = 2
"""Positions before it are not counted: there the previous token is the first one, or itself."""
LEAST_SCORE = 0.25
"""Of a behaviour that a head is called by."""
BROAD = 0.9
"""Entropy, as a part of the largest there can be, of a head that reads nearly all sources alike."""
VOWELS = frozenset("aeiouyAEIOUY")
BROAD_LABEL, MIXED_LABEL, UNKNOWN_LABEL = "broad", "mixed", "no data"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One thing that a head may do."""

    name: str
    sources: Callable[[Sequence[str], int], list[int]]  # labels of the tokens, position -> sources


def _alike(tokens: Sequence[str], position: int) -> list[int]:
    return [at for at in range(position) if tokens[at] == tokens[position]]


def _after_alike(tokens: Sequence[str], position: int) -> list[int]:
    return [at for at in range(1, position + 1) if tokens[at - 1] == tokens[position]]


def _vowels(tokens: Sequence[str], position: int) -> list[int]:
    return [at for at in range(position + 1) if tokens[at] in VOWELS]


def _consonants(tokens: Sequence[str], position: int) -> list[int]:
    return [
        at
        for at in range(position + 1)
        if len(tokens[at]) == 1 and tokens[at].isalpha() and tokens[at] not in VOWELS
    ]


BEHAVIOURS = (
    Behaviour("previous token", lambda _, position: [position - 1]),
    Behaviour("first token", lambda _, __: [0]),
    Behaviour("itself", lambda _, position: [position]),
    Behaviour("two back", lambda _, position: [position - 2] if position > FIRST_COUNTED else []),
    Behaviour("same letter", _alike),
    Behaviour("after same letter", _after_alike),
    Behaviour("vowels", _vowels),
    Behaviour("consonants", _consonants),
)
"""Of equal scores the first counts."""


@dataclass(frozen=True, slots=True)
class BehaviourScore:
    """How much a head does one thing."""

    name: str
    weight: float  # given to the behaviour's sources, on average; nan where it was never possible
    uniform: float  # what a head that reads all alike would give them
    score: float  # 0 for as much as that, 1 for all; below 0 for less
    n_positions: int  # that it was measured on: some sources are the behaviour's, and some not


@dataclass(frozen=True, slots=True)
class HeadReport:
    """One head, over all documents."""

    layer: int
    head: int
    label: str  # a behaviour's name, `"broad"`, `"mixed"` or `"no data"`
    score: float  # of the label: the behaviour's, or the part of the largest entropy; else the best
    entropy: float  # of a position's weights, on average. Units: bits.
    entropy_share: float  # of the largest that a position's weights could have, on average
    distance: float  # how far back is read, on average. Units: positions.
    behaviours: tuple[BehaviourScore, ...]  # in the order of `BEHAVIOURS`

    def score_of(self, label: str) -> float:
        """Of a behaviour, or how broad it is; nan of what was not measured."""
        if label == BROAD_LABEL:
            return self.entropy_share
        return next((it.score for it in self.behaviours if it.name == label), math.nan)


@dataclass(frozen=True, slots=True)
class HeadSurvey:
    """All heads of a model."""

    n_documents: int
    n_positions: int  # that entropy and distance were measured on
    heads: tuple[tuple[HeadReport, ...], ...]  # Shape: `[n_layer][n_head]`


@dataclass(slots=True)
class _Sums:
    """Of one head."""

    entropy: float = 0.0
    entropy_share: float = 0.0
    distance: float = 0.0
    weights: list[float] = field(default_factory=lambda: [0.0] * len(BEHAVIOURS))


def survey(
    documents: Sequence[Sequence[str]], attention: Sequence[Sequence[Sequence[WeightRows]]]
) -> HeadSurvey:
    """Measures all heads.

    Args:
        documents: labels of the tokens that each reads. Shape: `[document][position]`.
        attention: Shape: `[document][n_layer][n_head][position][source]`.
    """
    first = attention[0] if attention else ()
    sums = [[_Sums() for _ in heads] for heads in first]
    uniform, counts, n_positions = [0.0] * len(BEHAVIOURS), [0] * len(BEHAVIOURS), 0
    for tokens, layers in zip(documents, attention, strict=True):
        for position in range(FIRST_COUNTED, len(tokens)):
            n_positions += 1
            reads = [behaviour.sources(tokens, position) for behaviour in BEHAVIOURS]
            tells = [0 < len(sources) <= position for sources in reads]  # some, and not all
            for at, sources in enumerate(reads):
                if tells[at]:
                    counts[at] += 1
                    uniform[at] += len(sources) / (position + 1)
            for heads, its_sums in zip(layers, sums, strict=True):
                for weights, of_head in zip(heads, its_sums, strict=True):
                    _add(of_head, weights[position], position, reads, tells)
    means = [total / n if n else math.nan for total, n in zip(uniform, counts, strict=True)]
    reports = tuple(
        tuple(
            _report(layer, head, of_head, means, counts, n_positions)
            for head, of_head in enumerate(its_sums)
        )
        for layer, its_sums in enumerate(sums)
    )
    return HeadSurvey(len(documents), n_positions, reports)


def _add(
    sums: _Sums,
    row: Sequence[float],
    position: int,
    reads: Sequence[Sequence[int]],
    tells: Sequence[bool],
) -> None:
    entropy = entropy_of(row)
    sums.entropy += entropy
    sums.entropy_share += entropy / math.log2(position + 1)
    sums.distance += distance_of(row, position)
    for at, sources in enumerate(reads):
        if tells[at]:
            sums.weights[at] += sum(row[source] for source in sources)


def entropy_of(row: Sequence[float]) -> float:
    """Of the weights of one position. Units: bits.

    >>> entropy_of([0.25] * 4), entropy_of([1.0, 0.0])
    (2.0, 0.0)
    """
    return -sum(weight * math.log2(weight) for weight in row if weight > 0) or 0.0


def distance_of(row: Sequence[float], position: int) -> float:
    """How far back a position reads, on average. Units: positions.

    >>> distance_of([0.0, 1.0, 0.0], 2)
    1.0
    """
    return sum(weight * (position - source) for source, weight in enumerate(row))


def _report(
    layer: int,
    head: int,
    sums: _Sums,
    uniform: Sequence[float],
    counts: Sequence[int],
    n_positions: int,
) -> HeadReport:
    scores = []
    for at, behaviour in enumerate(BEHAVIOURS):
        weight = sums.weights[at] / counts[at] if counts[at] else math.nan
        score = (weight - uniform[at]) / (1 - uniform[at])
        scores.append(BehaviourScore(behaviour.name, weight, uniform[at], score, counts[at]))
    if not n_positions:
        return HeadReport(
            layer, head, UNKNOWN_LABEL, math.nan, math.nan, math.nan, math.nan, tuple(scores)
        )
    entropy_share = sums.entropy_share / n_positions
    best = max((it for it in scores if it.n_positions), key=lambda it: it.score)
    label, score = best.name, best.score
    if best.score < LEAST_SCORE:
        is_broad = entropy_share >= BROAD
        label, score = (BROAD_LABEL, entropy_share) if is_broad else (MIXED_LABEL, best.score)
    return HeadReport(
        layer, head, label, score, sums.entropy / n_positions, entropy_share,
        sums.distance / n_positions, tuple(scores),
    )  # fmt: skip
