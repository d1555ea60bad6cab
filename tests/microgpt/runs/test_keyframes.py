"""Keyframes: the same state out of the bytes, and which are kept."""

from __future__ import annotations

import math
import random
from array import array
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import Training, TrainingState, load_corpus
from microgpt.runs.keyframes import Keyframe, keyframe_interval, superfluous

FLOAT = st.floats(allow_nan=False, allow_infinity=False)
SQUARE = st.floats(min_value=0, allow_infinity=False)


@given(st.lists(st.tuples(FLOAT, FLOAT, SQUARE), min_size=1), st.integers(0))
def test_what_is_decoded_is_what_was_encoded(
    numbers: list[tuple[float, float, float]], seed: int
) -> None:
    rng = random.Random(seed)
    rng.gauss(0, 1)  # leaves a number behind, which is part of the state
    state = TrainingState(7, *(array("d", column) for column in zip(*numbers, strict=True)))
    decoded = Keyframe(state, rng.getstate()).encoded().decoded(len(numbers))
    assert decoded.state.data.tobytes() == state.data.tobytes()
    assert decoded.state.m.tobytes() == state.m.tobytes()
    assert decoded.state.v.tobytes() == state.v.tobytes()
    assert decoded.step == 7
    assert decoded.rng_state == rng.getstate()


def test_every_column_is_checked() -> None:
    state = TrainingState.untrained([1.0, 2.0])
    encoded = Keyframe(state, random.Random(1).getstate()).encoded()
    assert encoded.decoded(2).state == state
    for column in ("data", "m", "v", "rng", "checksum"):
        content = bytearray(getattr(encoded, column))
        content[0] ^= 1
        with pytest.raises(ValueError, match="does not have the checksum"):
            replace(encoded, **{column: bytes(content)}).decoded(2)
    with pytest.raises(ValueError, match="does not have the checksum"):
        replace(encoded, step=1).decoded(2)
    with pytest.raises(ValueError, match="is of a model of another size"):
        encoded.decoded(3)


@pytest.mark.parametrize("column", ["data", "m", "v"])
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_state_of_a_training(column: str, number: float) -> None:
    rng_state = random.Random(1).getstate()
    state = replace(TrainingState.untrained([1.0]), **{column: array("d", [number])})
    with pytest.raises(ValueError, match="numbers that training cannot come to"):
        Keyframe(state, rng_state).encoded().decoded(1)
    negative = replace(state, **{column: array("d", [-1.0])})
    if column == "v":
        with pytest.raises(ValueError, match="numbers that training cannot come to"):
            Keyframe(negative, rng_state).encoded().decoded(1)
    else:
        assert Keyframe(negative, rng_state).encoded().decoded(1).state == negative


@pytest.mark.parametrize(
    "rng_state",
    [
        (3, (1,) * 624, None),
        (3, (1,) * 624 + (625,), None),
        (3, (2**32,) + (1,) * 624, None),
        (3, (-1,) + (1,) * 624, None),
        (3, (1.0,) * 624 + (624,), None),
        (3, (True,) * 624 + (624,), None),
        (3, (1,) * 624 + (624,), "0.5"),
        (3, (1,) * 624 + (624,), math.inf),
        (2, (1,) * 624 + (624,), None),
        (9, (1,) * 624 + (624,), None),
        ("3", "1" * 625, None),
        (3, None, None),
        (3, (1,) * 624 + (624,)),
    ],
)
def test_what_is_no_state_of_a_generator(rng_state: tuple[object, ...]) -> None:
    encoded = Keyframe(TrainingState.untrained([1.0]), rng_state).encoded()
    with pytest.raises(ValueError, match="has no state of a generator"):
        encoded.decoded(1)


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
