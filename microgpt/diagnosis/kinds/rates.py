"""Kinds about how far an update goes: too far, or hardly at all."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from microgpt.diagnosis.evidence import Evidence, Interval
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds.kind import FaultKind, said
from microgpt.diagnosis.kinds.telling import finding_between, moves_of, update_line

SMALL_UPDATE = 1e-6
"""Updates below this part of the parameters' size are too small."""
MUCH = 10.0
"""So many times the loss, and the first one, tell of one update alone."""
NOTHING = 1e-3 * SMALL_UPDATE
"""And such ones in a warm-up, too."""


def _rate_too_large(evidence: Evidence) -> Iterator[Finding]:
    """Each update makes the loss of its own data larger, and a tenth of it would not."""
    worse = tried = 0
    told: tuple[Interval, float, float] | None = None
    jump: tuple[Interval, float, float] | None = None
    for interval in evidence.intervals[:4]:
        found = evidence.losses_around(interval)
        if found is None:
            continue
        here, whole, tenth = found
        tried += 1
        if (whole > here or math.isnan(whole)) and tenth < here:
            worse += 1
            told = told or (interval, here, whole)
            if not whole < MUCH * max(abs(here), abs(evidence.passes[0].loss)):
                jump = jump or (interval, here, whole)
    always = tried > 1 and worse > tried / 2
    if told is None or not (always or jump):
        return
    interval, here, whole = told if always or jump is None else jump
    place = next(p for p, leaf in enumerate(interval.updates.leaves) if leaf.before != leaf.after)
    leaf = interval.updates.leaves[place]
    line = update_line(interval, leaf, place)
    yield Finding(
        kind="rate-too-large", certainty="certain" if always else "likely",
        what=f"the update makes the loss of the same data larger, from {said(here)} to "
        f"{said(whole)}, and a tenth of it would make it smaller; so do {worse} of {tried} updates",
        mend="", place=line,
        pass_number=evidence.passes[interval.after + 1].number, was=whole, should=here,
        unless="" if always else "it is one step that is meant to go far",
    )  # fmt: skip


def _grow(sizes: list[float]) -> bool:
    """Whether updates grow as in a warm-up, and not as momentum does, which comes to an end."""
    if max(sizes) < NOTHING or len(sizes) < 3:
        return max(sizes) >= NOTHING and sizes[-1] > 2 * sizes[0]
    return sizes[-1] - sizes[-2] > 0.9 * (sizes[1] - sizes[0]) > 0.5 * sizes[0]


def _rate_too_small(evidence: Evidence) -> Iterator[Finding]:
    sizes: list[float] = []
    for interval in evidence.intervals:
        moves = moves_of(interval)
        before = np.array([m.leaf.before for m in moves])
        by = np.array([m.by for m in moves])
        if len(moves):
            size = float(np.linalg.norm(before))
            sizes.append(float(np.linalg.norm(by)) / max(size, 1e-300))
    if len(sizes) < 2 or max(sizes) >= SMALL_UPDATE or _grow(sizes):
        return
    interval = evidence.intervals[0]
    move = moves_of(interval)[0]
    line = update_line(interval, move.leaf, move.place)
    yield finding_between(
        evidence, interval, "rate-too-small", "certain",
        f"updates move the parameters by {said(max(sizes))} of their size at most, in "
        f"{len(sizes)} updates, and do not grow", line, was=max(sizes), should=SMALL_UPDATE,
    )  # fmt: skip


KINDS = (
    FaultKind("rate-too-large", "takes steps that are too large",
         "take a smaller learning rate", _rate_too_large,
         frozenset({"ascent", "stale-grads", "wrong-local", "overwritten", "upstream-dropped",
                    "update-mixed", "wrong-forward", "visited-early", "visited-twice",
                    "never-visited", "operand-skipped", "backward-twice", "updated-twice", "error",
                    "not-finite"})),
    FaultKind("rate-too-small", "moves hardly at all",
         "take a larger learning rate", _rate_too_small, frozenset({"not-finite", "vanishing"})),
)  # fmt: skip
