"""Kinds about what an update makes of gradients: whose it takes, and how far it goes."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from microgpt.diagnosis.evidence import Evidence, Interval
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds.kind import FaultKind, said
from microgpt.diagnosis.kinds.telling import update_line
from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.diagnosis.true_math import Meaning, computed, meaning_of
from microgpt.graph.arrays import Floats
from microgpt.graph.debuggee import LeafUpdate

FITS = 1e-9
"""An update fits a gradient if no more than this part of it is left over."""
LEAST = 6
"""So many parameters at least are to fit the neighbour's gradient."""


def _in_order(interval: Interval) -> list[tuple[int, LeafUpdate]]:
    """The leaves that an update writes to, in the order of its first writes."""
    leaves = interval.updates.leaves
    order = dict.fromkeys(
        write.leaf for write in interval.updates.writes
        if not write.is_grad and 0 <= write.leaf < len(leaves)
    )  # fmt: skip
    return [(place, leaves[place]) for place in order]


def _left_over(moved: Floats, gradients: Floats, numbers: Floats) -> float:
    """What part of moves is no multiple of gradients and of the numbers themselves."""
    columns = np.stack([gradients, numbers], axis=1)
    found, *_ = np.linalg.lstsq(columns, moved, rcond=None)
    size = float(np.linalg.norm(moved))
    return float(np.linalg.norm(moved - columns @ found)) / size if size else math.inf


def _by_sign(moved: Floats, gradients: Floats) -> bool:
    """Whether every number moves against its gradient, as Adam's first step does."""
    return bool((np.sign(moved) == -np.sign(gradients)).all())


def _update_mixed(evidence: Evidence) -> Iterator[Finding]:
    """The first update fits the neighbours' gradients, and not its own."""
    for interval in evidence.intervals[:1]:
        rows = _in_order(interval)
        moved = np.array([leaf.after - leaf.before for _, leaf in rows])
        gradients = np.array([leaf.grad for _, leaf in rows])
        numbers = np.array([leaf.before for _, leaf in rows])
        is_enough = len(rows) >= LEAST or (len(rows) >= 3 and len(np.unique(gradients)) >= 3)
        if not is_enough or not np.isfinite([*moved, *gradients]).all() or not moved.any():
            return
        if _left_over(moved, gradients, numbers) < 1e-3 or _by_sign(moved, gradients):
            return
        for words, other in _others(gradients):
            fits = _left_over(moved, other, numbers) < FITS
            if not fits and len(rows) >= LEAST:
                fits = _by_sign(moved, other) and _is_even(moved)
            if not fits:
                continue
            place, leaf = rows[len(rows) // 2]
            line = update_line(interval, leaf, place)
            yield Finding(
                kind="update-mixed", certainty="certain",
                what=f"{leaf.name or 'a parameter'} moved by {said(moved[len(rows) // 2])}, which "
                f"does not fit its gradient {said(leaf.grad)}, but that of {words}; so do all "
                f"{len(rows)}",
                mend="", file=line[0] if line else None, line=line[1] if line else None,
                pass_number=evidence.passes[interval.after + 1].number, spoils=len(rows),
            )  # fmt: skip
            return


def _is_even(moved: Floats) -> bool:
    """Whether all move about as far, as in Adam's first step."""
    sizes = np.abs(moved)
    return bool(sizes.min() > 0 and sizes.max() < 1.01 * sizes.min())


def _others(gradients: Floats) -> Iterator[tuple[str, Floats]]:
    """Whose gradients may have been taken, in words."""
    n = len(gradients)
    for by in range(1, min(n, 33)):
        yield (
            f"the parameter {by} before it" if by > 1 else "the one before it",
            np.roll(gradients, by),
        )
        yield (
            f"the parameter {by} after it" if by > 1 else "the one after it",
            np.roll(gradients, -by),
        )
    yield "the one as far from the end", gradients[::-1]
    for at, words in ((0, "the first"), (-1, "the last")):
        yield words, np.full(n, gradients[at])


# -- how far ---------------------------------------------------------------------------------------


def recomputed(seen: PassEvidence, numbers: dict[int, float]) -> float:
    """The root of a pass's graph for other numbers of some leaves, nan where it is not known."""
    graph = seen.graph
    data = graph.data.tolist()
    for leaf, number in numbers.items():
        data[leaf] = number
    starts, operands = graph.operand_start.tolist(), graph.operands.tolist()
    known: dict[tuple[int, int], Meaning | None] = {}
    codes, names = graph.op_codes.tolist(), graph.op_names
    for node in graph.forward_order.tolist():
        own = [data[o] for o in operands[starts[node] : starts[node + 1]]]
        name, arity = names[codes[node]], len(own)
        if name == "pow" and arity == 1:
            exponent = float(graph.immediate[node])
            try:
                data[node] = math.pow(own[0], exponent)
            except (ValueError, OverflowError):
                return math.nan
            continue
        key = (codes[node], arity)
        if key not in known:
            known[key] = meaning_of(name, arity)
        meaning = known[key]
        if meaning is None:
            return math.nan
        data[node] = computed(meaning, own)
    return float(data[graph.root])


def _rate_too_large(evidence: Evidence) -> Iterator[Finding]:
    """Each update makes the loss of its own data larger, and a tenth of it would not."""
    worse = tried = 0
    told: tuple[Interval, float, float] | None = None
    for interval in evidence.intervals[:4]:
        seen = evidence.passes[interval.after]
        leaves = np.flatnonzero(np.diff(seen.graph.operand_start) == 0).tolist()
        rows = list(zip(leaves, interval.updates.leaves, strict=True))
        moved = [(node, leaf) for node, leaf in rows if leaf.before != leaf.after]
        if not moved:
            continue
        whole = recomputed(seen, {node: leaf.after for node, leaf in moved})
        tenth = recomputed(
            seen, {node: leaf.before + (leaf.after - leaf.before) / 10 for node, leaf in moved}
        )
        here = float(seen.graph.data[seen.graph.root])
        again = recomputed(seen, {})
        if not abs(again - here) <= 1e-9 * max(abs(here), 1.0) or math.isnan(tenth):
            return  # it cannot be computed again
        tried += 1
        if (whole > here or math.isnan(whole)) and tenth < here:
            worse += 1
            told = told or (interval, here, whole)
    if told is None or tried < 2 or worse <= tried / 2:
        return
    interval, here, whole = told
    place = next(p for p, leaf in enumerate(interval.updates.leaves) if leaf.before != leaf.after)
    leaf = interval.updates.leaves[place]
    line = update_line(interval, leaf, place)
    yield Finding(
        kind="rate-too-large", certainty="certain",
        what=f"the update makes the loss of the same data larger, from {said(here)} to "
        f"{said(whole)}, and a tenth of it would make it smaller; so do {worse} of {tried} updates",
        mend="", file=line[0] if line else None, line=line[1] if line else None,
        pass_number=evidence.passes[interval.after + 1].number, was=whole, should=here,
    )  # fmt: skip


KINDS = (
    FaultKind("update-mixed", "uses another parameter's gradient or moment",
         "take each parameter's own", _update_mixed, frozenset({"rebound", "updated-twice"})),
    FaultKind("rate-too-large", "takes steps that are too large",
         "take a smaller learning rate", _rate_too_large,
         frozenset({"ascent", "stale-grads", "wrong-local", "overwritten", "upstream-dropped",
                    "update-mixed", "wrong-forward", "visited-early", "visited-twice",
                    "never-visited", "operand-skipped", "backward-twice", "updated-twice"})),
)  # fmt: skip
