"""Conditions on the loss, and the losses that a script need not ask about."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import InputError
from tui.cli.options.loss_condition import loss_condition

BOUNDS = ("0", "-2.5", "1e-300", "1.7976931348623157e308", "1e999", "-1e999")
COMPARISONS = [f"loss {sign} {bound}" for sign in (">", ">=", "<", "<=") for bound in BOUNDS]
TESTS = ["isnan(loss)", "isinf(loss)", "not isfinite(loss)"]


@given(st.sampled_from(COMPARISONS + TESTS), st.floats() | st.sampled_from([*map(float, BOUNDS)]))
def test_losses_that_are_let_pass_are_those_for_which_it_does_not_hold(
    text: str, loss: float
) -> None:
    holds, (low, high) = loss_condition(text)
    expected = eval(text, {"loss": loss, **vars(math)}) if "1e999" not in text else None
    if expected is not None:
        assert holds(1, loss) == expected
    if low <= loss <= high:
        assert not holds(1, loss)
    elif not math.isnan(loss) and "1e999" not in text:
        assert holds(1, loss)


@pytest.mark.parametrize("text", ["loss", "loss == 3", "accuracy > 3", "loss > x", "loss > 3 or 1"])
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(InputError, match="it must compare the loss with a number"):
        loss_condition(text)
