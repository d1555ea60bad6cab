"""Train mode: the curve once there is one, and positions of the document that open on the Map."""

from __future__ import annotations

from tests.tui.piloted import LARGE, piloted
from tests.tui.small_run import small_training
from tui.modes.map_mode import MapScreen
from tui.widgets.document_strip import NAMES, DocumentStrip
from tui.widgets.loss_plot import LossPlot


async def test_before_the_first_step_no_axes_are_invented() -> None:
    async with piloted() as ui:
        plot = ui.app.screen.query_one(LossPlot)
        assert not plot.display
        assert "the curve begins with the first step" in ui.text
        await ui.train()
        assert plot.display
        assert "the curve begins" not in ui.text


async def test_a_position_of_the_document_opens_on_the_map() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        await ui.train()
        screen = ui.app.screen
        losses = ui.frame.result.position_losses
        await ui.press("right")
        worst = max(range(5), key=lambda at: losses[at])
        assert screen.position == worst, "first the one that surprised most"
        await ui.press(*["left"] * 5, "right")
        assert screen.position == 1
        await ui.press("enter")
        await ui.until(lambda: isinstance(ui.app.screen, MapScreen))
        mode = ui.app.screen
        await ui.until(lambda: mode.explorer and mode.panel.selected >= 0)
        grid = mode.panel._look.map.grid
        assert int(grid.column_of[mode.panel.selected]) == 1
        assert mode.panel.path == "pos1/loss"
        assert f"{losses[1]:.2f}" in ui.text


async def test_clicks_select_a_position_and_open_it() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        await ui.train()
        screen = ui.app.screen
        at = (2 + NAMES + 7 * 3 + 1, 2)
        await ui.pilot.click(DocumentStrip, offset=at)
        await ui.until(lambda: screen.position == 3)
        await ui.pilot.click(DocumentStrip, offset=at)
        await ui.until(lambda: isinstance(ui.app.screen, MapScreen))


async def test_enter_without_a_position_says_what_to_do() -> None:
    async with piloted() as ui:
        await ui.press("enter")
        assert ui.notices == ["select a position of the document first: ← →"]
