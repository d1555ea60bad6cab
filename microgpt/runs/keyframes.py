"""Keyframes: a run's whole state at some steps, as checked bytes, and which steps those are."""

from __future__ import annotations

import hashlib
import json
import math
import random
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from microgpt.model.training_state import TrainingState
from microgpt.train.training import RngState, Training

WORK_BETWEEN = 5_000_000
"""How far apart keyframes are. Units: parameters times positions, of which the kernel does some
500 million a second; so that a step is about 10 ms away from the keyframe before it."""

UPDATE_WORK = 5
"""Adam costs about as much as this many positions."""


@dataclass(frozen=True, slots=True)
class Keyframe:
    """All that is needed to go on from a step."""

    state: TrainingState  # parameters and moments after the step's update
    rng_state: RngState  # of the run's generator

    @property
    def step(self) -> int:
        """The step after whose update this is."""
        return self.state.step

    def encoded(self) -> EncodedKeyframe:
        """As it is stored."""
        state = self.state
        rng = json.dumps(self.rng_state).encode()
        data, m, v = _to_bytes(state.data), _to_bytes(state.m), _to_bytes(state.v)
        return EncodedKeyframe(state.step, data, m, v, rng, _checksum(state.step, data, m, v, rng))


@dataclass(frozen=True, slots=True)
class EncodedKeyframe:
    """A keyframe as columns of bytes: little-endian float64, and the generator's state as JSON."""

    step: int
    data: bytes
    m: bytes
    v: bytes
    rng: bytes
    checksum: bytes  # SHA-256 over all the others

    @property
    def size(self) -> int:
        """Units: bytes."""
        return len(self.data) + len(self.m) + len(self.v) + len(self.rng) + len(self.checksum)

    def decoded(self, num_parameters: int) -> Keyframe:
        """The keyframe. Raises `ValueError`, in a sentence's words, where it is none.

        Args:
            num_parameters: of the run's model.
        """
        if self.checksum != _checksum(self.step, self.data, self.m, self.v, self.rng):
            raise ValueError("does not have the checksum it was stored with")
        if {len(self.data), len(self.m), len(self.v)} != {8 * num_parameters}:
            raise ValueError("is of a model of another size")
        state = TrainingState(
            self.step, _from_bytes(self.data), _from_bytes(self.m), _from_bytes(self.v)
        )
        if not all(map(math.isfinite, chain(state.data, state.m, state.v))) or min(state.v) < 0:
            raise ValueError("holds numbers that training cannot come to")
        return Keyframe(state, _generator_state(self.rng))


def _generator_state(content: bytes) -> RngState:
    """The state of a generator, if it is one that a generator can have."""
    try:
        version, numbers, gauss_next = json.loads(content)
        state = (version, tuple(numbers), gauss_next)
        is_one = gauss_next is None or (isinstance(gauss_next, float) and math.isfinite(gauss_next))
        are_words = all(type(number) is int and 0 <= number < 1 << 32 for number in state[1])
        if is_one and are_words and version == random.Random.VERSION:
            random.Random().setstate(state)
            return state
    except (ValueError, TypeError, OverflowError, RecursionError):
        pass
    raise ValueError("has no state of a generator")


def keyframe_interval(training: Training) -> int:
    """How many steps to go from keyframe to keyframe."""
    block_size, documents = training.model.block_size, training.documents
    positions = sum(min(block_size, len(document) + 1) for document in documents) / len(documents)
    work = len(training.state.data) * (positions + UPDATE_WORK)
    return max(1, round(WORK_BETWEEN / work))


def superfluous(steps: Sequence[int], keep: int) -> list[int]:
    """Which keyframes to give up so that `keep` are left.

    The one that leaves the smallest gap goes first, of several the oldest: so the old ones are
    thinned evenly, and the gaps between the latest are the last to grow. The first and the last
    always stay.

    Args:
        steps: of all keyframes, rising.

    >>> superfluous([0, 10, 20, 30, 40, 50], keep=4)
    [10, 30]
    """
    left, given_up = list(steps), []
    while len(left) > max(2, keep):
        place = min(range(1, len(left) - 1), key=lambda i: left[i + 1] - left[i - 1])
        given_up.append(left.pop(place))
    return given_up


def _checksum(step: int, *columns: bytes) -> bytes:
    checksum = hashlib.sha256(str(step).encode())
    for column in columns:
        checksum.update(column)
    return checksum.digest()


def _to_bytes(numbers: array[float]) -> bytes:
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


def _from_bytes(content: bytes) -> array[float]:
    numbers = array("d", content)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
