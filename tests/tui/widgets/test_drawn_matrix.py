"""A matrix in cells: digits, signs and colours, each held to its number."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tui.training.shown_parameters import LOGARITHMIC, ParameterKind, ShownMatrix
from tui.widgets.drawn_matrix import TOP, DrawnMatrix
from viz.style import DECADES, NEGATIVE, NOT_A_NUMBER, POSITIVE, blend

NUMBERS = array_shapes(min_dims=2, max_dims=2, max_side=8).flatmap(
    lambda shape: arrays(
        np.float64,
        shape,
        elements=st.floats(-1e3, 1e3) | st.sampled_from([0.0, -0.0, math.nan, math.inf, -math.inf]),
    )
)
KINDS: tuple[ParameterKind, ...] = ("data", "gradient")


def drawn(
    numbers: np.ndarray, kind: ParameterKind, names: dict[tuple[int, int], str] | None = None
) -> DrawnMatrix:
    labels = tuple(map(str, range(len(numbers))))
    matrix = ShownMatrix("w", {"data": numbers, kind: numbers}, labels, names)
    return DrawnMatrix.fitting(matrix, kind, *numbers.shape)


def size_of(number: float, numbers: np.ndarray, kind: ParameterKind) -> float:
    """0 to 1, from the numbers alone."""
    largest = max((abs(x) for x in numbers.ravel().tolist() if math.isfinite(x)), default=0.0)
    if kind not in LOGARITHMIC:
        return abs(number) / largest
    return min(1.0, max(0.0, 1 + (math.log10(abs(number)) - math.log10(largest)) / DECADES))


@given(NUMBERS, st.sampled_from(KINDS))
def test_a_cell_has_its_numbers_sign_and_size(numbers: np.ndarray, kind: ParameterKind) -> None:
    cells = drawn(numbers, kind)
    for (row, column), number in np.ndenumerate(numbers):
        text = cells.text(row, column)
        if number == 0:
            assert text == " ·"
        elif not math.isfinite(number):
            assert text == ("-?" if number < 0 else " ?")
        else:
            assert text[0] == ("-" if number < 0 else "+")
            assert abs(TOP * size_of(number, numbers, kind) - int(text[1])) <= 0.5 + 1e-9


@given(NUMBERS, st.sampled_from(KINDS))
def test_a_cells_colour_is_as_far_from_the_background_as_its_number_is_large(
    numbers: np.ndarray, kind: ParameterKind
) -> None:
    background = "#1f2430"
    cells = drawn(numbers, kind)
    fills = cells.fills(background)
    for (row, column), number in np.ndenumerate(numbers):
        strength = float(cells.strengths[row, column])
        color = POSITIVE if number > 0 else NEGATIVE
        if not math.isfinite(number):
            color, strength = NOT_A_NUMBER, 1.0
        assert f"#{fills[row, column]:06x}" == blend(background, color, strength)


def test_where_there_is_no_parameter_nothing_stands() -> None:
    numbers = np.array([[1.0, -2.0], [3.0, math.nan]])
    names = {(0, 0): "w[0][0]", (0, 1): "w[0][1]", (1, 0): "w[1][0]"}
    cells = drawn(numbers, "data", names)
    assert [cells.text(*at) for at in ((0, 0), (0, 1), (1, 0), (1, 1))] == ["+3", "-6", "+9", "  "]
    assert cells.fills("#102030")[1, 1] == 0x102030


@pytest.mark.parametrize("kind", KINDS)
def test_the_scale_is_told_by_what_stands_in_the_cells(kind: ParameterKind) -> None:
    numbers = np.array([[0.5, -0.0123, 0.5 / 10**DECADES, 0.5 / 10 ** (DECADES + 1)]])
    cells = drawn(numbers, kind)
    digit, largest = re.match(r"(\d+) is (\S+?)(?:,|$)", cells.scale_in_words()).groups()
    assert cells.text(0, 0) == f"+{digit}"
    assert float(largest) == 0.5
    if kind in LOGARITHMIC:
        told = re.search(r", 0 a ([\d,]+)th of it", cells.scale_in_words())[1]
        assert int(told.replace(",", "")) == pytest.approx(numbers[0, 0] / numbers[0, 2])
        assert [cells.text(0, column) for column in (2, 3)] == ["+0", "+0"]
    else:
        assert "th of it" not in cells.scale_in_words()
