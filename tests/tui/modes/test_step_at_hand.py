"""One step for Map and Graph mode: where one stands in it, what is edited, said in every mode."""

from __future__ import annotations

import pytest
from textual.widgets import RichLog

from tests.tui.piloted import LARGE, Piloted, piloted
from tests.tui.small_run import small_training
from tui.debugger.command_line import CommandLine
from tui.debugger.step_at_hand import opened
from tui.modes.graph_mode import GraphScreen
from tui.modes.map_mode import MapScreen
from tui.widgets.heatmap import CELL_WIDTH, LABEL_WIDTH, Heatmap
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


@pytest.mark.slow
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
        told = screen.explorer.edits[0][:10]  # which is cut beside five modes
        await ui.until(lambda: f"✎ step 2: {told}" in ui.text_of(StatusBar))
        await ui.press("2", "U")
        await ui.until(lambda: "✎" not in ui.text_of(StatusBar))
        assert not screen.explorer.edits


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
async def test_the_small_map_shows_where_the_open_box_is_and_a_click_opens_another() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        screen = await walked(ui, *["down"] * 3, "right")
        path = screen.panel.path
        await ui.press("enter")
        await box_open(ui)
        small = ui.app.screen.query_one(SmallMap)
        cell = ui.explorer.map.grid.scopes.index(path)
        await ui.until(lambda: small._inside == frozenset({cell}))  # shown when the screen is there
        assert await ui.pilot.click(SmallMap, offset=(13, 3))
        await ui.until(lambda: not ui.explorer.focus.key.endswith(path))
        assert ui.explorer.focus.parent
        await ui.press("H")
        assert ui.app.screen.query_one("BoxTree").display


@pytest.mark.slow
async def test_play_goes_by_events_inside_a_cell_and_turns_around() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        await walked(ui, "n", "n", "3")
        await box_open(ui)
        start = ui.explorer.state.event
        await ui.press("p", *["plus"] * 3)
        await ui.until(lambda: ui.explorer.state.event >= start + 4)
        assert "▶ 30/s" in ui.text_of("#middle")
        await ui.press("P")
        await ui.until(lambda: "◀ 30/s" in ui.text_of("#middle"))
        at = ui.explorer.state.event
        await ui.until(lambda: ui.explorer.state.event < at)
        await ui.press("P")
        assert not ui.graph_screen.pane.player.is_playing
        assert ui.frame.speed == 0.0, "the speed of training is another one"


@pytest.mark.slow
async def test_a_question_about_a_node_is_dropped_with_its_text_and_not_asked_of_another() -> None:
    async with piloted(small_training("emma", "al"), size=LARGE) as ui:
        screen = await walked(ui, "n", "y")
        await ui.until(lambda: screen.panel.lens == "why")
        text = screen.step.origin.document
        await ui.press("comma")
        await ui.until(lambda: screen.step.origin.document != text)
        assert screen.panel.lens == "grad"
        assert screen.panel.asked is None


@pytest.mark.slow
async def test_a_question_about_a_node_keeps_its_step_while_training_goes_on() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        screen = await walked(ui)
        await ui.press("down", "right", "y")
        await ui.until(lambda: screen.panel.lens == "why")
        await ui.press("full_stop")
        await ui.until(lambda: ui.frame.result.step == 3)
        await ui.settle()
        assert screen.step.origin.step == 2
        assert "r: newest step" in ui.text
        await ui.press("v")
        assert screen.panel.lens == "grad"


@pytest.mark.slow
async def test_the_forward_pass_is_told_in_values_and_nothing_that_is_to_come() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        screen = await walked(ui, "home", "home", *"nnnnnnn")
        explorer = screen.explorer
        assert explorer.state.phase == "forward"
        assert "view: value" in ui.text_of("#middle" if ui.mode == "graph" else "#map-middle")
        side = ui.text_of("#map-side")
        assert "gradient" not in side
        moment = screen.panel.moment
        waiting = next(
            cell
            for cell in range(explorer.map.n_cells)
            if not moment.done[cell] and explorer.map.grid.column_of[cell] == 3
        )
        screen.panel.select(waiting)
        await ui.settle()
        side = ui.text_of("#map-side")
        assert "so far" in side
        assert "not begun" in side
        assert "value norm" not in side
        assert "reads" not in side.partition("column 3")[2].replace("reads ‘", "")


