"""Graph mode: from the whole graph down to one multiplication, and through backprop and back."""

from __future__ import annotations

import itertools
import threading

import pytest

from microgpt import GraphError, ModelSnapshot
from microgpt.graph.graph import Graph
from tests.tui.piloted import LARGE, SMALL, Piloted, piloted
from tests.tui.small_run import small_training
from tui.debugger import graph_pane
from tui.debugger.box_tree import BoxTree
from tui.debugger.canvas import GraphCanvas
from tui.debugger.inspector import Inspector, describe_box, describe_event

DOWN_TO_FC1 = ("pos1", "pos1/layer0", "pos1/layer0/mlp", "pos1/layer0/mlp/fc1")


def bits(ui: Piloted) -> str:
    return ui.explorer.grads().tobytes().hex()


EVENT, SELECTED = 0, -1


def said(ui: Piloted, section: int) -> str:
    """A section of the inspector's text, also what is scrolled out of sight."""
    return ui.app.screen.query_one(Inspector).sections[section].plain


async def go_down(ui: Piloted, *keys: str) -> None:
    """Into box after box: a click selects, enter opens."""
    for key in keys:
        if ui.explorer.selected != key:  # or a click would open it
            await ui.click_box(key)
        assert ui.explorer.selected == key
        await ui.press("enter")
        await ui.drawn()
        assert ui.explorer.focus.key == key


# -- the graph of a step ---------------------------------------------------------------------------


async def test_it_is_the_graph_of_the_step_on_screen() -> None:
    async with piloted() as ui:
        await ui.train(2)
        await ui.graph()
        result = ui.frame.result
        assert result
        graph = ui.explorer.graph
        assert ui.graph_screen.shown_step == result.step == 2
        assert float(graph.data[graph.root]).hex() == result.loss.hex()
        assert f"the whole graph: {len(graph):,} nodes" in ui.text
        assert f"“{result.document}” · step 2" in ui.text


@pytest.mark.slow
async def test_it_follows_training_at_the_overview() -> None:
    async with piloted() as ui:
        for step in (1, 2):
            await ui.train()
            await ui.press("3")
            await ui.until(lambda step=step: ui.graph_screen.shown_step == step)
            await ui.graph()
            await ui.press("1")


@pytest.mark.slow
async def test_it_follows_live_training_and_keeps_the_selection() -> None:
    async with piloted(small_training("emma", "noah"), paused=False, speed=5.0) as ui:
        await ui.graph()
        await ui.press("up")
        selected, first = ui.explorer.selected, ui.graph_screen.shown_step
        assert selected != "loss"
        await ui.until(lambda: ui.graph_screen.shown_step > first + 1)
        assert ui.explorer.selected == selected


@pytest.mark.slow
@pytest.mark.parametrize("keys", [("enter",), ("s",), ("home", "s", "S")], ids=str)
async def test_an_open_box_or_an_event_keeps_its_step_until_asked(keys: tuple[str, ...]) -> None:
    async with piloted() as ui:
        await ui.train()
        await ui.graph()
        await ui.press(*keys)
        graph, place, before = ui.explorer.graph, ui.explorer.focus.key, bits(ui)
        await ui.press("1")
        await ui.train(2)
        await ui.press("3")
        await ui.until(lambda: ui.step == 3)
        await ui.pilot.pause(0.2)
        assert ui.graph_screen.shown_step == 1
        assert ui.explorer.graph is graph
        assert (ui.explorer.focus.key, bits(ui)) == (place, before)
        assert "step 1" in ui.text_of("#middle")
        await ui.press("r")
        await ui.until(lambda: ui.graph_screen.shown_step == 3)
        await ui.drawn()
        assert ui.explorer.focus.parent is None
        assert not ui.explorer.stepping


@pytest.mark.slow
async def test_r_at_the_newest_step_goes_to_the_top() -> None:
    async with piloted() as ui:
        await ui.train()
        await ui.graph()
        await ui.press("s", "enter")
        await ui.press("r")
        await ui.until(lambda: ui.explorer.focus.parent is None)
        await ui.drawn()
        assert ui.graph_screen.shown_step == 1
        assert not ui.explorer.stepping


