"""One step for Map and Graph mode: where one stands in it, what is edited, said in every mode."""

from __future__ import annotations

import pytest
from textual.widgets import RichLog

from tests.tui.piloted import LARGE, Piloted, piloted
from tests.tui.small_run import small_training
from tui.debugger.command_line import CommandLine
from tui.modes.graph_mode import GraphScreen
from tui.modes.map_mode import MapScreen
from tui.widgets.small_map import SmallMap
from tui.widgets.status_bar import StatusBar
from viz.maps.moments import completions


async def walked(ui: Piloted, *keys: str) -> MapScreen:
    """Map mode with the step of a document of four letters, after some keys."""
    await ui.train(2)
    screen = await ui.map()
    await ui.press(*keys)
    return screen


async def box_open(ui: Piloted) -> None:
    """Until Graph mode shows what is inside a box."""
    await ui.until(
        lambda: (
            isinstance(ui.app.screen, GraphScreen)
            and ui.graph_screen.explorer
            and ui.explorer.focus.parent
        )
    )


def console(ui: Piloted) -> str:
    return "\n".join(strip.text.rstrip() for strip in ui.app.screen.query_one(RichLog).lines)


async def test_a_walk_goes_on_in_the_other_mode() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        screen = await walked(ui, *"nnnn")
        event = screen.explorer.state.event
        await ui.press("3")
        await box_open(ui)
        assert ui.explorer.state.event == event
        assert ui.explorer.selected_box.node == ui.explorer.visited
        await ui.press("n")
        stops = completions(ui.explorer.map, "backward").tolist()
        assert ui.explorer.state.event == stops[stops.index(event) + 1]
        await ui.press("2")
        await ui.until(lambda: isinstance(ui.app.screen, MapScreen))
        assert screen.explorer.state.event == stops[stops.index(event) + 1]
        await ui.until(lambda: f"cell {stops.index(event) + 2}/" in ui.text)


@pytest.mark.parametrize("mode", "14")
async def test_a_what_if_is_said_in_every_mode(mode: str) -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        screen = await walked(ui, "down", "down", "down", "right", "z")
        await ui.until(lambda: screen.explorer.edits)
        graph = screen.explorer.graph
        loss = f"{graph.data[graph.root]:.4f}"
        assert loss in ui.text_of(StatusBar)
        await ui.press("3")
        await ui.until(lambda: ui.graph_screen.explorer)
        assert ui.explorer.graph is graph
        assert f"loss {loss}" in ui.text_of(StatusBar)
        await ui.press(mode)
        await ui.until(lambda: f"✎ {screen.explorer.edits[0]}" in ui.text_of(StatusBar))
        await ui.press("2", "U")
        await ui.until(lambda: "✎" not in ui.text_of(StatusBar))
        assert not screen.explorer.edits


async def test_a_what_if_is_made_again_in_the_step_gone_to() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        screen = await walked(ui, "down", "down", "down", "right", "z")
        await ui.until(lambda: screen.explorer.edits)
        (edit,) = screen.explorer.edits
        await ui.press("comma")
        await ui.until(lambda: screen.step.origin.step == 1)
        assert screen.explorer.edits == (edit,)
        path = edit.removeprefix("zero ")
        graph = screen.explorer.graph
        assert not graph.data[graph.outputs_of(graph.scopes.find(path))].any()
        await ui.press("r")
        await ui.until(lambda: not screen.explorer.edits)


async def test_one_that_cannot_be_made_there_is_said() -> None:
    async with piloted(small_training("emma", "al"), size=LARGE) as ui:
        await ui.train()
        if ui.frame.result.document != "emma":
            await ui.train()
        screen = await ui.map()
        await ui.press("colon")
        ui.app.screen.query_one(CommandLine).value = "zero pos4/layer0/attn"
        await ui.press("enter", "escape")
        await ui.until(lambda: screen.explorer.edits)
        shown = ui.step
        await ui.press("full_stop")
        await ui.until(lambda: ui.frame.result.step == shown + 1)
        await ui.press("comma", "full_stop")
        await ui.until(lambda: screen.step.origin.document == "al")
        assert not screen.explorer.edits
        await ui.until(lambda: "zero pos4/layer0/attn" in ui.notices)


