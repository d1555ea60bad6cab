"""Kinds about what Adam makes of its moments.

What moved is held against what each form of Adam would give, right and wrong ones; a form is taken
only if it fits every parameter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from microgpt.diagnosis.evidence import Evidence, Interval
from microgpt.diagnosis.finding import Certainty, Finding
from microgpt.diagnosis.kinds.kind import FaultKind, said
from microgpt.diagnosis.kinds.telling import called, update_line
from microgpt.diagnosis.update_lines import keeps_moments, plain_numbers
from microgpt.graph.arrays import Floats
from microgpt.graph.debuggee import LeafUpdate

NEAR = 1e-4
"""A form with a small plain number in it, such as Adam's epsilon, fits within this."""
LEAST = 6
"""So many parameters at least are to fit a form of Adam."""


# -- Adam ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _History:
    """Gradients and moves of the parameters that all of the first updates write to."""

    gradients: Floats  # Shape: `[update, parameter]`
    moves: Floats  # the same
    nth: Floats  # which each is in the order of the first update, from 0. Shape: `[parameter]`
    shown: tuple[Interval, int, LeafUpdate]  # one of them


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The plain numbers of an update with two moments."""

    first: float  # the first moment's decay
    second: float
    epsilon: float


@dataclass(frozen=True, slots=True)
class _Form:
    """What such an update may do."""

    words: str
    certainty: Certainty
    second_is_corrected: bool = True


RIGHT = _Form("", "note")
RAW_SECOND = _Form("the second moment is not corrected for beginning at 0", "note", False)
NO_ROOT = _Form("the second moment is divided by without its root", "certain")
RAW_NO_ROOT = _Form(NO_ROOT.words, "certain", False)
NO_SQUARE = _Form("the second moment is of the gradients' sizes, not of their squares", "certain")
PER_PARAMETER = _Form("steps are counted once a parameter, not once an update", "certain")
FIRST_NOT_KEPT = _Form("the first moment is not kept from update to update", "note")
SECOND_NOT_KEPT = _Form("the second moment is not kept from update to update", "note")
FORMS = (RIGHT, RAW_SECOND, PER_PARAMETER, NO_ROOT, RAW_NO_ROOT, NO_SQUARE, FIRST_NOT_KEPT,
         SECOND_NOT_KEPT)  # fmt: skip


def _adam_wrong(evidence: Evidence) -> Iterator[Finding]:
    """Updates that fit Adam with a mistake, and not Adam."""
    history = _history(evidence)
    if history is None:
        return
    interval, place, leaf = history.shown
    line = update_line(interval, leaf, place)
    if line is None or not keeps_moments(evidence.program, *line):
        return
    found = next(_fitting(history, plain_numbers(evidence.program, line[0])), None)
    if found is None:
        return
    form, numbers = found
    words, certainty = form.words, form.certainty
    if form in {RIGHT, RAW_SECOND}:
        words = _missing_correction(history, numbers)
    if not words:
        return
    yield Finding(
        kind="adam-wrong", certainty=certainty,
        what=f"the updates are those of Adam with {said(numbers.first)} and "
        f"{said(numbers.second)}, but {words}: {called(leaf)} moved by "
        f"{said(leaf.after - leaf.before)} where its gradient was {said(leaf.grad)}",
        mend="", place=line,
        pass_number=evidence.passes[interval.after + 1].number, spoils=history.moves.shape[1],
    )  # fmt: skip


def _history(evidence: Evidence) -> _History | None:
    intervals = evidence.intervals[:4]
    if not intervals or intervals[0].after != 0 or evidence.passes[0].number != 1:
        return None
    writes = intervals[0].updates.writes
    n = len(intervals[0].updates.leaves)
    order = dict.fromkeys(write.leaf for write in writes if not write.is_grad)
    nth = {intervals[0].who[leaf]: at for at, leaf in enumerate(order) if leaf < n}
    per_update = [dict(interval.rows()) for interval in intervals]
    known = [who for who in nth if all(who in leaves for leaves in per_update)]
    grads = np.array([[leaves[who].grad for who in known] for leaves in per_update])
    moves = np.array(
        [[leaves[who].after - leaves[who].before for who in known] for leaves in per_update]
    )
    if not known or not np.isfinite(grads).all() or not np.isfinite(moves).all():
        return None
    tells = (grads != 0).all(axis=0) & (moves != 0).all(axis=0)
    if (np.count_nonzero(tells) - 1) * len(intervals) < LEAST:  # each update has a rate of its own
        return None
    chosen = np.flatnonzero(tells)
    who = known[int(chosen[len(chosen) // 2])]
    place = intervals[0].who.index(who)
    shown = (intervals[0], place, per_update[0][who])
    places = np.array([nth[w] for w in known], np.float64)
    return _History(grads[:, tells], moves[:, tells], places[tells], shown)


def _fitting(history: _History, plain: list[float]) -> Iterator[tuple[_Form, _Numbers]]:
    """The forms that fit all updates with a program's own numbers, the right ones first."""
    decays = [number for number in plain if 0.5 <= number < 1][-8:]
    epsilons = [0.0, *(number for number in plain if 0 < number <= 1e-3)][:4]
    choices = [_Numbers(*each) for each in product(decays, decays, epsilons) if each[0] != each[1]]
    for form in FORMS:
        if form in {FIRST_NOT_KEPT, SECOND_NOT_KEPT} and len(history.moves) < 2:
            continue
        for numbers in choices:
            if _rates(history, form, numbers) is not None:
                yield form, numbers


