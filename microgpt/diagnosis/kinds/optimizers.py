"""Kinds about whose gradient an update takes, and what Adam makes of its moments.

An update is a function of gradients: what moved is held against what each form of it would give,
right and wrong ones; a form is taken only if it fits every parameter.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from microgpt.diagnosis.evidence import Evidence, Interval
from microgpt.diagnosis.finding import Certainty, Finding
from microgpt.diagnosis.kinds.kind import FaultKind, said
from microgpt.diagnosis.kinds.telling import called, update_line
from microgpt.diagnosis.update_lines import keeps_moments, plain_numbers
from microgpt.graph.arrays import Floats
from microgpt.graph.debuggee import LeafUpdate

FITS = 1e-9
"""An update fits a gradient if no more than this part of it is left over."""
NEAR = 1e-4
"""And a form with a small plain number in it, such as Adam's epsilon, within this."""
LEAST = 6
"""So many parameters at least are to fit the neighbour's gradient, or a form of Adam."""
FARTHEST = 32
"""A neighbour is looked for so far away."""


def _in_order(interval: Interval) -> list[tuple[int, LeafUpdate]]:
    """The leaves that an update writes to, in the order of its first writes.

    Also those that are not in the graph, as a row of a table that was not read.
    """
    leaves = (*interval.updates.leaves, *interval.updates.others)
    order = dict.fromkeys(
        write.leaf for write in interval.updates.writes if not write.is_grad and write.leaf >= 0
    )
    return [(place, leaves[place]) for place in order]


def _used(interval: Interval, rows: list[tuple[int, LeafUpdate]]) -> list[float]:
    """The gradients that an update finds: what was written to them since the pass, if anything."""
    found = {place: leaf.grad for place, leaf in rows}
    for write in interval.updates.writes:
        if not write.is_grad and write.leaf in found:
            break  # the update begins
        if write.is_grad and write.leaf in found:
            found[write.leaf] = write.new
    return list(found.values())


def _left_over(moved: Floats, gradients: Floats, numbers: Floats) -> float:
    """What part of moves is no multiple of gradients and of the numbers themselves."""
    columns = np.stack([gradients, numbers], axis=1)
    found, *_ = np.linalg.lstsq(columns, moved, rcond=None)
    size = float(np.linalg.norm(moved))
    return float(np.linalg.norm(moved - columns @ found)) / size if size else math.inf


def _by_sign(moved: Floats, gradients: Floats) -> bool:
    """Whether every number moves against its gradient, as Adam's first step does."""
    return bool((np.sign(moved) == -np.sign(gradients)).all())


def _is_even(moved: Floats) -> bool:
    """Whether all that move do so about as far, as in Adam's first step."""
    sizes = np.abs(moved[moved != 0])
    return bool(len(sizes) >= LEAST and sizes.max() < 1.01 * sizes.min())


# -- another parameter's gradient ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Other:
    """Whose gradients may have been taken."""

    words: str
    gradients: Floats
    counts: NDArray[np.bool_]  # the parameters that have such a one; a list begins and ends


