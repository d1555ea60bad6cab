"""Walks through an app around one program, and back through where one has been."""

from __future__ import annotations

import numpy as np

from tests.tui.piloted import Driven
from tui.debugger.program_app import ProgramApp, ProgramPlace
from tui.visited_places import STAY

BACK, FORWARD = "left_square_bracket", "right_square_bracket"


def stays_everywhere(ui: Driven) -> None:
    """No place is only passed through."""
    assert isinstance(ui.app, ProgramApp)
    ui.app.clock = iter(np.arange(0.0, 1e6, 2 * STAY)).__next__


def here(ui: Driven) -> ProgramPlace:
    assert isinstance(ui.app, ProgramApp)
    place = ui.app.place
    assert place is not None
    return place


async def walked(ui: Driven, *keys: str) -> list[ProgramPlace]:
    """The places after each key, the one before them first."""
    places = [here(ui)]
    for key in keys:
        await ui.press(key)
        await ui.settle()
        if here(ui) != places[-1]:
            places.append(here(ui))
    return places


async def goes_back_and_forward(ui: Driven, places: list[ProgramPlace]) -> None:
    """Through all of them, to the last again."""
    for place in places[-2::-1]:
        await ui.press(BACK)
        await ui.until(lambda place=place: here(ui) == place)
        await ui.settle()
    for place in places[1:]:
        await ui.press(FORWARD)
        await ui.until(lambda place=place: here(ui) == place)
        await ui.settle()
