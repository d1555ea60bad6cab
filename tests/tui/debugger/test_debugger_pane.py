"""The debugger's keys and its `:` line: each is a verb of the headless debugger."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.geometry import Size
from textual.widgets import RichLog

from tests.tui.piloted import LARGE, SMALL, Piloted, piloted
from tests.tui.small_run import small_training
from tui.debugger.canvas import GraphCanvas
from tui.debugger.command_line import CommandLine
from tui.debugger.debugger_pane import DebuggerPane
from tui.debugger.explorer import Explorer
from tui.debugger.graph_pane import GraphPane
from tui.debugger.layout import lay_out
from tui.debugger.source_pane import SourcePane
from viz.boxes import Box

WEIGHT = "layer0.attn_wq[3][7]"


@asynccontextmanager
async def debugging(size: tuple[int, int] = LARGE) -> AsyncIterator[Piloted]:
    """Graph mode on the first step of a small run."""
    async with piloted(small_training("emma"), size=size) as ui:
        await ui.train()
        await ui.graph()
        yield ui


def pane(ui: Piloted) -> DebuggerPane:
    return ui.app.screen.query_one(DebuggerPane)


def console(ui: Piloted) -> str:
    return "\n".join(strip.text.rstrip() for strip in ui.app.screen.query_one(RichLog).lines)


async def type_line(ui: Piloted, line: str) -> None:
    """Opens the `:` line, gives one, and leaves."""
    await ui.press("colon")
    ui.app.screen.query_one(CommandLine).value = line
    await ui.press("enter", "escape")


async def answered(ui: Piloted) -> None:
    """Until a verb that takes long is done."""
    await ui.until(lambda: not pane(ui)._busy)
    await ui.settle()


# -- moves -----------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_n_and_o_leave_scopes_and_their_capitals_come_back() -> None:
    async with debugging() as ui:
        await ui.press("home")
        seen = [ui.explorer.state]
        for key in "nnnoo":
            await ui.press(key)
            seen.append(ui.explorer.state)
            assert seen[-1].moment > seen[-2].moment
        scopes = [ui.explorer.graph.scope(state.node) for state in seen[:4]]
        assert scopes == ["loss", "pos4/loss", "pos4/softmax", "pos4/lm_head"]
        before = ui.explorer.state.moment
        await ui.press("N")
        assert ui.explorer.state.moment < before
        await ui.press("O")
        assert ui.explorer.state.moment < before


@pytest.mark.slow
async def test_c_stops_at_a_breakpoint_on_the_selection_and_capital_c_comes_back() -> None:
    async with debugging() as ui:
        ui.explorer.look_into(ui.explorer.folding.find("pos3"))
        ui.explorer.select("pos3/loss")
        await ui.press("b", "home", "c")
        assert "breakpoint 1: pos3/loss" in console(ui)
        first = ui.explorer.state
        assert ui.explorer.graph.scope(first.node) == "pos3/loss"
        assert [point.hits for point in first.stop.points] == [1]
        await ui.drawn()
        assert "breakpoint 1" in ui.text_of("#middle")
        await ui.press("c")
        assert ui.explorer.state.moment > first.moment
        await ui.press("C")
        assert ui.explorer.state.moment == first.moment


@pytest.mark.slow
async def test_w_watches_a_weight_and_c_stops_where_its_gradient_changes() -> None:
    async with debugging() as ui:
        graph = ui.explorer.graph
        node = graph.find(WEIGHT)
        ui.explorer.reveal(node)
        await ui.press("w", "home")
        total = 0.0
        while True:
            await ui.press("c")
            state = ui.explorer.state
            if state.stop.reason == "end":
                break
            (change,) = (change for change in state.changes if change.node == node)
            assert (change.old, change.new) == (total, total + change.contribution)
            total = change.new
        assert total == graph.grad[node] != 0
        assert "◉ 1 layer0.attn_wq" in ui.text_of("#left StopsPanel")


@pytest.mark.slow
async def test_u_opens_the_line_for_a_condition() -> None:
    async with debugging() as ui:
        await ui.press("home", "u")
        line = ui.app.screen.query_one(CommandLine)
        assert ui.app.screen.focused is line
        assert line.value == "until "
        await ui.press(*'op=="exp"'.replace('"', "'"), "enter")
        assert ui.explorer.graph.op(ui.explorer.visited) == "exp"
        await ui.press("escape")
        assert isinstance(ui.app.screen.focused, GraphCanvas)


@pytest.mark.slow
async def test_p_plays_until_it_is_pressed_again() -> None:
    async with debugging() as ui:
        await ui.press("home", "p")
        await ui.until(lambda: ui.explorer.state.event >= 3)
        assert "▶ " in ui.text_of("#middle")
        await ui.press("p")
        event = ui.explorer.state.event
        await ui.pilot.pause(0.3)
        assert ui.explorer.state.event == event


@pytest.mark.slow
async def test_playing_stops_at_a_breakpoint_and_at_any_other_move() -> None:
    async with debugging() as ui:
        await ui.press("home", "s", "s", "s", "s")
        await type_line(ui, f"break #{ui.explorer.visited}")
        await ui.press("home", "p")
        await ui.until(lambda: ui.explorer.state.stop.points)
        assert ui.explorer.state.event == 4
        assert not pane(ui).player.is_playing
        await ui.press("p", "S")
        assert not pane(ui).player.is_playing


@pytest.mark.slow
async def test_the_forward_pass_shows_values_as_they_are_computed() -> None:
    async with debugging() as ui:
        await ui.press("home", "home", "s", "s")
        state = ui.explorer.state
        assert (state.phase, state.event) == ("forward", 2)
        graph = ui.explorer.graph
        await ui.drawn()
        assert "computing · event 2 of" in ui.text_of("#inspector")
        later = graph.forward_order[2]
        ui.explorer.reveal(int(later))
        pane(ui).show()
        await ui.drawn()
        assert "not yet" in ui.text_of(GraphCanvas)


# -- questions -------------------------------------------------------------------------------------


async def test_y_says_why_and_its_shares_are_the_gradient() -> None:
    async with debugging() as ui:
        node = ui.explorer.graph.find(WEIGHT)
        ui.explorer.reveal(node)
        await ui.press("y")
        await answered(ui)
        why = ui.explorer.session.why(node)
        assert sum(share.share for share in why.by_position) == pytest.approx(why.gradient)
        assert f"{WEIGHT}: grad {why.gradient:.6g}" in console(ui)
        assert "by position of the loss" in console(ui)


async def test_edit_zero_and_undo_change_the_graph_and_restore_it() -> None:
    async with debugging() as ui:
        loss = float(ui.explorer.graph.data[ui.explorer.graph.root])
        ui.explorer.reveal(ui.explorer.graph.find(WEIGHT))
        await ui.press("e")
        line = ui.app.screen.query_one(CommandLine)
        assert line.value.startswith(f"set {WEIGHT} = ")
        line.value = f"set {WEIGHT} = 5.0"
        await ui.press("enter", "escape")
        await answered(ui)
        graph = ui.explorer.graph
        assert graph.data[graph.find(WEIGHT)] == 5.0
        assert graph.data[graph.root] != loss
        await ui.drawn()
        assert "║ data 5 " in ui.text_of(GraphCanvas)
        ui.explorer.look_into(ui.explorer.folding.find("pos2/layer0/attn"))
        ui.explorer.select("pos2/layer0/attn/head0")
        pane(ui).show()
        await ui.press("z")
        await answered(ui)
        assert "zero" in console(ui)
        twice = float(ui.explorer.graph.data[ui.explorer.graph.root])
        assert twice != graph.data[graph.root]
        for _ in range(2):
            await ui.press("U")
            await answered(ui)
        assert ui.explorer.graph.data[ui.explorer.graph.root] == loss


async def test_g_checks_the_gradient_of_the_selection() -> None:
    async with debugging() as ui:
        ui.explorer.reveal(ui.explorer.graph.find(WEIGHT))
        await ui.press("G")
        await answered(ui)
        assert "gradcheck" in console(ui)
        assert WEIGHT in console(ui)


@pytest.mark.slow
async def test_slash_finds_a_node_and_shows_it() -> None:
    async with debugging() as ui:
        await ui.press("slash")
        ui.app.screen.query_one(CommandLine).value += WEIGHT
        await ui.press("enter", "escape")
        await ui.drawn()
        assert ui.explorer.selected_box.node == ui.explorer.graph.find(WEIGHT)
        assert "1 node" in console(ui)


@pytest.mark.slow
async def test_a_box_that_has_no_name_is_said() -> None:
    async with debugging() as ui:
        ui.explorer.close()
        for box in ui.explorer.folding.children(ui.explorer.folding.find("pos1/layer0/mlp/fc1")):
            ui.explorer.look_into(box.parent)
            ui.explorer.select(box.key)
        assert ui.explorer.selected_box.kind == "group"
        await ui.press("b", "e")
        assert "select one" in ui.notices[0]
        assert "open the cell or box" in ui.notices[1]


# -- the line --------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_mistake_is_one_line_and_nothing_moves() -> None:
    async with debugging() as ui:
        before = ui.explorer.state
        for line, said in (
            ("frobnicate", "no verb"),
            ("until colour > 3", "colour"),
            ("goto backward 999999999", "no event"),
            ("why nobody", "no node"),
        ):
            await type_line(ui, line)
            await answered(ui)
            assert said in console(ui)
        assert ui.explorer.state == before
        assert not ui.explorer.stepping


@pytest.mark.slow
async def test_completion_and_history() -> None:
    async with debugging() as ui:
        await ui.press("colon", *"unt", "tab")
        line = ui.app.screen.query_one(CommandLine)
        assert line.value == "until "
        line.value = "print layer0.attn_wq[3][7"
        await ui.press("tab")
        assert line.value == f"print {WEIGHT}"
        await ui.press("enter")
        line.value = "where"
        await ui.press("enter")
        assert line.value == ""
        await ui.press("up")
        assert line.value == "where"
        await ui.press("up")
        assert line.value == f"print {WEIGHT}"
        await ui.press("down", "down")
        assert line.value == ""
        await ui.press("enter")
        assert not line.display


@pytest.mark.slow
async def test_letters_typed_into_the_line_are_not_keys() -> None:
    async with debugging() as ui:
        await ui.press("colon", *"sSnp123q,")
        assert ui.app.screen.query_one(CommandLine).value == "sSnp123q,"
        assert not ui.explorer.stepping
        assert ui.app.current_mode == "graph"


@pytest.mark.slow
async def test_help_lists_the_verbs_and_escape_hides_the_console() -> None:
    async with debugging(SMALL) as ui:
        await type_line(ui, ":help")
        assert "reverse-continue" in console(ui)
        assert ui.app.screen.query_one("#console").display
        await ui.press("escape")
        assert not ui.app.screen.query_one("#console").display


@pytest.mark.slow
async def test_a_console_that_was_hidden_is_as_wide_as_before() -> None:
    async with debugging(SMALL) as ui:
        for _ in range(2):
            await type_line(ui, "where")
            await ui.press("escape")
        assert console(ui).count(": where") == 2


# -- panes -----------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_the_source_line_is_the_one_that_made_the_node() -> None:
    async with debugging() as ui:
        await ui.press("home", "s", "s", "s")
        await ui.drawn()
        filename, line = ui.explorer.graph.line(ui.explorer.visited)
        text = Path(filename).read_text(encoding="utf-8").splitlines()[line - 1].strip()
        shown = ui.text_of(SourcePane)
        assert f"→  {line:>3} " in shown
        assert text[:20] in shown


@pytest.mark.slow
async def test_a_small_window_shows_boxes_beside_the_console_too() -> None:
    async with debugging(SMALL) as ui:
        await ui.press("home", "s", "s", "s")
        await ui.drawn()
        assert not ui.app.screen.query_one(SourcePane).display, "there is no room for both"
        await ui.press("w")
        await ui.drawn()
        assert "watchpoint 1" in ui.text_of("#console")
        assert f"#{ui.explorer.visited}" in ui.text_of(GraphCanvas)
        await ui.press("escape")
        await ui.drawn()
        assert f"#{ui.explorer.visited}" in ui.text_of(GraphCanvas)


@pytest.mark.slow
async def test_stops_stay_when_another_step_is_shown() -> None:
    async with debugging() as ui:
        await type_line(ui, f"watch {WEIGHT}")
        await ui.press("1")
        await ui.train()
        await ui.press("3", "r")
        await ui.until(lambda: ui.graph_screen.shown_step == 2)
        assert [point.text for point in ui.explorer.session.stops.listed()] == [WEIGHT]
        await ui.press("home", "c")
        assert ui.explorer.state.stop.points[0].number == 1


@pytest.mark.slow
async def test_a_failed_step_is_opened_post_mortem() -> None:
    async with piloted(small_training("ab", "cd", lr=300.0), paused=False, size=LARGE) as ui:
        await ui.until(lambda: ui.mode.frame and ui.frame.status == "failed")
        await ui.press("3")
        await ui.until(lambda: ui.graph_screen.explorer and ui.explorer.state.stop.reason)
        await ui.until(lambda: ui.explorer.state.stop.reason == "post mortem")
        graph = ui.explorer.graph
        assert ui.explorer.visited == graph.root
        assert not graph.backpropagated
        await ui.until(lambda: "has no finite real value" in console(ui))


# -- the window ------------------------------------------------------------------------------------


async def test_a_layout_that_is_there_before_the_canvas_is_scrolls_no_further_than_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the Map was a moment ago there is no room yet to bring the selected box into."""

    def at_once(self: GraphPane, explorer: Explorer, focus: Box, window: Size) -> None:
        self._take_layout(GraphPane.LaidOut(lay_out(explorer.view_of(focus), *window), window))

    monkeypatch.setattr(GraphPane, "_lay_out", at_once)
    async with piloted(small_training("emma"), size=LARGE) as ui:
        await ui.train()
        await ui.graph()
        canvas = ui.canvas
        selected = canvas.placed.of(ui.explorer.selected)
        right, bottom = selected.x + selected.width + 2, selected.y + selected.height + 1
        width, height = canvas.size
        assert (right > width, bottom > height) == (False, True)
        assert canvas.scroll_offset.x == 0
        assert canvas.scroll_offset.y in (bottom - height, bottom - height + 1)  # below: its bar
