"""The local gradients of single elements of an op on arrays, from answers of its backward code.

A question is an adjoint of the op's output, an answer what each operand gets for it. One question
for each element of the output says everything; but code of rows and columns answers many at a time.
So it is guessed which axes of the output belong to which axes of an operand, from what a slice of
the output gives to, and elements that share no operand are asked together. A guess counts only if
it gives, to rounding, the answer to adjoints drawn at random; else every element is asked.

Nothing of an op is known here, nor whose code answers: numpy classes and PyTorch use the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from microgpt.graph.arrays import Floats, Ints

Ask: TypeAlias = Callable[[Floats], list[Floats]]
"""Adjoints, one a row -> what each operand slot gets for each, one a row."""
SPARSE = 1 / 8
"""Where fewer local gradients of an op by an operand than this share are not 0, the zeros are left
out; and where all others are 1, as those of indexing are. A relu that is off keeps its edge."""
MAX_ASKED = 24_000_000
"""So many numbers of answers are looked at for one operand of one op."""
MAX_AT_ONCE = 4_000_000
"""So many numbers are asked for in one message."""


class TooLargeError(Exception):
    """The local gradients of an op are too many; the message says how many there may be."""


@dataclass(frozen=True)
class SlotEdges:
    """The edges from one operand slot to an op's output, element by element. Shapes: `[edge]`."""

    consumers: Ints  # places in the output, flat
    operands: Ints  # places in the operand, flat
    local_grads: Floats
    is_exact: bool  # whether the code's answers to adjoints drawn at random are these