async def test_in_the_backward_pass_a_cell_tells_no_gradient_before_it_is_there() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        screen = await walked(ui, "n", "n")
        screen.panel.select(int(screen.explorer.map.grid.at[0, 0]))
        await ui.settle()
        side = ui.text_of("#map-side")
        assert "grad  0.0 so far" in side
        assert "gradient comes from" not in side
        assert "gradient goes on to" not in side


@pytest.mark.slow
async def test_undo_works_where_no_graph_is_shown_and_the_document_is_the_edited_one() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        screen = await walked(ui, "down", "down", "down", "right", "z")
        await ui.until(lambda: screen.explorer.edits)
        graph = screen.explorer.graph
        losses = [graph.data[caption.loss] for caption in screen.explorer.map.captions]
        await ui.press("1")
        await ui.until(lambda: "what-if" in ui.text_of("#document"))
        strip = ui.text_of("#document")
        assert f"loss {graph.data[graph.root]:.4f}" in strip
        assert all(f"{loss:.2f}" in strip for loss in losses)
        await ui.press("U")
        await ui.until(lambda: "what-if" not in ui.text_of("#document"))
        assert not ui.app.at_hand.step.explorer.edits
        assert "✎" not in ui.text_of(StatusBar)
        await ui.press("U")
        await ui.until(lambda: "nothing to undo: nothing is changed" in ui.notices)


