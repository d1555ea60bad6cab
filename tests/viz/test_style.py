"""Numbers in few characters, colours by sign and size."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt.autograd.ops import OPS
from viz.style import (
    INK,
    NEGATIVE,
    NOT_A_NUMBER,
    PAPER,
    POSITIVE,
    UNSIGNED,
    OpStyle,
    blend,
    gradient_color,
    ink_on,
    magnitude_color,
    op_style,
    rgb,
    short_number,
    strength,
)

sizes = st.floats(min_value=0, allow_nan=False)


@given(st.floats())
def test_a_number_is_short_and_means_the_same(x: float) -> None:
    text = short_number(x)
    assert len(text) <= 10
    if math.isfinite(x):
        # The largest floats round up to infinity.
        assert float(text) == pytest.approx(x, rel=5.1e-3, abs=5e-324) or abs(x) > 1.79e308
    else:
        assert text == str(x)


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.00123456, "0.001235"),
        (-0.000123456, "-0.0001235"),
        (123456.0, "1.235e+05"),
        (-1.23456e-300, "-1.23e-300"),
        (0.2, "0.2"),
        (-0.0, "-0"),
        (12.0, "12"),
    ],
)
def test_numbers(x: float, text: str) -> None:
    assert short_number(x) == text


@given(st.floats(), st.floats())
def test_strength_is_a_share(magnitude: float, largest: float) -> None:
    assert 0.0 <= strength(magnitude, largest) <= 1.0


@given(sizes, sizes, sizes)
def test_strength_grows_with_magnitude(a: float, b: float, largest: float) -> None:
    smaller, larger = sorted((a, b))
    assert strength(smaller, largest) <= strength(larger, largest)


def test_strength_is_logarithmic() -> None:
    assert strength(3.0, 3.0) == 1.0
    assert strength(0.03, 3.0) == pytest.approx(0.5)
    assert strength(3e-5, 3.0) == strength(0.0, 3.0) == strength(1.0, 0.0) == 0.0
    assert strength(5e-324, 1e308) == 0.0  # whose quotient is 0, without a logarithm


@given(st.floats(min_value=1e-3, max_value=1.0))
def test_a_gradients_sign_is_its_colour(grad: float) -> None:
    red, _, blue = rgb(gradient_color(grad, 1.0))
    assert red > blue
    red, _, blue = rgb(gradient_color(-grad, 1.0))
    assert blue > red


def test_colours_at_the_ends() -> None:
    assert rgb(gradient_color(2.0, 2.0)) == POSITIVE
    assert rgb(gradient_color(-2.0, 2.0)) == NEGATIVE
    assert rgb(gradient_color(math.inf, 2.0)) == POSITIVE
    assert rgb(gradient_color(math.nan, 2.0)) == NOT_A_NUMBER
    assert gradient_color(0.0, 2.0) == PAPER
    assert gradient_color(-0.0, 0.0, INK) == INK
    assert rgb(magnitude_color(2.0, 2.0)) == UNSIGNED
    assert rgb(magnitude_color(math.nan, 2.0)) == NOT_A_NUMBER
    assert magnitude_color(0.0, 2.0) == PAPER


def test_a_deeper_colour_is_a_larger_gradient() -> None:
    channels = [sum(rgb(gradient_color(-(10.0**-k), 1.0))) for k in range(5)]
    assert channels == sorted(channels)
    assert len(set(channels)) == 5


@given(st.floats(0, 1))
def test_a_blend_lies_between(amount: float) -> None:
    for channel, ends in zip(
        rgb(blend(INK, POSITIVE, amount)), zip(rgb(INK), POSITIVE, strict=True), strict=True
    ):
        assert min(ends) <= channel <= max(ends)


def test_text_is_readable_on_every_colour() -> None:
    for step in range(21):
        for color in (POSITIVE, NEGATIVE, UNSIGNED, NOT_A_NUMBER):
            background = blend(PAPER, color, step / 20)
            assert contrast(background, ink_on(background)) >= 3.0, background


def contrast(a: str, b: str) -> float:
    """Source: WCAG 2.2, contrast ratio."""
    darker, lighter = sorted((luminance(a), luminance(b)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: str) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in rgb(color))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_an_op_that_the_table_lacks_has_a_style_too() -> None:
    assert op_style("mul") == OpStyle(OPS["mul"].symbol, OPS["mul"].color, "circle")
    assert op_style("pow2").glyph == "^"
    for name in ("tanh", "sigmoid", "softplus", "x"):
        assert 1 <= len(op_style(name).glyph) <= 4
        assert op_style(name).shape == "circle"


def test_every_op_has_a_style_of_its_own_colour() -> None:
    for name in OPS:
        style = op_style(name)
        assert style.glyph == OPS[name].symbol
        assert len(rgb(style.color)) == 3
        assert style.shape == ("circle" if OPS[name].arity else "box")
        if OPS[name].arity:
            assert style.color != op_style("const").color  # the colour of an unknown one
