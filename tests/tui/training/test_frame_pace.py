"""How often training is drawn: a share of the time, and never in the moment after a key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.training.frame_pace import AFTER_A_KEY, FRAMES_A_SECOND, LONGEST, SHARE, FramePace


class Clock:
    """Time and work as a test says."""

    def __init__(self) -> None:
        self.now = 0.0
        self.worked = 0.0
        self.pace = FramePace(lambda: self.now, lambda: self.worked)


@given(st.lists(st.floats(0.0, 0.1), min_size=1, max_size=20), st.floats(0.0, 0.02))
def test_drawing_takes_its_share_at_most(costs: list[float], elsewhere: float) -> None:
    clock = Clock()
    clock.pace.drawn()
    for cost in costs:
        clock.worked += cost
        clock.now += cost
        clock.pace.add(elsewhere)
        began = clock.now
        clock.pace.drawn()
        pause = clock.pace.wait
        assert pause >= 1 / FRAMES_A_SECOND - 1e-9
        assert pause <= max(LONGEST, 1 / FRAMES_A_SECOND) + 1e-9
        if pause < LONGEST - 1e-9:
            assert cost + elsewhere <= SHARE * (cost + elsewhere + pause) + 1e-9
        clock.now = began + pause
        assert clock.pace.wait == pytest.approx(0.0)


def test_a_key_comes_first() -> None:
    clock = Clock()
    clock.now = 5.0
    assert clock.pace.wait == 0.0
    clock.pace.key_pressed()
    assert clock.pace.wait == pytest.approx(AFTER_A_KEY)


def test_what_a_key_asks_for_does_not_wait() -> None:
    clock = Clock()
    clock.now = 5.0
    clock.pace.drawn()
    clock.pace.key_pressed()
    clock.pace.asked_for()
    assert clock.pace.wait == 0.0