@pytest.mark.slow
async def test_attention_marks_just_the_weights_that_a_what_if_moves() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        screen = await walked(ui, "colon")
        ui.app.screen.query_one(CommandLine).value = "zero pos2/layer0/attn/head0/scores"
        await ui.press("enter", "escape")
        await ui.until(lambda: screen.explorer.edits)
        await ui.press("4", "up", "up")
        heatmap = ui.app.screen.query_one(Heatmap)
        await ui.until(lambda: "what-if" in str(heatmap.border_title))
        shown = ui.app.screen.shown
        head, was = shown.numbers.weights(0, 0), shown.without.weights(0, 0)
        moved = [
            (row, source)
            for row, weights in enumerate(head)
            for source, weight in enumerate(weights)
            if weight != was[row][source]
        ]
        assert moved == [(2, 0), (2, 1), (2, 2)]
        starred = [
            (row, (at - LABEL_WIDTH) // CELL_WIDTH)
            for row in range(len(head))
            for at, char in enumerate(heatmap.render_line(row + 1).text)
            if char == "*"
        ]
        assert starred == moved
        told = next(line for line in ui.text_of("#row").splitlines() if "m reads" in line)
        assert told.count("%*") == 3


@pytest.mark.slow
async def test_the_title_says_the_text_that_a_what_if_reads() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        screen = await walked(ui, "colon")
        ui.app.screen.query_one(CommandLine).value = "token 2 = a"
        await ui.press("enter", "escape")
        await ui.until(lambda: "“emma”, read as “eama” · step 2" in ui.text_of("#map-middle"))
        assert "".join(c.target for c in screen.explorer.map.captions[:4]) == "eama"
        await ui.press("U")
        await ui.until(lambda: "“emma” · step 2" in ui.text_of("#map-middle"))


@pytest.mark.slow
async def test_the_mode_key_of_the_graph_opens_the_selected_cell() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        screen = await walked(ui, "down", "down", "down", "right")
        path = screen.panel.path
        await ui.press("3")
        await box_open(ui)
        assert ui.explorer.focus.title == path
        await ui.press("enter")
        inner = ui.explorer.focus.key
        await ui.press("2", "3")
        await box_open(ui)
        assert ui.explorer.focus.key == inner, "one looks into it already"


@pytest.mark.parametrize(("key", "stride"), [("s", "event"), ("n", "cell"), ("o", "column")])
async def test_playing_goes_on_as_the_last_key_went(key: str, stride: str) -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        screen = await walked(ui, "home", key)
        start = screen.explorer.state.event
        seen = []
        screen.pane.player.change_speed(-2)
        screen.pane.player.toggle(1)
        screen.pane.player._tick()
        seen.append(screen.explorer.state.event)
        screen.pane.player._tick()
        seen.append(screen.explorer.state.event)
        screen.pane.player.stop()
        if stride == "event":
            assert seen == [start + 1, start + 2]
        else:
            stops = screen.explorer.cells._stops(stride).tolist()
            at = stops.index(start) if start in stops else -1
            assert seen == stops[at + 1 : at + 3]


@pytest.mark.slow
async def test_each_row_has_a_course_of_its_own_and_one_word_has_one_over_training() -> None:
    async with piloted(small_training("emma", "al"), size=LARGE) as ui:
        await walked(ui)
        hand = ui.app.at_hand
        assert len(hand.histories) == len(hand.step.explorer.map.rows)
        assert {len(history) for history in hand.histories.values()} == {1}
        await ui.press("d", *"al", "enter")
        await ui.until(lambda: hand.step.origin.document == "al" and hand.step.origin.trained_on)
        for step in (3, 4, 5):
            await ui.press("full_stop")
            await ui.until(lambda step=step: hand.step.origin.step == step)
        assert {len(history) for history in hand.histories.values()} == {4}


@pytest.mark.slow
async def test_back_to_live_before_the_past_step_is_there_is_live() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        screen = await walked(ui, "n", "n")
        event, late = screen.explorer.state.event, []
        screen._open_step = lambda origin, *_: late.append(origin)
        await ui.press("comma")
        await ui.until(lambda: late)
        await ui.press("L")
        await ui.until(lambda: not ui.frame.past)
        del screen._open_step
        place = screen.pane.place
        screen.post_message(screen.Opened(opened(late[0], "", place), place, 0.0))
        await ui.until(lambda: not screen._building and not ui.app.at_hand.was_past)
        assert screen.step.origin.step == 2
        assert screen.explorer.state.event == event


async def test_a_what_if_is_shown_at_its_own_step_only() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        screen = await walked(ui, "down", "down", "down", "right", "z")
        await ui.until(lambda: screen.explorer.edits)
        await ui.press("1")
        await ui.until(lambda: "what-if" in ui.text_of("#document"))
        assert "*" in ui.text_of("#document")
        assert "✎ step 2: " in ui.text_of(StatusBar)
        await ui.press("comma")
        await ui.until(lambda: "what-if" not in ui.text_of("#document"))
        assert "✎ step 2: " in ui.text_of(StatusBar)
        await ui.press("L")
        await ui.until(lambda: "what-if" in ui.text_of("#document"))


@pytest.mark.slow
@pytest.mark.parametrize("speed", [-9, 9])
async def test_playing_by_cells_stops_at_a_breakpoint_inside_one(speed: int) -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        screen = await walked(ui, "n")
        graph, session = screen.explorer.graph, screen.explorer.session
        stops = screen.explorer.cells._stops("cell").tolist()
        event = stops[6] - 2
        assert event not in stops
        screen.pane.run_line(f"break #{int(graph.visit_order[event - 1])}")
        screen.pane.player.change_speed(speed)
        screen.pane.player.toggle(1)
        for _ in range(20):
            screen.pane.player._tick()
        assert session.state.event == event
        assert not screen.pane.player.is_playing


@pytest.mark.slow
async def test_a_marked_what_if_is_called_so() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        screen = await walked(ui, "down", "down", "down", "right", "z")
        await ui.until(lambda: screen.explorer.edits)
        await ui.press("m", "U")
        await ui.until(lambda: not screen.explorer.edits)
        await ui.until(lambda: "change from step 2, what-if" in ui.text_of("#map-middle"))