def _update_mixed(evidence: Evidence) -> Iterator[Finding]:
    """The first update fits the neighbours' gradients, and not its own."""
    for interval in evidence.intervals[:1]:
        rows = _in_order(interval)
        moved = np.array([leaf.after - leaf.before for _, leaf in rows])
        gradients = np.array(_used(interval, rows))
        numbers = np.array([leaf.before for _, leaf in rows])
        is_enough = len(rows) >= LEAST or (len(rows) >= 3 and len(np.unique(gradients)) >= 3)
        if not is_enough or not np.isfinite([*moved, *gradients]).all() or not moved.any():
            return
        mixed = _one_of_few(moved, gradients)
        if mixed is not None:
            at, other_at = mixed
            place, leaf = rows[at]
            yield Finding(
                kind="update-mixed", certainty="certain",
                what=f"{called(leaf)} moved by {said(moved[at])}, which does not fit its gradient "
                f"{said(gradients[at])}, but that of {called(rows[other_at][1])}, "
                f"{said(gradients[other_at])}; the others moved by their own",
                mend="", place=update_line(interval, leaf, place),
                pass_number=evidence.passes[interval.after + 1].number, spoils=1,
            )  # fmt: skip
            return
        if _left_over(moved, gradients, numbers) < 1e-3 or _by_sign(moved, gradients):
            return
        in_graph = np.array([place < len(interval.updates.leaves) for place, _ in rows])
        for other in _others(gradients, [leaf.name for _, leaf in rows]):
            at = other.counts & in_graph
            if np.count_nonzero(at) < np.count_nonzero(in_graph) / 2:
                continue
            if not _is_taken(moved[at], other.gradients[at], numbers[at]):
                continue
            middle = int(np.flatnonzero(at)[np.count_nonzero(at) // 2])
            place, leaf = rows[middle]
            line = update_line(interval, leaf, place)
            yield Finding(
                kind="update-mixed", certainty="certain",
                what=f"{called(leaf)} moved by {said(moved[middle])}, which does not fit its "
                f"gradient {said(leaf.grad)}, but that of {other.words}, "
                f"{said(other.gradients[middle])}; so do all {np.count_nonzero(at)}",
                mend="", place=line,
                pass_number=evidence.passes[interval.after + 1].number, spoils=len(rows),
            )  # fmt: skip
            return


def _one_of_few(moved: Floats, gradients: Floats) -> tuple[int, int] | None:
    """The one parameter that moves by another's gradient, and whose, while all others by theirs.

    All by one multiple, which at least two must have in common.
    """
    if not gradients.all():
        return None
    rates = moved / gradients
    for rate in rates[:2]:
        odd = np.flatnonzero(np.abs(rates - rate) > FITS * abs(rate))
        if len(odd) == 1 and len(moved) - 1 >= 2:
            (at,) = odd
            fits = np.flatnonzero(np.abs(moved[at] - rate * gradients) <= FITS * abs(moved[at]))
            if moved[at] and len(fits) == 1:
                return int(at), int(fits[0])
    return None


def _is_taken(moved: Floats, gradients: Floats, numbers: Floats) -> bool:
    """Whether moves fit these gradients: multiples of them, or all as far and against them."""
    n_different = len(np.unique(gradients))
    if len(moved) >= LEAST and _is_even(moved) and _by_sign(moved, gradients):
        return True
    is_enough = len(moved) >= LEAST or n_different >= 3
    return is_enough and n_different > 1 and _left_over(moved, gradients, numbers) < FITS


def _others(gradients: Floats, names: list[str]) -> Iterator[_Other]:
    n = len(gradients)
    everywhere = np.ones(n, np.bool_)
    for by in range(1, min(n, FARTHEST + 1)):
        for sign, words in ((1, "before"), (-1, "after")):
            counts = everywhere.copy()
            counts[slice(0, by) if sign > 0 else slice(n - by, n)] = False
            told = "the one" if by == 1 else f"the parameter {by}"
            if np.count_nonzero(counts) >= min(LEAST, n - 1):
                yield _Other(f"{told} {words} it", np.roll(gradients, sign * by), counts)
    rows: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        rows.setdefault(name.rpartition("[")[0], []).append(place)
    for sign, words in ((1, "before"), (-1, "after")):
        rolled = gradients.copy()
        for places in rows.values():
            rolled[places] = np.roll(gradients[places], sign)
        yield _Other(f"the one {words} it in its row", rolled, everywhere)
    yield _Other("the one as far from the end", gradients[::-1], everywhere)
    for at, words in ((0, "the first"), (-1, "the last")):
        yield _Other(words, np.full(n, gradients[at]), everywhere)


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
    FaultKind("update-mixed", "uses another parameter's gradient or moment",
         "take each parameter's own", _update_mixed, frozenset({"rebound", "updated-twice"})),
    FaultKind("adam-wrong", "has Adam with a mistake",
         "count steps once an update, keep both moments, correct them, and divide by the root",
         _adam_wrong, frozenset({"update-mixed", "updated-twice"})),
)  # fmt: skip