# -- boxes -----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
async def test_enter_goes_down_to_one_multiplication_and_backspace_comes_back(
    size: tuple[int, int],
) -> None:
    async with piloted(small_training("emma"), size=size) as ui:
        await ui.train()
        await ui.graph()
        await go_down(ui, *DOWN_TO_FC1)
        while ui.explorer.selected_box.kind != "node":
            await ui.press("enter")
            await ui.drawn()
        graph = ui.explorer.graph
        mul = next(b for b in ui.explorer.view.inside if graph.op(b.node) == "mul")
        await ui.click_box(mul.key)
        node = mul.node
        assert graph.scope(node) == "pos1/layer0/mlp/fc1"
        w, x = graph.operands_of(node)
        assert graph.name(w.operand).startswith("layer0.mlp_fc1[")
        assert float(graph.data[node]) == float(graph.data[w.operand] * graph.data[x.operand])
        told = said(ui, SELECTED)
        assert f"data  {float(graph.data[node])!r}\n" in told
        assert f"grad  {float(graph.grad[node])!r}\n" in told
        assert graph.name(w.operand) in told
        path = [ui.explorer.focus, *reversed(ui.explorer.focus.ancestors)]
        await ui.press("enter")
        assert "a single scalar: nothing is inside" in ui.notices
        assert ui.explorer.focus is path[0]
        for left, around in itertools.pairwise(path):
            await ui.press("backspace")
            await ui.drawn()
            assert ui.explorer.focus.key == around.key
            assert ui.explorer.selected == left.key
        await ui.press("backspace")
        assert "this is the whole graph" in ui.notices


@pytest.mark.slow
async def test_arrows_select_the_neighbour() -> None:
    async with piloted() as ui:
        await ui.train()
        await ui.graph()
        seen = set()
        for key in ("left", "up", "left", "down", "right", "up", "right", "down"):
            placed, start = ui.canvas.placed, ui.explorer.selected
            assert placed
            beside = placed.beside(start, key)
            await ui.press(key)
            await ui.drawn()
            assert ui.explorer.selected == (beside.box.key if beside else start)
            seen.add(ui.explorer.selected)
        assert len(seen) > 2


@pytest.mark.slow
async def test_the_selected_box_is_scrolled_into_sight() -> None:
    async with piloted(size=SMALL) as ui:
        await ui.train()
        await ui.graph()
        for box in ui.explorer.view.boxes:
            ui.explorer.select(box.key)
            ui.graph_screen.pane.show()
            await ui.pilot.pause(0)
            assert ui.canvas.placed
            placed = ui.canvas.placed.of(box.key)
            assert placed
            left, top = (int(offset) for offset in ui.canvas.scroll_offset)
            width, height = ui.canvas.size
            assert left <= placed.x
            assert placed.x + placed.width <= left + width
            assert top <= placed.y
            assert placed.y + placed.height <= top + height


@pytest.mark.slow
async def test_the_scroll_bars_say_where_the_window_is() -> None:
    """From the first drawing on, when the bars are new themselves."""
    async with piloted(size=SMALL) as ui:
        await ui.train()
        await ui.graph()
        assert ui.canvas.scroll_y > 0
        for key in ("down", "up", "up", "left", "right"):
            assert ui.canvas.vertical_scrollbar.position == ui.canvas.scroll_y
            assert ui.canvas.horizontal_scrollbar.position == ui.canvas.scroll_x
            await ui.press(key)


@pytest.mark.slow
async def test_shifted_arrows_move_the_window() -> None:
    async with piloted(size=SMALL) as ui:
        await ui.train()
        await ui.graph()
        ui.canvas.scroll_to(0, 0, animate=False, force=True)
        await ui.settle()
        selected = ui.explorer.selected
        seen = [ui.canvas.scroll_offset]
        for key in ("shift+right", "shift+down", "shift+left", "shift+up"):
            await ui.press(key)
            seen.append(ui.canvas.scroll_offset)
        (x0, y0), (x1, _), (_, y2), (x3, _), (_, y4) = seen
        assert (x0, y0) == (0, 0)
        assert x1 > 0
        assert y2 > 0
        assert x3 < x1
        assert y4 < y2
        assert ui.explorer.selected == selected


# -- events ----------------------------------------------------------------------------------------