async def test_verbs_and_keys_about_the_selected_cell() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        screen = await walked(ui, "down", "down", "down", "right")
        path = screen.panel.path
        await ui.press("b")
        assert f"breakpoint 1: {path}" in console(ui)
        await ui.press("c")
        graph = screen.explorer.graph
        assert graph.scope(screen.explorer.visited).startswith(path)
        await ui.press("y")
        await ui.until(lambda: screen.panel.lens == "why")
        asked = screen.panel.asked
        outputs = graph.outputs_of(graph.scopes.find(path))
        assert asked in outputs
        assert abs(graph.grad[asked]) == abs(graph.grad[outputs]).max()
        assert "view: why" in ui.text_of("#map-middle")
        await ui.press("escape", "escape")
        assert screen.panel.selected == -1


async def test_the_lens_for_changes_comes_with_a_what_if_or_a_mark() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        screen = await walked(ui)
        assert screen.panel._lenses() == ["grad", "value", "update"]
        marked = screen.explorer.map.grad_norm
        await ui.press("m")
        assert screen.panel.lens == "change"
        await ui.press("full_stop")
        await ui.until(lambda: screen.step.origin.step == 3)
        look = screen.panel.whole_look()
        assert look.numbers.tolist() == (screen.explorer.map.grad_norm - marked).tolist()
        assert "change from step 2" in ui.text_of("#map-middle")
        await ui.press("m")
        assert screen.panel.lens == "grad"


async def test_what_a_what_if_changes_is_known_of_every_node() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        screen = await walked(ui, *["down"] * 5, *["right"] * 3, "z")
        await ui.until(lambda: screen.explorer.edits)
        explorer = screen.explorer
        stack = explorer.session.edit_stack
        before, now = stack.original.graph, explorer.graph
        for original, node in enumerate(stack.current.ids.tolist()):
            if node < 0:
                continue
            same = (
                before.data[original] == now.data[node] and before.grad[original] == now.grad[node]
            )
            assert explorer.changed[node] == (not same)
            assert explorer.before(node) == (before.data[original], before.grad[original])
        assert 0 < explorer.changed.sum() < len(now)


async def test_the_small_map_shows_where_the_open_box_is_and_a_click_opens_another() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        screen = await walked(ui, *["down"] * 3, "right")
        path = screen.panel.path
        await ui.press("enter")
        await box_open(ui)
        small = ui.app.screen.query_one(SmallMap)
        grid = ui.explorer.map.grid
        assert small._inside == frozenset({grid.scopes.index(path)})
        assert await ui.pilot.click(SmallMap, offset=(13, 3))
        await ui.until(lambda: not ui.explorer.focus.key.endswith(path))
        assert ui.explorer.focus.parent
        await ui.press("l")
        assert ui.app.screen.query_one("BoxTree").display


async def test_play_goes_by_events_inside_a_cell_and_turns_around() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        await walked(ui, "n", "n", "3")
        await box_open(ui)
        start = ui.explorer.state.event
        await ui.press("p", *["plus"] * 5)
        await ui.until(lambda: ui.explorer.state.event >= start + 4)
        assert "▶ 30/s" in ui.text_of("#middle")
        await ui.press("P")
        await ui.until(lambda: "◀ 30/s" in ui.text_of("#middle"))
        at = ui.explorer.state.event
        await ui.until(lambda: ui.explorer.state.event < at)
        await ui.press("P")
        assert not ui.graph_screen.pane.player.is_playing
        assert ui.frame.speed == 0.0, "the speed of training is another one"
