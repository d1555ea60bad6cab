"""Ribbons of a reading: each as thick as its weight, none across another, all numbers told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.widgets.reading_pane import (
    ACROSS,
    ARRIVAL,
    DOWN,
    LEAST_WEIGHT,
    Reading,
    columns_in_sight,
    least_width,
    ribbons,
)


def normalised(numbers: Sequence[float]) -> list[float]:
    total = sum(numbers)
    return [number / total for number in numbers]


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    n = draw(st.integers(1, 20))
    share = st.floats(0.0, 1.0).map(lambda x: x**4 + 1e-6)
    rows = [normalised(draw(st.lists(share, min_size=k, max_size=k))) for k in range(1, n + 1)]
    labels = ("BOS", *(chr(ord("a") + place) for place in range(n - 1)))
    return Reading(labels, rows, draw(st.integers(0, n - 1)))


def texts(reading: Reading, width: int, height: int) -> list[str]:
    return ["".join(mark.text for mark in line) for line in ribbons(reading, width, height)]


@pytest.mark.slow
@given(readings(), st.integers(4, 120), st.integers(3, 30))
def test_it_stays_within_its_window(reading: Reading, width: int, height: int) -> None:
    lines = texts(reading, width, height)
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)
    assert reading.position in columns_in_sight(reading, width)


@given(readings())
def test_every_source_has_a_ribbon_as_thick_as_its_weight(reading: Reading) -> None:
    """Read back from the drawing: a lane for each source, its thickness to the eighth."""
    n, reader = len(reading.tokens), reading.position
    width = least_width(n)
    *drawing, tokens, shares = texts(reading, width, n + 3)
    assert tokens.split() == list(reading.tokens)
    assert len(shares.split()) == reader + 1
    lanes = [line for line in drawing[:-1] if set(line) & set(ACROSS)]
    sources = [s for s in range(reader) if reading.row[s] >= LEAST_WEIGHT]
    assert len(lanes) == len(sources)
    for lane, source in zip(lanes, sources, strict=True):
        start, stop = 4 * source, 4 * reader
        run = lane[start:stop]
        assert len(set(run)) == 1, "from the source to the reader and nothing in between"
        eighths = ACROSS.index(run[0]) + 1
        assert abs(eighths - 8 * reading.row[source]) <= 0.5 or eighths == 1
        below = [line[start] for line in drawing[drawing.index(lane) + 1 :]]
        assert {DOWN.index(char) for char in below} == {eighths - 1}
    if sources:
        assert drawing[-1][4 * reader] == ARRIVAL


@pytest.mark.slow
@given(readings())
def test_words_are_the_weights_the_most_first(reading: Reading) -> None:
    said = reading.in_words(reading.sources, 10_000)
    expected = sorted((w for w in reading.row if w >= LEAST_WEIGHT), reverse=True)
    assert [part.rsplit(" ", 2)[1] for part in said.split(", ")] == [
        f"{100 * weight:.0f}" for weight in expected
    ]
    for weight, position in reading.readers:
        assert position > reading.position
        assert reading.weights[position][reading.position] == weight


def test_where_lanes_are_few_the_largest_weights_have_them() -> None:
    row = [0.1, 0.4, 0.05, 0.3, 0.15]
    reading = Reading(("BOS", *"emma"), [row[: k + 1] for k in range(5)], 4)
    lines = texts(reading, 40, 5)
    assert len(lines) == 5
    assert [line.index(next(c for c in line if c in ACROSS)) for line in lines[:2]] == [8, 24]


def test_words_that_do_not_fit_say_so() -> None:
    reading = Reading(("BOS", "e", "m"), [[1.0], [0.5, 0.5], [0.5, 0.3, 0.2]], 2)
    assert reading.in_words(reading.sources, 80) == "BOS (0) 50 %, e (1) 30 %, itself 20 %"
    assert reading.in_words(reading.sources, 26) == "BOS (0) 50 %, e (1) 30 % …"