async def test_ten_events_on_and_ten_back_are_the_same_event_and_the_same_floats() -> None:
    async with piloted() as ui:
        await ui.train()
        await ui.graph()
        await ui.press("s")
        seen = [(ui.explorer.state.event, ui.explorer.selected, bits(ui))]
        for _ in range(10):
            await ui.press("s")
            seen.append((ui.explorer.state.event, ui.explorer.selected, bits(ui)))
        assert [event for event, _, _ in seen] == list(range(11))
        for expected in reversed(seen[:-1]):
            await ui.press("S")
            assert (ui.explorer.state.event, ui.explorer.selected, bits(ui)) == expected


@pytest.mark.slow
async def test_home_and_end() -> None:
    async with piloted() as ui:
        await ui.train()
        await ui.graph()
        await ui.press("home")
        assert (ui.explorer.state.event, ui.explorer.visited) == (0, ui.explorer.graph.root)
        await ui.press("S")
        assert ui.explorer.state.phase == "forward"
        assert ui.explorer.visited == ui.explorer.graph.forward_order[-1]
        await ui.press("home")
        assert ui.explorer.state.moment == 0
        await ui.press("S")
        assert "this is the start" in ui.text
        await ui.press("home", "end")
        assert ui.explorer.state.event == (ui.explorer.graph.n_events - 1)
        assert bits(ui) == ui.explorer.graph.grad.tobytes().hex()
        await ui.press("s")
        assert "this is the end" in ui.text
        assert ui.explorer.state.event == (ui.explorer.graph.n_events - 1)


@pytest.mark.slow
async def test_the_visited_box_is_marked_and_the_inspector_shows_its_numbers() -> None:
    async with piloted(size=LARGE) as ui:
        await ui.train()
        await ui.graph()
        for key in ("home", "s", "s", "s", "end", "S"):
            await ui.press(key)
            await ui.drawn()
            explorer = ui.explorer
            assert explorer.visited is not None
            box = explorer.view.box_of(explorer.visited)
            assert box
            state = ui.canvas._state
            assert state
            assert state.visited == state.selected == box.key == f"#{explorer.visited}"
            assert state.grads.tobytes() == explorer.grads().tobytes()
            assert {key: done for key, (done, _) in state.visits.items()} == {
                b.key: explorer.n_visited(b) for b in explorer.view.boxes
            }
            assert said(ui, EVENT) == describe_event(explorer).plain.rstrip()
            assert said(ui, SELECTED) == describe_box(explorer).plain.rstrip()
            assert f"backward {explorer.state.event:,}/{(explorer.graph.n_events - 1):,}" in ui.text
            event = explorer.visit()
            assert event
            for change in event.changes:
                assert (
                    f"grad: {change.old:.6g} + {change.edge.local:.6g} × {change.adjoint:.6g}"
                    f" = {change.new:.6g}"
                ) in said(ui, EVENT)


@pytest.mark.slow
async def test_the_box_around_the_visited_node_is_marked_from_further_out() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        await ui.train()
        await ui.graph()
        await ui.press("home", *["s"] * 12)
        visited = ui.explorer.visited
        assert visited is not None
        while ui.explorer.focus.parent:
            await ui.press("backspace")
            await ui.drawn()
            assert ui.canvas._state
            box = ui.explorer.view.box_of(visited)
            assert box
            assert ui.canvas._state.visited == box.key
        await ui.click_box("pos0")
        assert "┏" in ui.text_of(GraphCanvas)
        await ui.press("f")
        await ui.drawn()
        assert ui.explorer.selected == f"#{visited}"
        assert ui.explorer.state.event == 12


@pytest.mark.slow
async def test_stepping_starts_at_the_selected_scalar() -> None:
    async with piloted(small_training("emma")) as ui:
        await ui.train()
        await ui.graph()
        await go_down(ui, "pos2", "pos2/loss")
        node = ui.explorer.selected_box.node
        await ui.press("s")
        assert ui.explorer.visited == node


async def test_without_an_event_f_says_how_to_begin() -> None:
    async with piloted() as ui:
        await ui.train()
        await ui.graph()
        await ui.press("f")
        assert "nothing is being visited: s begins" in ui.notices


