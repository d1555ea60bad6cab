"""The stops beside a Map: where there is no room for a line of them, there is no empty box."""

from __future__ import annotations

import pytest

from tests.tui.piloted import LARGE, SMALL, piloted
from tests.tui.small_run import small_training
from tui.debugger.stops_panel import StopsPanel


@pytest.mark.parametrize(("size", "has_room"), [(SMALL, False), (LARGE, True)])
async def test_stops_are_beside_a_map_that_leaves_them_room(
    size: tuple[int, int], has_room: bool
) -> None:
    async with piloted(small_training("emma"), size=size) as ui:
        await ui.train()
        await ui.map()
        panel = ui.app.screen.query_one("#map-right StopsPanel", StopsPanel)
        assert not panel.display
        await ui.press("colon", *"break loss", "enter", "escape")
        assert ui.app.at_hand.step.explorer.session.stops.listed()
        assert panel.display == has_room
        if has_room:
            assert "loss" in ui.text_of("#map-right StopsPanel")