class Questions:
    """Asks one op, and remembers the probes that all its operands share."""

    def __init__(
        self, shape: tuple[int, ...], operands: Sequence[tuple[int, ...]], ask: Ask, eps: float
    ) -> None:
        self.shape, self.operands, self.eps = shape, operands, eps
        self.size = math.prod(shape)
        self._sizes = [math.prod(each) for each in operands]
        self._ask = ask
        self._by_adjoints: dict[bytes, list[Floats]] = {}
        rng = np.random.default_rng(len(shape) + self.size)
        self.axes = [axis for axis, n in enumerate(shape) if n > 1]
        probes = [np.zeros(self.size), np.ones(self.size), np.arange(1.0, self.size + 1)]
        self.random = rng.uniform(0.5, 1.5, (2, self.size)) * rng.choice([-1, 1], (2, self.size))
        probes += list(self.random)
        self.slices: list[tuple[int, int]] = []
        for axis in self.axes:
            for index in (0, shape[axis] - 1):
                slices = np.zeros(shape)
                inside = np.moveaxis(slices, axis, 0)[index : index + 1]
                inside[...] = rng.uniform(0.5, 1.5, inside.shape)
                probes.append(slices.reshape(-1))
                self.slices.append((axis, index))
        self.probes = self._asked(np.array(probes))
        self.at_zero = [answers[0] for answers in self.probes]
        self.ones, self.numbered = ([a[i] - a[0] for a in self.probes] for i in (1, 2))
        self.at_random = [answers[3:5] - answers[0] for answers in self.probes]
        self.of_slices = [answers[5:] - answers[0] for answers in self.probes]

    def of(self, adjoints: Floats, slot: int) -> Floats:
        """What one operand gets for some adjoints, beside what it gets for none."""
        key = adjoints.tobytes() if adjoints.size < MAX_AT_ONCE else b""
        if key and key in self._by_adjoints:
            found = self._by_adjoints[key]
        else:
            found = self._asked(adjoints)
            if key:
                self._by_adjoints = {key: found}
        beside: Floats = found[slot] - self.at_zero[slot]
        return beside

    def _asked(self, adjoints: Floats) -> list[Floats]:
        width = max(1, self.size, *self._sizes)
        rows = max(1, MAX_AT_ONCE // width)
        parts = [self._ask(adjoints[at : at + rows]) for at in range(0, len(adjoints), rows)]
        return [np.concatenate(each) for each in zip(*parts, strict=True)]

    def check(self, slot: int, edges: SlotEdges) -> bool:
        """Whether edges give the code's answers to adjoints drawn at random."""
        size = self._sizes[slot]
        for adjoint, answer in zip(self.random, self.at_random[slot], strict=True):
            shares = edges.local_grads * adjoint[edges.consumers]
            with np.errstate(all="ignore"):
                found = np.bincount(edges.operands, shares, size)
                sizes = np.bincount(edges.operands, np.abs(shares), size)
                terms = np.bincount(edges.operands, minlength=size) + 8
                fits = np.abs(found - answer) <= 4 * self.eps * terms * sizes
            if not (fits | (found == answer)).all():
                return False
        return True


def slot_edges(questions: Questions, slot: int) -> SlotEdges:
    """The edges of one operand slot.

    Raises:
        TooLargeError: there are too many to be asked for.
    """
    size = math.prod(questions.operands[slot])
    ties = _ties(questions, slot)
    is_constant = not questions.at_random[slot].any()
    if is_constant and questions.at_zero[slot].any() and _is_plain(questions, slot):
        # Code that forgets the adjoint: what it gives for any is its local gradient.
        places = np.arange(size)
        return SlotEdges(places, places, questions.at_zero[slot], is_exact=False)
    if is_constant:
        return _nothing(questions, slot)
    free = _free(questions, ties)
    if not free:
        edges = _tied(questions, slot, ties, free)
        if questions.check(slot, edges):
            return edges
    one_each = _one_each(questions, slot)
    if one_each is not None and questions.check(slot, one_each):
        return one_each
    # An axis may look tied by chance, as of an index that leaves its first and last row in place.
    fewer = [{a: own for a, own in ties.items() if a != left_out} for left_out in ties]
    for guess in [ties] * bool(free) + sorted(fewer, key=lambda g: _n_asked(questions, g)):
        if guess:
            edges = _tied(questions, slot, guess, _free(questions, guess))
            if questions.check(slot, edges):
                return edges
    edges = _tied(questions, slot, {}, questions.axes)
    return SlotEdges(
        edges.consumers, edges.operands, edges.local_grads, questions.check(slot, edges)
    )


def _free(questions: Questions, ties: dict[int, int]) -> list[int]:
    return [axis for axis in questions.axes if axis not in ties]


def _n_asked(questions: Questions, ties: dict[int, int]) -> int:
    return math.prod(questions.shape[axis] for axis in _free(questions, ties))


def _ties(questions: Questions, slot: int) -> dict[int, int]:
    """Which axis of the operand belongs to which of the output: `{of output: of operand}`.

    A slice of the output gives to nothing outside that slice of the operand.
    """
    shape = questions.operands[slot]
    answers = questions.of_slices[slot].reshape(-1, *shape)
    found: dict[int, int] = {}
    for axis in questions.axes:
        n = questions.shape[axis]
        rows = [(i, index) for i, (a, index) in enumerate(questions.slices) if a == axis]
        fitting = []
        for own, size in enumerate(shape):
            if size != n or own in found.values():
                continue
            outside = 0
            for i, index in rows:
                rest = np.delete(answers[i], index, axis=own)
                outside += int(np.count_nonzero(rest))
            if not outside:
                fitting.append(own)
        if fitting:  # as they stand from the right, if there is a choice
            aligned = axis - len(questions.shape) + len(shape)
            found[axis] = aligned if aligned in fitting else fitting[-1]
    return found


def _tied(questions: Questions, slot: int, ties: dict[int, int], free: list[int]) -> SlotEdges:
    """The edges, if elements of the output that differ along tied axes share no operand."""
    shape, own = questions.shape, questions.operands[slot]
    size = math.prod(own)
    n_asked = math.prod(shape[axis] for axis in free)
    if n_asked * max(size, questions.size) > MAX_ASKED:
        raise TooLargeError(f"{n_asked * size:,}")
    strides = _strides(shape)
    free_places = _places([shape[axis] for axis in free], [strides[axis] for axis in free])
    tied_axes = [axis for axis in questions.axes if axis not in free]
    tied_places = _places([shape[a] for a in tied_axes], [strides[a] for a in tied_axes])
    adjoints = np.zeros((n_asked, questions.size))
    adjoints[np.arange(n_asked)[:, None], free_places[:, None] + tied_places[None, :]] = 1.0
    answers = questions.of(adjoints, slot)  # [asked, operand]
    base = np.zeros(own, np.int64)
    for axis, of_operand in ties.items():
        if axis in tied_axes:
            index = np.arange(own[of_operand]) * strides[axis]
            base += index.reshape([-1 if d == of_operand else 1 for d in range(len(own))])
    flat = base.reshape(-1)
    is_kept = np.ones(answers.shape, np.bool_)
    if n_asked > 1 and _is_sparse(answers):
        is_kept = answers != 0
    asked, operands = np.nonzero(is_kept)
    return SlotEdges(
        free_places[asked] + flat[operands], operands, answers[asked, operands], is_exact=True
    )


def _is_sparse(answers: Floats) -> bool:
    """Whether zeros are where an op does not look: it selects, or has few others."""
    others = answers[answers != 0]
    return len(others) < SPARSE * answers.size or bool((others == 1).all())


def _one_each(questions: Questions, slot: int) -> SlotEdges | None:
    """The edges, if each element of the operand gives to one of the output at most.

    The answer for adjoints 1, 2, 3, ... is then a local gradient times the place that it is from.
    """
    ones, numbered = questions.ones[slot], questions.numbered[slot]
    operands = np.flatnonzero(ones)
    with np.errstate(all="ignore"):
        ratio = numbered[operands] / ones[operands]
    places = np.rint(ratio)
    if not (np.abs(ratio - places) < 1e-3).all():
        return None
    if ((places < 1) | (places > questions.size)).any():
        return None
    return SlotEdges(places.astype(np.int64) - 1, operands, ones[operands], is_exact=True)


def _is_plain(questions: Questions, slot: int) -> bool:
    """Whether an operand has the output's shape, or one that is spread to it."""
    own, shape = questions.operands[slot], questions.shape
    return len(own) <= len(shape) and all(
        n in {1, m} for n, m in zip(own[::-1], shape[::-1], strict=False)
    ) and math.prod(own) == math.prod(shape)  # fmt: skip


def _nothing(questions: Questions, slot: int) -> SlotEdges:
    """Edges of an operand that gets nothing: local gradients of 0, so that it stays an operand."""
    own, shape = questions.operands[slot], questions.shape
    size = math.prod(own)
    try:
        places = np.broadcast_to(np.arange(size).reshape(own), shape).reshape(-1)
    except ValueError:
        places = np.zeros(0, np.int64)
        if size * questions.size <= MAX_AT_ONCE // 16:
            return SlotEdges(
                np.repeat(np.arange(questions.size), size),
                np.tile(np.arange(size), questions.size),
                np.zeros(size * questions.size),
                is_exact=True,
            )
    consumers = np.arange(questions.size)[: len(places)]
    return SlotEdges(consumers, places, np.zeros(len(places)), is_exact=True)


def _strides(shape: tuple[int, ...]) -> list[int]:
    return [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]


def _places(sizes: list[int], strides: list[int]) -> Ints:
    """Flat places of all indices along some axes. Shape: `[index]`."""
    places = np.zeros(1, np.int64)
    for size, stride in zip(sizes, strides, strict=True):
        places = (places[:, None] + np.arange(size) * stride).reshape(-1)
    return places


def joined(slots: Sequence[SlotEdges], size: int) -> tuple[Ints, Ints, Ints, Floats]:
    """All edges of an op, sorted by element of the output, then by slot and place in the operand.

    Returns:
        Counts by element of the output, and of each edge slot, place in the operand, and local
        gradient.
    """
    consumers = np.concatenate([each.consumers for each in slots])
    numbers = np.concatenate([np.full(len(e.operands), slot) for slot, e in enumerate(slots)])
    operands = np.concatenate([each.operands for each in slots])
    locals_ = np.concatenate([each.local_grads for each in slots])
    order = np.lexsort((operands, numbers, consumers))
    counts = np.bincount(consumers, minlength=size)
    return counts, numbers[order], operands[order], locals_[order]


def starts_of(sizes: Sequence[int]) -> Ints:
    """Where each of some rows begins, and where the last one ends."""
    return np.concatenate(([0], np.cumsum(np.asarray(sizes, np.int64))))