# -- panes -----------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_tab_goes_round_the_panes_and_every_key_works_in_each() -> None:
    async with piloted(size=LARGE) as ui:
        await ui.train()
        await ui.graph()
        seen = []
        for _ in range(3):
            await ui.press("tab")
            seen.append(type(ui.app.screen.focused))
            await ui.press("home")
            assert ui.explorer.state.event == 0
            await ui.press("s", "s", "S")
            assert ui.explorer.state.event == 1
            await ui.press("end")
            assert ui.explorer.state.event == (ui.explorer.graph.n_events - 1)
            focus = ui.explorer.focus
            await ui.press("backspace")
            assert ui.explorer.focus is focus.parent
            await ui.press("f")
            assert ui.explorer.selected == f"#{ui.explorer.visited}"
            assert type(ui.app.screen.focused) is seen[-1]
        assert set(seen) == {BoxTree, GraphCanvas, Inspector}
        await ui.press("shift+tab")
        assert type(ui.app.screen.focused) is seen[1]


@pytest.mark.slow
async def test_the_pause_key_and_the_mode_keys_work_in_every_pane() -> None:
    async with piloted(paused=False, speed=2.0) as ui:
        await ui.graph()
        for _ in range(3):
            await ui.press("tab")
            status = ui.frame.status
            await ui.press("space")
            await ui.until(lambda status=status: ui.frame.status != status)
        await ui.press("4", "3", "1")
        await ui.until(lambda: ui.app.current_mode == "train")


@pytest.mark.slow
async def test_the_tree_opens_boxes_with_the_keyboard() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        await ui.train()
        await ui.graph()
        tree = ui.app.screen.query_one(BoxTree)
        tree.focus()
        await ui.until(lambda: tree.cursor_box and tree.cursor_box.key == "loss")
        await ui.press("up", "enter")
        await ui.until(lambda: ui.explorer.focus.key == "pos4")
        await ui.drawn()
        assert ui.app.screen.focused is tree
        await ui.press("left", "right")  # folds and unfolds; the canvas stays
        assert ui.explorer.focus.key == "pos4"
        await ui.press("backspace")
        await ui.until(lambda: ui.explorer.focus.parent is None)


async def test_the_tree_has_a_place_where_there_is_little_room() -> None:
    async with piloted(small_training("emma"), size=(80, 24)) as ui:
        await ui.train()
        await ui.graph()
        tree = ui.app.screen.query_one(BoxTree)
        await ui.until(lambda: tree.region.height > 4)
        canvas = ui.app.screen.query_one(GraphCanvas)
        inspector = ui.app.screen.query_one(Inspector)
        assert tree.region.right <= canvas.region.x
        assert canvas.region.width > 45
        assert inspector.region.y >= tree.region.bottom
        assert inspector.region.height >= 5
        tree.focus()
        await ui.press("up", "enter")
        await ui.until(lambda: ui.explorer.focus.key == "pos4")
        await ui.press("H")
        await ui.until(lambda: not tree.region.width)


@pytest.mark.slow
async def test_the_tree_follows_the_canvas() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        await ui.train()
        await ui.graph()
        tree = ui.app.screen.query_one(BoxTree)

        def shows(key: str) -> bool:
            return bool(tree.cursor_box and tree.cursor_box.key == key)

        await ui.click_box("pos1")
        await ui.until(lambda: shows("pos1"))
        await ui.press("enter")
        await ui.drawn()
        await ui.until(lambda: shows(ui.explorer.selected))
        await ui.press("home")
        await ui.drawn()
        await ui.until(lambda: shows(f"#{ui.explorer.graph.root}"))


@pytest.mark.slow
async def test_the_inspector_scrolls_with_its_own_keys() -> None:
    async with piloted(small_training("emma"), size=SMALL) as ui:
        await ui.train()
        await ui.graph()
        inspector = ui.app.screen.query_one(Inspector)
        inspector.focus()
        await ui.press("pagedown")
        await ui.until(lambda: inspector.scroll_offset.y > 0)
        await ui.press("pageup")
        await ui.until(lambda: inspector.scroll_offset.y == 0)


# -- mouse -----------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_click_selects_and_a_second_click_opens() -> None:
    async with piloted(small_training("emma")) as ui:
        await ui.train()
        await ui.graph()
        await ui.click_box("pos3")
        assert ui.explorer.selected == "pos3"
        assert ui.explorer.focus.parent is None
        await ui.click_box("pos3")
        await ui.drawn()
        assert ui.explorer.focus.key == "pos3"


