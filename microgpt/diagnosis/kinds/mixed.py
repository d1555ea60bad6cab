"""Kinds about whose gradient an update takes: another parameter's, or another matrix's.

An update is a function of gradients: what moved is held against what each form of it would give,
right and wrong ones; a form is taken only if it fits every parameter.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from microgpt.diagnosis.evidence import Evidence, Interval
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds.kind import FaultKind, matrix_of, said
from microgpt.diagnosis.kinds.telling import called, update_line
from microgpt.graph.arrays import Floats
from microgpt.graph.debuggee import LeafUpdate

FITS = 1e-9
"""An update fits a gradient if no more than this part of it is left over."""
TELLS = 1e-6
"""Moves that are a smaller part of the numbers are mostly rounding."""
NEARLY_FITS = 1e-3
"""And is taken for its own, whatever else it may be, within this."""
EVEN = 1.01
"""Moves are as far as each other if the largest is no more than so many times the least."""
LEAST = 6
"""So many parameters at least are to fit the neighbour's gradient."""
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
    done: set[int] = set()
    for write in interval.updates.writes:
        if not write.is_grad:
            done.add(write.leaf)
        elif write.leaf in found and write.leaf not in done:
            found[write.leaf] = write.new
    return list(found.values())


@dataclass(frozen=True, eq=False)
class _Moves:
    """What an update did to all that it writes to, in the order of its first writes."""

    rows: list[tuple[int, LeafUpdate]]  # place among the leaves, and what came of that
    moved: Floats
    gradients: Floats  # that it found
    numbers: Floats  # before

    @classmethod
    def of(cls, interval: Interval) -> _Moves:
        rows = _in_order(interval)
        return cls(
            rows,
            np.array([leaf.after - leaf.before for _, leaf in rows]),
            np.array(_used(interval, rows)),
            np.array([leaf.before for _, leaf in rows]),
        )

    @property
    def are_finite(self) -> bool:
        return bool(np.isfinite(self.moved).all() and np.isfinite(self.gradients).all())


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
    return bool(len(sizes) >= LEAST and sizes.max() < EVEN * sizes.min())


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
        seen = _Moves.of(interval)
        gradients, rows = seen.gradients, seen.rows
        is_enough = len(rows) >= LEAST or (len(rows) >= 3 and len(np.unique(gradients)) >= 3)
        if not is_enough or not seen.are_finite or not seen.moved.any():
            return
        mixed = _one_of_few(seen.moved, gradients)
        if mixed is not None:
            at, other_at = mixed
            words = (
                f"but that of {called(rows[other_at][1])}, {said(gradients[other_at])}; the others "
                "moved by their own"
            )
            yield _told(evidence, interval, seen, at, words, 1)
            return
        own = _left_over(seen.moved, gradients, seen.numbers)
        if own < NEARLY_FITS or _by_sign(seen.moved, gradients):
            return
        in_graph = np.array([place < len(interval.updates.leaves) for place, _ in rows])
        for other in _others(gradients, [leaf.name for _, leaf in rows]):
            at_some = other.counts & in_graph
            n = np.count_nonzero(at_some)
            if n < np.count_nonzero(in_graph) / 2:
                continue
            if _is_taken(seen.moved[at_some], other.gradients[at_some], seen.numbers[at_some]):
                middle = int(np.flatnonzero(at_some)[n // 2])
                words = f"but that of {other.words}, {said(other.gradients[middle])}; so do all {n}"
                yield _told(evidence, interval, seen, middle, words, len(rows))
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


# -- another matrix's gradient ---------------------------------------------------------------------


def _matrix_mixed(evidence: Evidence) -> Iterator[Finding]:
    """One matrix moves by the gradients of another, while others move by their own."""
    for interval in evidence.intervals[:1]:
        seen = _Moves.of(interval)
        moved, gradients, numbers = seen.moved, seen.gradients, seen.numbers
        groups: dict[str, list[int]] = defaultdict(list)
        for at, (place, leaf) in enumerate(seen.rows):
            if place < len(interval.updates.leaves):
                groups[matrix_of(leaf.name)].append(at)
        if len(groups) < 2 or not seen.are_finite:
            return
        if np.linalg.norm(moved) < TELLS * np.linalg.norm(numbers):
            return
        fits = {name: _is_taken(moved[own], gradients[own], numbers[own])
                for name, own in groups.items() if len(np.unique(gradients[own])) > 2}  # fmt: skip
        for name, is_own in fits.items():
            own = groups[name]
            if is_own or not moved[own].any() or not any(fits.values()):
                continue
            for other, theirs in groups.items():
                if other == name or len(theirs) != len(own):
                    continue
                if not _is_taken(moved[own], gradients[theirs], numbers[own]):
                    continue
                words = (
                    f"but that of {called(seen.rows[theirs[0]][1])}, {said(gradients[theirs[0]])}; "
                    f"so do all {len(own)} of {name}"
                )
                yield _told(evidence, interval, seen, own[0], words, len(own))
                return


def _told(
    evidence: Evidence, interval: Interval, seen: _Moves, at: int, words: str, spoils: int
) -> Finding:
    place, leaf = seen.rows[at]
    return Finding(
        kind="update-mixed", certainty="certain",
        what=f"{called(leaf)} moved by {said(seen.moved[at])}, which does not fit its gradient "
        f"{said(seen.gradients[at])}, {words}",
        mend="", place=update_line(interval, leaf, place),
        pass_number=evidence.passes[interval.after + 1].number, spoils=spoils,
    )  # fmt: skip


def _mixed(evidence: Evidence) -> Iterator[Finding]:
    for look in (_update_mixed, _matrix_mixed):
        found = list(look(evidence))
        if found:
            yield from found
            return


KINDS = (
    FaultKind("update-mixed", "uses another parameter's gradient or moment",
         "take each parameter's own", _mixed, frozenset({"rebound", "updated-twice"})),
)  # fmt: skip
