"""Keyframes: the same state out of the bytes, and which are kept."""

from __future__ import annotations

import random
from array import array
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import Training, TrainingState, load_corpus
from microgpt.runs.keyframes import Keyframe, keyframe_interval, superfluous

EVERY_FLOAT = st.floats(allow_nan=False, width=64)


@given(st.lists(st.tuples(EVERY_FLOAT, EVERY_FLOAT, EVERY_FLOAT), min_size=1), st.integers(0))
def test_what_is_decoded_is_what_was_encoded(
    numbers: list[tuple[float, float, float]], seed: int
) -> None:
    rng = random.Random(seed)
    rng.gauss(0, 1)  # leaves a number behind, which is part of the state
    state = TrainingState(7, *(array("d", column) for column in zip(*numbers, strict=True)))
    decoded = Keyframe(state, rng.getstate()).encoded().decoded()
    assert decoded is not None
    assert decoded.state.data.tobytes() == state.data.tobytes()
    assert decoded.state.m.tobytes() == state.m.tobytes()
    assert decoded.state.v.tobytes() == state.v.tobytes()
    assert decoded.step == 7
    assert decoded.rng_state == rng.getstate()


def test_every_column_is_checked() -> None:
    state = TrainingState.untrained([1.0, 2.0])
    encoded = Keyframe(state, random.Random(1).getstate()).encoded()
    assert encoded.decoded() is not None
    for column in ("data", "m", "v", "rng", "checksum"):
        content = bytearray(getattr(encoded, column))
        content[0] ^= 1
        assert replace(encoded, **{column: bytes(content)}).decoded() is None, column
    assert replace(encoded, step=1).decoded() is None


def test_numbers_are_stored_as_little_endian_doubles() -> None:
    encoded = Keyframe(TrainingState.untrained([1.0, -2.0]), random.Random(1).getstate()).encoded()
    assert encoded.data.hex() == "000000000000f03f" + "00000000000000c0"
    assert encoded.size == 3 * 16 + len(encoded.rng) + 32


def test_the_default_run_has_a_keyframe_about_every_hundred_steps() -> None:
    assert 50 <= keyframe_interval(Training(load_corpus("names"))) <= 200


@given(st.integers(2, 40), st.integers(1, 300))
def test_thinning_leaves_the_ends_and_the_latest_closest(keep: int, count: int) -> None:
    """As a long run does it: one more at a time."""
    steps: list[int] = []
    for step in range(0, 10 * count, 10):
        steps.append(step)
        given_up = superfluous(steps, keep)
        steps = [s for s in steps if s not in given_up]
    assert len(steps) == min(keep, count)
    assert (steps[0], steps[-1]) == (0, 10 * (count - 1))
    gaps = [b - a for a, b in pairwise(steps)]
    if keep >= 4 and gaps:
        assert max(gaps) <= 6 * 10 * max(1, count / keep)


@pytest.mark.parametrize("keep", [0, 1, 2])
def test_first_and_last_always_stay(keep: int) -> None:
    assert superfluous([0, 5, 9], keep) == [5]