@pytest.mark.slow
async def test_a_click_beside_the_boxes_does_nothing() -> None:
    async with piloted() as ui:
        await ui.train()
        await ui.graph()
        placed = ui.canvas.placed
        assert placed
        ui.canvas.scroll_to(0, 0, animate=False, force=True)
        await ui.settle()
        empty = next(
            (x, y)
            for y in range(ui.canvas.size.height)
            for x in range(ui.canvas.size.width)
            if placed.at(x, y) is None
        )
        before = ui.explorer.selected
        await ui.pilot.click(GraphCanvas, offset=empty)
        await ui.pilot.click(GraphCanvas, offset=empty)
        assert (ui.explorer.selected, ui.explorer.focus.parent) == (before, None)


@pytest.mark.slow
async def test_a_click_in_the_tree_looks_into_a_box() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        await ui.train()
        await ui.graph()
        tree = ui.app.screen.query_one(BoxTree)
        at = next(at for at, line in enumerate(tree.lines) if line.box.key == "pos1")
        await ui.pilot.click(BoxTree, offset=(6, at + 1))
        await ui.until(lambda: ui.explorer.focus.key == "pos1")
        await ui.drawn()
        assert "pos1 e → m" in ui.text_of("#middle")


# -- workers ---------------------------------------------------------------------------------------


class HeldBack:
    """Building a graph waits until the test lets it go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = 0
        self.go_on = threading.Event()
        build = ModelSnapshot.graph

        def held_back(model: ModelSnapshot, document: str) -> Graph:
            self.begun += 1
            assert self.go_on.wait(10)
            return build(model, document)

        monkeypatch.setattr(ModelSnapshot, "graph", held_back)


@pytest.mark.slow
async def test_changing_modes_while_a_graph_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    building = HeldBack(monkeypatch)
    async with piloted() as ui:
        await ui.train()
        await ui.press("3")
        await ui.until(lambda: building.begun == 1)
        assert "building the graph" in ui.text
        await ui.press("s", "enter", "backspace", "end", "r", "f", "down", "x")  # no graph yet
        await ui.press("4", "1")
        await ui.train()
        building.go_on.set()
        await ui.press("3")
        await ui.until(lambda: ui.graph_screen.shown_step == 2)
        await ui.graph()
        assert ui.explorer.graph.data[ui.explorer.graph.root] == ui.frame.result.loss
        await ui.press("s")
        assert ui.explorer.state.event == 0


@pytest.mark.slow
async def test_a_box_opened_while_the_next_graph_is_built_stays_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with piloted() as ui:
        await ui.train()
        await ui.graph()
        building = HeldBack(monkeypatch)
        await ui.press("1")
        await ui.train()
        await ui.press("3")
        await ui.until(lambda: building.begun == 1)
        await ui.press("enter")
        opened = ui.explorer
        assert opened.focus.parent is not None
        building.go_on.set()
        await ui.pilot.pause(0.3)
        await ui.drawn()
        assert ui.explorer is opened
        assert ui.graph_screen.shown_step == 1


@pytest.mark.slow
async def test_a_graph_that_cannot_be_built_is_said_and_the_next_one_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(model: ModelSnapshot, document: str) -> Graph:
        raise GraphError(f"no graph of [{document}]")

    async with piloted() as ui:
        await ui.train()
        with monkeypatch.context() as patched:
            patched.setattr(ModelSnapshot, "graph", refuse)
            await ui.press("3")
            await ui.until(lambda: ui.notices)
        assert ui.notices == [f"no graph of [{ui.frame.result.document}]"]
        await ui.press("1")
        await ui.train()
        await ui.graph()
        assert ui.graph_screen.shown_step == 2


@pytest.mark.slow
async def test_a_view_that_cannot_be_laid_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise GraphError("no [layout]")

    async with piloted() as ui:
        await ui.train()
        await ui.graph()
        await ui.click_box("pos1")
        with monkeypatch.context() as patched:
            patched.setattr(graph_pane, "lay_out", refuse)
            await ui.press("enter")
            await ui.until(lambda: ui.notices == ["no [layout]"])
            assert ui.explorer.selected_box.kind == "scope"
            assert said(ui, SELECTED) == describe_box(ui.explorer).plain.rstrip()
        await ui.press("backspace")
        await ui.drawn()
