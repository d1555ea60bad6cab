"""Map mode: the step shown, its cells, and the walk along its passes."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tui.piloted import LARGE, SMALL, Piloted, piloted
from tests.tui.small_run import small_training
from tui.modes.graph_mode import GraphScreen
from tui.modes.map_mode import MapScreen
from tui.widgets.map_view import MapView
from viz.maps.moments import Progress, column_completions, completions


async def mapped(ui: Piloted, steps: int = 2) -> MapScreen:
    await ui.train(steps)
    return await ui.map()


def session(screen: MapScreen):  # type: ignore[no-untyped-def]
    assert screen.step
    return screen.step.explorer.session


async def test_the_untrained_model_is_shown_at_once() -> None:
    async with piloted(size=LARGE) as ui:
        screen = await ui.map()
        assert "untrained" in ui.text
        assert "reads" in ui.text
        assert screen.step
        assert screen.step.origin.step == 1


async def test_it_follows_training() -> None:
    async with piloted(paused=False, size=LARGE) as ui:
        screen = await ui.map()
        await ui.until(lambda: screen.step and screen.step.origin.step >= 3)


@pytest.mark.slow
async def test_n_stops_where_each_next_cell_is_complete_and_capital_n_goes_back() -> None:
    async with piloted(size=LARGE) as ui:
        screen = await mapped(ui)
        assert screen.step
        stops = completions(screen.step.explorer.map, "backward").tolist()
        await ui.press("n")
        assert session(screen).state.event == 0
        for stop in stops[:5]:
            await ui.press("n")
            assert session(screen).state.event == stop
        for stop in reversed(stops[:4]):
            await ui.press("N")
            assert session(screen).state.event == stop
        assert f"cell 1/{len(stops)}" in ui.text


@pytest.mark.slow
async def test_o_goes_position_by_position() -> None:
    async with piloted(size=LARGE) as ui:
        screen = await mapped(ui)
        assert screen.step
        stops = np.unique(column_completions(screen.step.explorer.map, "backward")).tolist()
        await ui.press("s")
        for stop in stops:
            await ui.press("o")
            assert session(screen).state.event == stop
        await ui.press("O")
        assert session(screen).state.event == stops[-2]


@pytest.mark.slow
async def test_the_whole_pass_lights_every_cell_up_and_back_again() -> None:
    async with piloted(size=LARGE) as ui:
        screen = await mapped(ui)
        assert screen.step
        await ui.press("end")
        moment = screen.panel.moment
        assert moment
        inside = screen.step.explorer.map.grid.column_of >= 0
        assert (moment.progress[inside] == Progress.COMPLETE).all()
        await ui.press("home")
        assert screen.panel.moment
        assert (screen.panel.moment.progress[inside] < Progress.UNDER_WAY).all()
        await ui.press("home")
        assert session(screen).state.phase == "forward"


@pytest.mark.slow
async def test_events_go_on_and_back_to_the_same_numbers() -> None:
    async with piloted(size=LARGE) as ui:
        screen = await mapped(ui)
        await ui.press("s", *"s" * 7)
        assert session(screen).state.event == 7
        before = ui.text_of("#map")
        await ui.press(*"sss", *"SSS")
        assert ui.text_of("#map") == before


async def test_arrows_select_and_enter_opens_and_backspace_comes_back() -> None:
    async with piloted(size=LARGE) as ui:
        screen = await mapped(ui)
        await ui.press("down", "down", "down", "right")
        assert screen.step
        grid = screen.step.explorer.map.grid
        chosen = screen.panel.selected
        path = grid.scopes[chosen]
        assert path
        assert path in ui.text_of("#map-side")
        await ui.press("enter")
        await ui.until(lambda: isinstance(ui.app.screen, GraphScreen))
        await ui.until(lambda: ui.graph_screen.explorer and ui.explorer.focus.parent)
        assert ui.explorer.focus.key.endswith(path)
        await ui.press("backspace")
        await ui.until(lambda: isinstance(ui.app.screen, MapScreen))
        assert screen.panel.selected == chosen


@pytest.mark.slow
async def test_escape_selects_nothing_and_heads_show_all_weights() -> None:
    async with piloted(size=LARGE) as ui:
        screen = await mapped(ui)
        before = ui.text_of("#map")
        await ui.press("down", "right")
        assert "◀" in ui.text_of("#map")
        await ui.press("escape")
        assert screen.panel.selected == -1
        assert ui.text_of("#map") == before


async def test_a_click_selects_a_cell() -> None:
    async with piloted(size=LARGE) as ui:
        screen = await mapped(ui)
        view = ui.app.screen.query_one(MapView)
        assert view.text
        assert await ui.pilot.click(MapView, offset=(view.text.widths.label + 1, 2))
        assert screen.step
        await ui.until(lambda: screen.panel.selected == int(screen.step.explorer.map.grid.at[0, 0]))


async def test_lenses_go_round() -> None:
    async with piloted(size=LARGE) as ui:
        screen = await mapped(ui)
        seen = []
        for _ in range(4):
            seen.append(screen.panel.lens)
            await ui.press("v")
            await ui.settle()
        assert seen == ["grad", "value", "update", "grad"]


@pytest.mark.slow
async def test_it_plays_both_ways_and_stops_at_the_end() -> None:
    async with piloted(size=LARGE) as ui:
        screen = await mapped(ui)
        await ui.press(*["plus"] * 5, "p")
        await ui.until(lambda: session(screen).state.event > 50)
        await ui.press("p")
        at = session(screen).state.event
        await ui.press("P")
        await ui.until(lambda: session(screen).state.event < at)
        await ui.press("P")


@pytest.mark.slow
async def test_time_travel_shows_the_step_gone_to() -> None:
    async with piloted(size=LARGE) as ui:
        screen = await mapped(ui, 5)
        await ui.press("comma", "comma")
        await ui.until(lambda: screen.step and screen.step.origin.step == 3)
        assert "step 3" in ui.text
        await ui.press("L")
        await ui.until(lambda: screen.step and screen.step.origin.step == 5)


@pytest.mark.slow
async def test_a_walk_keeps_its_step_until_r() -> None:
    async with piloted(paused=True, size=LARGE) as ui:
        screen = await mapped(ui)
        await ui.press("s", "s", "space")
        await ui.until(lambda: ui.step > 4)
        assert screen.step
        assert screen.step.origin.step == 2
        await ui.press("r")
        await ui.until(lambda: screen.step.origin.step > 2)
        await ui.press("space")


@pytest.mark.slow
@pytest.mark.parametrize("size", [(20, 5), (40, 12), SMALL, LARGE, (200, 60)], ids=str)
async def test_any_window_will_do(size: tuple[int, int]) -> None:
    async with piloted(small_training("emma", n_layer=2), size=size) as ui:
        await mapped(ui)
        await ui.press("s", "n", "n", "down", "right", "escape")
        assert len(ui.text.splitlines()) == size[1]


async def test_a_column_is_widened_to_its_outputs_and_the_selection_takes_it_along() -> None:
    async with piloted(size=LARGE) as ui:
        screen = await mapped(ui)
        view = ui.app.screen.query_one(MapView)
        await ui.press("right", "W")
        assert view.text.widened == 0
        await ui.press("right")
        assert view.text.widened == 1
        assert "beside the widened column" in ui.text
        await ui.press("escape")
        assert screen.panel.selected == -1
        assert view.text.widened is None
        await ui.press("left", "W")
        assert view.text.widened is None