def _rates(history: _History, form: _Form, numbers: _Numbers) -> list[float] | None:
    """How far each update goes along what a form gives; None if one goes another way.

    The first moment is not corrected: that is a factor of the rate.
    """
    first, second = numbers.first, numbers.second
    mean = spread = np.zeros(history.gradients.shape[1])
    rates = []
    for at, (grads, moves) in enumerate(zip(history.gradients, history.moves, strict=True)):
        powers = np.abs(grads) if form is NO_SQUARE else grads * grads
        mean = first * (mean if form is not FIRST_NOT_KEPT else 0) + (1 - first) * grads
        spread = second * (spread if form is not SECOND_NOT_KEPT else 0) + (1 - second) * powers
        count: float | Floats = at + 1
        if form is PER_PARAMETER:
            count = at * (float(history.nth.max()) + 1) + history.nth + 1
        used = spread / (1 - second**count) if form.second_is_corrected else spread
        is_bare = form in {NO_ROOT, RAW_NO_ROOT}
        way = mean / ((used if is_bare else np.sqrt(used)) + numbers.epsilon)
        if form is PER_PARAMETER:
            way = way / (1 - first**count)
        rate = float(moves @ way / (way @ way))
        if not rate < 0 or (np.abs(moves - rate * way) > NEAR * np.abs(moves)).any():
            return None
        rates.append(rate)
    return rates


def _missing_correction(history: _History, numbers: _Numbers) -> str:
    """Which moments are not corrected for beginning at 0, if the rate says so; `""` if it does not.

    A rate that changes from step to step hides it.
    """
    for form, first_is_corrected, words in (
        (RIGHT, True, ""),
        (RAW_SECOND, False, "neither moment is corrected for beginning at 0"),
        (RIGHT, False, "the first moment is not corrected for beginning at 0"),
        (RAW_SECOND, True, RAW_SECOND.words),
    ):
        found = _rates(history, form, numbers)
        if found is None or len(found) < 3:
            continue
        rates = np.array(found)
        if first_is_corrected:
            rates = rates * (1 - numbers.first ** np.arange(1, len(rates) + 1))
        if np.abs(rates - rates[0]).max() <= NEAR * abs(rates[0]):
            return words
    return ""


KINDS = (
    FaultKind("adam-wrong", "has Adam with a mistake",
         "count steps once an update, keep both moments, correct them, and divide by the root",
         _adam_wrong, frozenset({"update-mixed", "updated-twice"})),
)  # fmt: skip
