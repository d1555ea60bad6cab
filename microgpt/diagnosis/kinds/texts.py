"""Kinds about a model of text: what a position may read, and what it is scored on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds.kind import FaultKind, said
from microgpt.diagnosis.kinds.probabilities import goes_over_another_axis
from microgpt.diagnosis.kinds.text_lines import leak_line, target_line
from microgpt.diagnosis.structure.text_model import (
    ENOUGH_BITS,
    Order,
    Readings,
    TextModel,
    bits_of,
    orders_of,
)

MOST_PASSES = 4
"""So many passes are looked at."""
RIGHT_SHARE = 0.75
"""So many targets at least are the token that is read next, where a text is scored on that."""
FLAT = 1e-9
"""A derivative is 0 within this part of the sizes of its shares."""


@dataclass(slots=True)
class _Told:
    """What one way to read a text tells, over the passes."""

    orders: list[tuple[int, Order]] = field(default_factory=list)  # with the place of the pass
    texts: set[tuple[tuple[str, ...], ...]] = field(default_factory=set)
    right: int = 0
    same: int = 0
    following: int = 0
    scored: int = 0
    bits: float = 0.0
    bits_same: float = 0.0

    def take(self, place: int, order: Order) -> None:
        self.orders.append((place, order))
        text = (order.readings.keys, order.told)
        if text in self.texts:
            return
        self.texts.add(text)
        self.right += order.n_right
        self.same += order.n_same
        self.following += order.n_following
        self.scored += len(order.own)
        wrong = order.n_following - order.n_right
        each = bits_of(list(order.told)) / max(len(order.told), 1)
        self.bits += each * max(order.n_right - wrong, 0)
        self.bits_same += each * order.n_same

    @property
    def is_next(self) -> bool:
        """Whether the targets are the tokens that are read next."""
        return self.bits >= ENOUGH_BITS and self.right >= RIGHT_SHARE * self.following

    @property
    def is_own(self) -> bool:
        """Whether each target is the token that was read itself."""
        return self.bits_same >= ENOUGH_BITS and self.same == self.scored


def _told(evidence: Evidence) -> list[_Told]:
    """All ways to read the texts of a program that fit each pass looked at."""
    found: dict[tuple[str, int, bool, int, int], _Told] = defaultdict(_Told)
    n = min(len(evidence.passes), MOST_PASSES)
    for place in range(n):
        ways: dict[tuple[str, int, bool, int], int] = defaultdict(int)
        for order in orders_of(evidence.text_model(place)):
            readings = order.readings
            way = (readings.table, readings.line, readings.by_row, len(order.following))
            way = (*way[:3], int(order.in_texts))
            found[(*way, ways[way])].take(place, order)
            ways[way] += 1
    return [told for told in found.values() if told.orders]


def _next_orders(evidence: Evidence) -> list[_Told]:
    """The ways by which a model is scored on the next token; the best first."""
    return sorted(
        (told for told in _told(evidence) if told.is_next), key=lambda told: -told.bits
    )  # fmt: skip


def _future_leak(evidence: Evidence) -> Iterator[Finding]:
    for told in _next_orders(evidence)[:2]:
        for place, order in told.orders:
            model = evidence.text_model(place)
            for readings, reached in _alike(model, order):
                found = _first_leak(model, order, readings, reached)
                if found is None:
                    continue
                if goes_over_another_axis(evidence, place):
                    return  # a softmax over those who ask lets each see the others: that is told
                output, reading, slope = found
                row = model.scored[output]
                seen = evidence.passes[place]
                own = order.own[output]
                line = leak_line(evidence, model, readings, output, own, reading)
                number = list(order.own).index(output)
                what = (
                    f"the scores at position {number} have the slope {said(slope)} by the token at "
                    f"the next position, row {row.target} of {order.readings.table}, which is what "
                    "they are to predict"
                )
                yield Finding(
                    kind="future-leak", certainty="certain", what=what, mend="",
                    place=line,
                    nodes=(row.top, readings.all[reading].users[0]), pass_number=seen.number,
                    was=slope, should=0.0,
                )  # fmt: skip
                return


def _alike(model: TextModel, order: Order) -> Iterator[tuple[Readings, list[int]]]:
    """All readings of the same tokens in the same order, those of the order first."""
    yield order.readings, list(order.reached)
    for readings in model.readings:
        if readings.keys == order.readings.keys and readings is not order.readings:
            yield readings, model.reached_by(readings)


def _first_leak(
    model: TextModel, order: Order, readings: Readings, reached: list[int]
) -> tuple[int, int, float] | None:
    """The first scored row that depends on the reading of its target, that reading, the slope."""
    for output, reading in order.following.items():
        is_target = readings.keys[reading] == model.scored[output].target
        if is_target and reached[output] >> reading & 1:
            slope = _slope(model, readings, output, reading)
            if slope:
                return output, reading, slope
    return None


def _slope(model: TextModel, readings: Readings, output: int, reading: int) -> float:
    """The largest slope of a row of scores by the numbers of a reading, 0 where ways cancel."""
    one = readings.all[reading]
    slopes, sizes = model.derivative(one.edges, model.scored[output].tops)
    return max(
        (s for s, size in zip(slopes, sizes, strict=True) if abs(s) > FLAT * size),
        key=abs, default=0.0,
    )  # fmt: skip


def _target_not_shifted(evidence: Evidence) -> Iterator[Finding]:
    ways = _told(evidence)
    if any(told.is_next for told in ways):
        return
    for told in sorted(ways, key=lambda each: -each.bits_same):
        if not told.is_own:
            continue
        place, order = told.orders[0]
        if not all(_reads_backwards(each) for _, each in told.orders):
            continue
        model, seen = evidence.text_model(place), evidence.passes[place]
        row = model.scored[0]
        line, cuts = target_line(evidence, model, row)
        if not order.in_texts and not cuts:
            continue  # without a text it may be an autoencoder
        yield Finding(
            kind="target-not-shifted", certainty="likely", mend="",
            what=f"at each of {len(order.own)} positions the target is the token that was read "
            f"there, row {row.target} of {order.readings.table} at the first: nothing is to be "
            "predicted",
            place=line,
            nodes=(row.top,), pass_number=seen.number,
            unless="it is to say again what it was given",
        )  # fmt: skip
        return


def _reads_backwards(order: Order) -> bool:
    """Whether no scored row depends on a later reading than its own, and each on its own."""
    return all(
        order.reached[output] >> place == 1 for output, place in order.own.items()
    )  # fmt: skip


KINDS = (
    FaultKind("future-leak", "lets a position read the token it has to predict",
         "let a position read up to itself, and not beyond", _future_leak,
         frozenset({"not-normalised"})),
    FaultKind("target-not-shifted", "scores the token it was given",
         "take the token at the next position as the target", _target_not_shifted,
         frozenset({"future-leak"})),
)  # fmt: skip
