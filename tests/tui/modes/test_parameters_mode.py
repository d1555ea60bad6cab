"""Parameters mode: what it shows is what the step computed, wherever one has gone in time."""

from __future__ import annotations

import math
import random
import re
import time
from pathlib import Path

import numpy as np
import pytest

from microgpt import ModelSnapshot
from microgpt.autograd.bindings import ParameterBinding
from microgpt.runs import Run, RunRecorder
from microgpt.train.graph_origin import GraphOrigin
from tests.tui.debugger.test_script_app import SCALAR
from tests.tui.piloted import LARGE, SMALL, Driven, Piloted, piloted
from tests.tui.small_run import small_training
from tui.debugger.graph_app import GraphApp
from tui.keys import LIVE_KEYS, PARAMETERS
from tui.modes.graph_mode import GraphScreen
from tui.modes.parameters_mode import ParametersScreen
from tui.training.program_parameters import NO_GROUPS
from tui.training.shown_parameters import ALL_KINDS, LOGARITHMIC
from tui.widgets.parameter_heatmap import ParameterHeatmap
from tui.widgets.parameters_pane import ParametersPane
from viz.style import DECADES

NUMBER = r"-?\d[\d.]*(?:e[+-]?\d+)?"


def told(ui: Driven) -> dict[str, float]:
    """The numbers beside the heatmap, by their kind."""
    found = re.findall(rf"[▸ ]([a-z]+(?: [mv])?) +({NUMBER})", ui.text_of("#entry"))
    return {kind: float(number) for kind, number in found if kind in ALL_KINDS}


def grad_in_graph(ui: Piloted, name: str) -> float:
    origin = ui.frame.origin
    assert origin
    graph = origin.model.graph(origin.document)
    return float(graph.grad[graph.find(name)])


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_the_number_at_the_cursor_is_told_in_full(size: tuple[int, int]) -> None:
    async with piloted(small_training("emma"), size=size) as ui:
        await ui.train(2)
        screen = await ui.parameters()
        await ui.press(*["pagedown"] * 4, "down", "right", "right")
        assert screen.pane.entry == "layer0.attn_wk[1][2]"
        shown = told(ui)
        assert list(shown) == list(ALL_KINDS)
        origin = ui.frame.origin
        assert shown["gradient"] == grad_in_graph(ui, "layer0.attn_wk[1][2]")
        flat = ModelSnapshot.parameters(origin.model).flat
        place = next(at for at, leaf in enumerate(flat) if leaf.name == "layer0.attn_wk[1][2]")
        assert shown["data"] == origin.state.data[place]
        after = ui.frame.after
        assert shown["update"] == after.data[place] - origin.state.data[place]


async def test_signs_and_sizes_stand_in_the_cells() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        await ui.train()
        screen = await ui.parameters()
        for kind in ALL_KINDS:
            assert screen.pane.kind == kind
            heatmap = screen.query_one(ParameterHeatmap)
            assert kind in str(heatmap.border_title)
            numbers = screen.pane.matrix.numbers[kind]
            largest = max(abs(x) for x in numbers.ravel().tolist())
            assert float(re.search(rf"9 is ({NUMBER})", str(heatmap.border_subtitle))[1]) == (
                pytest.approx(largest, rel=5e-3)
            )
            lines = ui.text_of(ParameterHeatmap).splitlines()[2:]
            n_compared = 0
            for row, line in zip(numbers.tolist(), lines[: len(numbers)], strict=False):
                cells = re.findall(r"[+\- ][\d·]", line[7 : 7 + 2 * len(row)])
                assert len(cells) == len(row)
                for x, cell in zip(row, cells, strict=True):
                    if x == 0:
                        assert cell == " ·"
                        continue
                    size = abs(x) / largest
                    if kind in LOGARITHMIC:
                        size = max(0.0, 1 + math.log10(size) / DECADES)
                    assert cell[0] == ("-" if x < 0 else "+")
                    assert abs(9 * size - int(cell[1])) <= 0.5 + 1e-9
                    n_compared += 1
            assert n_compared > 20
            await ui.press("v")
        assert screen.pane.kind == "data"


async def test_ratios_stand_in_the_table_on_an_axis() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        await ui.train(2)
        screen = await ui.parameters()
        lines = ui.text_of("#parameter-table").splitlines()
        for matrix in screen.pane.shown.matrices:
            line = next(line for line in lines if f" {matrix.name} " in line)
            *_, ratio = re.findall(rf"(?<= ){NUMBER}(?= )", line.split("[")[0])
            assert float(ratio) == pytest.approx(matrix.ratio, rel=1e-3)
            is_above = line.index("●") > lines[2].index("]") and matrix.ratio > 1e-2
            assert ("▴" in line) == is_above


async def test_it_follows_time_travel_and_training() -> None:
    async with piloted(small_training("emma", "ava"), size=LARGE) as ui:
        await ui.train(3)
        screen = await ui.parameters()
        now = told(ui)
        await ui.press("comma", "comma")
        await ui.until(lambda: ui.step == 1 and screen.pane.shown.moment == "untrained")
        await ui.settle()
        then = told(ui)
        assert then != now
        assert then["gradient"] == grad_in_graph(ui, screen.pane.entry)
        await ui.press("L")
        await ui.until(lambda: screen.pane.shown.moment == "step 3")
        await ui.settle()
        assert told(ui) == now
        await ui.press("space")
        await ui.until(lambda: ui.frame.live_step > 30)
        await ui.press("space")
        await ui.until(lambda: ui.frame.status == "paused")
        await ui.until(lambda: screen.pane.shown.moment == f"step {ui.step}")


async def test_a_recorded_run_is_scrubbed(tmp_path: Path) -> None:
    training = small_training("emma", "mia", num_steps=12)
    with RunRecorder.create(tmp_path / "small.run", training) as recorder:
        for losses in training.losses():
            recorder.record(losses)
    async with piloted(Run(tmp_path / "small.run", "value"), size=LARGE) as ui:
        await ui.until(lambda: ui.mode.frame)
        screen = await ui.parameters()
        for step in (11, 10):
            await ui.press("comma")
            await ui.until(lambda step=step: screen.pane.shown.moment == f"step {step}")
            await ui.settle()
            assert told(ui)["gradient"] == grad_in_graph(ui, screen.pane.entry)


async def test_a_what_if_shows_and_has_no_update() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        await ui.train()
        await ui.map()
        await ui.press("colon", *"zero layer0.mlp_fc1", "enter")
        await ui.until(lambda: "✎" in ui.text)
        await ui.press("escape")
        screen = await ui.parameters()
        await ui.press(*["pagedown"] * 7)
        assert screen.pane.matrix_name == "layer0.mlp_fc1"
        grads = screen.pane.matrix.numbers["gradient"]
        assert told(ui) == {"data": 0.0, "gradient": float(grads[0, 0])}
        graph = ui.app.at_hand.step.explorer.graph
        read = [
            (binding.row, binding.col, graph.grad[node])
            for node, binding in graph.bindings.items()
            if isinstance(binding, ParameterBinding) and binding.matrix == "layer0.mlp_fc1"
        ]
        assert all(grads[r, c] == grad for r, c, grad in read)
        assert "no update" in ui.text
        await ui.press("U")
        await ui.until(lambda: list(told(ui)) == list(ALL_KINDS))


async def edited_parameters(ui: Piloted) -> tuple[GraphOrigin, ParametersScreen]:
    """The step at hand with a block's weights at 0, and its matrices."""
    await ui.map()
    await ui.press("colon", *"zero layer0.mlp_fc1", "enter")
    await ui.until(lambda: "✎" in ui.text)
    await ui.press("escape")
    edited = ui.app.at_hand.step.origin
    return edited, await ui.parameters()


async def test_a_what_if_never_stands_under_another_step(monkeypatch: pytest.MonkeyPatch) -> None:
    async with piloted(small_training("emma", "ava"), size=LARGE) as ui:
        await ui.train(3)
        edited, screen = await edited_parameters(ui)
        seen = []
        show = screen.pane.show
        monkeypatch.setattr(screen.pane, "show", lambda shown: seen.append(shown) or show(shown))
        await ui.press("comma")
        await ui.until(lambda: screen.pane.shown.moment == "step 2")
        assert screen.pane.shown.kinds == ALL_KINDS
        await ui.press("L")
        await ui.until(lambda: "✎" in screen.pane.shown.note)
        assert screen.pane.shown.moment == f"step {edited.step}"
        with_what_if = [shown for shown in seen if shown.kinds != ALL_KINDS]
        assert with_what_if
        graph = ui.app.at_hand.step.explorer.graph
        wpe = {
            (binding.row, binding.col): float(graph.data[node])
            for node, binding in graph.bindings.items()
            if isinstance(binding, ParameterBinding) and binding.matrix == "wpe"
        }
        for shown in with_what_if:
            assert shown.key == edited.key
            numbers = shown.matrices[shown.find("wpe")].numbers["data"]
            assert {at: numbers[at] for at in wpe} == wpe
            unread = next(at for at in np.ndindex(numbers.shape) if at not in wpe)
            place = len(shown.matrices[0].numbers["data"].ravel()) + numbers.shape[1] * unread[0]
            assert numbers[unread] == edited.state.data[place + unread[1]]


async def test_while_training_goes_on_a_what_if_is_shown_with_its_own_step() -> None:
    async with piloted(small_training("emma", "ava"), size=LARGE) as ui:
        await ui.train(2)
        edited, screen = await edited_parameters(ui)
        await ui.press("full_stop", "full_stop")
        await ui.until(lambda: ui.frame.live_step == 4)
        await ui.until(lambda: screen.pane.shown.key == edited.key)
        await ui.settle()
        assert screen.pane.shown.moment == f"step {edited.step}"
        assert screen.pane.shown.kinds == ("data", "gradient")
        await ui.press("U")
        await ui.until(lambda: screen.pane.shown.moment == "step 4")
        assert screen.pane.shown.kinds == ALL_KINDS


async def test_dead_units_are_marked() -> None:
    training = small_training("emma", "ava")
    shapes = training.model.shapes(training.tokenizer.vocab_size)
    first = 0
    for name, (rows, columns) in shapes.items():
        if name == "layer0.mlp_fc1":
            for at in range(first + 2 * columns, first + 3 * columns):
                training.state.data[at] = 0.0
        first += rows * columns
    async with piloted(training, size=LARGE) as ui:
        screen = await ui.parameters()  # untrained
        await ui.press(*["pagedown"] * 7)
        assert screen.pane.matrix_name == "layer0.mlp_fc1"
        dead, are_columns = screen.pane.shown.dead_units(screen.pane.matrix)
        assert 2 in dead
        assert not are_columns
        assert "✗   2" in ui.text_of(ParameterHeatmap)
        said = re.search(
            r"✗ dead: (\d+) units, off at all ([\d,]+)\s+positions",
            ui.text_of("#entry").replace("│", ""),
        )
        assert said
        assert int(said[1]) == len(dead)
        assert int(said[2]) == screen.pane.shown.units.n_positions
        await ui.press("pagedown")
        assert "✗" in ui.text_of(ParameterHeatmap).splitlines()[1], "a column of the next matrix"


async def test_a_large_matrix_scrolls_or_is_pooled_and_says_so() -> None:
    async with piloted(small_training("emma", n_embd=64, n_head=2), size=SMALL) as ui:
        screen = await ui.parameters()
        await ui.press("pageup")
        pane = screen.pane
        assert pane.matrix.shape == (64, 256)
        heatmap = screen.query_one(ParameterHeatmap)
        rows, columns = heatmap.in_sight
        assert 10 < len(rows) < 64
        assert 10 < len(columns) < 256
        for _ in range(30):
            pane.action_entry(3, 9)
        await ui.settle()
        rows, columns = heatmap.in_sight
        row, column = pane.cursor
        assert (row, column) == (63, 255)
        assert row in rows
        assert column in columns
        assert f"rows {rows.start}–63 of 64" in str(heatmap.border_subtitle)
        heatmap.scroll_to(y=5, animate=False)
        await ui.settle()
        assert f"rows 5–{5 + len(rows) - 1} of 64" in str(heatmap.border_subtitle), "the wheel's"
        await ui.press("W")
        assert "a cell: the largest of" in str(heatmap.border_subtitle)
        drawn = heatmap._drawn
        high, wide = drawn.pooling.block
        assert (high, wide) != (1, 1)
        block = pane.matrix.numbers["data"][:high, :wide]
        assert drawn.values[0, 0] == block.ravel()[np.abs(block).argmax()]
        await ui.press("left")
        at = pane.cursor
        assert pane.matrix.numbers["data"][at] == drawn.values[drawn.pooling.cell_of(*at)]
        await ui.press("W")
        assert heatmap._drawn.pooling.is_whole


async def test_a_number_selected_elsewhere_is_in_sight() -> None:
    async with piloted(small_training("emma", n_embd=16), size=LARGE) as ui:
        await ui.train()
        name = "layer0.mlp_fc2[0][60]"
        ui.app.select(ui.app.selection.with_node(name, matrix="layer0.mlp_fc2"))
        screen = await ui.parameters()
        assert screen.pane.entry == name
        heatmap = screen.query_one(ParameterHeatmap)
        columns = heatmap.in_sight[1]
        assert 60 in columns
        assert len(columns) < 64
        assert f"columns {columns.start}–{columns.stop - 1} of 64" in str(heatmap.border_subtitle)
        lines = ui.text_of(ParameterHeatmap).splitlines()
        assert lines[2][lines[1].index("▾")].isdecimal()


async def test_a_key_that_moves_the_cursor_draws_the_matrix_no_second_time() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        screen = await ui.parameters()
        heatmap = screen.query_one(ParameterHeatmap)
        drawn = heatmap._drawn
        await ui.press("right", "down")
        assert heatmap._drawn is drawn
        await ui.press("v")
        assert heatmap._drawn.kind == "gradient"
        await ui.press("pagedown")
        assert heatmap._drawn.matrix is screen.pane.matrix
        await ui.press("W")
        assert heatmap._drawn.matrix is screen.pane.matrix


async def test_enter_goes_to_the_scalar() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        await ui.train()
        screen = await ui.parameters()
        await ui.press(*["pagedown"] * 3, "down", "right", "enter")
        await ui.until(lambda: isinstance(ui.app.screen, GraphScreen) and ui.app.screen.explorer)
        graph = ui.explorer.graph
        await ui.until(lambda: ui.explorer.selected_box.kind == "node")
        assert graph.name(ui.explorer.selected_box.node) == "layer0.attn_wq[1][1]"
        await ui.press("left_square_bracket")
        await ui.until(lambda: ui.app.screen is screen)
        assert screen.pane.entry == "layer0.attn_wq[1][1]"


async def test_what_is_opened_is_what_was_there_when_it_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        await ui.train()
        screen = await ui.parameters()
        await ui.press(*["pagedown"] * 3, "down", "right")
        selected = []
        go_to = ui.app.go_to
        monkeypatch.setattr(
            ui.app, "go_to", lambda each, **to: selected.append(each) or go_to(each, **to)
        )
        screen.pane.action_open()
        screen.pane.action_matrix(1)  # before the message is there
        await ui.until(lambda: isinstance(ui.app.screen, GraphScreen) and ui.app.screen.explorer)
        (opened,) = selected
        assert (opened.node, opened.matrix) == ("layer0.attn_wq[1][1]", "layer0.attn_wq")


async def test_a_number_that_the_text_does_not_read_is_said_to_be_in_no_graph() -> None:
    async with piloted(small_training("emma", "zoe"), size=LARGE) as ui:
        await ui.train()
        document = ui.frame.origin.document
        screen = await ui.parameters()
        unread = next(
            at for at, label in enumerate(screen.pane.matrix.row_labels)
            if label not in (*document, "BOS")
        )  # fmt: skip
        await ui.press(*["down"] * unread, "enter")
        assert (
            ui.notices[-1]
            == f"wte[{unread}][0] is not read by “{document}”: it is in no graph of it"
        )
        assert ui.app.screen is screen


async def test_clicks_choose() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        screen = await ui.parameters()
        await ui.pilot.click("#parameter-table", offset=(5, 5))
        await ui.settle()
        assert screen.pane.place == 3
        await ui.pilot.click("#matrix", offset=(7 + 2 * 3, 2 + 2))
        await ui.settle()
        assert screen.pane.cursor == (2, 3)
        assert ui.app.selection.node == "layer0.attn_wq[2][3]"


@pytest.mark.slow
async def test_any_keys_in_any_order_break_nothing() -> None:
    rng = random.Random(7)
    keys = [press for key in (*PARAMETERS.keys, *LIVE_KEYS) for press in key.keys.split(",")]
    keys = [*keys, "t", "comma", "full_stop", "left_square_bracket", "right_square_bracket", "Y"]
    async with piloted(small_training("emma", "ava"), size=SMALL) as ui:
        await ui.train(2)
        await ui.parameters()
        for _ in range(120):
            began = time.perf_counter()
            await ui.press(rng.choice(keys))
            assert time.perf_counter() - began < 5
            if rng.random() < 0.05:
                await ui.pilot.resize_terminal(*rng.choice([(40, 12), (80, 24), (120, 40), (3, 2)]))
            if not isinstance(ui.app.screen, ParametersScreen):
                await ui.press("6")
        await ui.pilot.resize_terminal(*SMALL)
        screen = await ui.parameters()
        await ui.until(lambda: "data" in told(ui))
        assert told(ui)["data"] == float(screen.pane.matrix.numbers["data"][screen.pane.cursor])


# -- one document, and programs ----------------------------------------------------------------


def alone(graph_of: str) -> GraphApp:
    from microgpt.debugger import DebugSession

    return GraphApp(DebugSession(ModelSnapshot.of(small_training()).graph(graph_of)), graph_of)


async def test_of_one_document_there_are_data_and_gradients() -> None:
    app = alone("ava")
    async with app.run_test(size=LARGE) as pilot:
        ui = Driven(app, pilot)
        await ui.press("6")
        await ui.until(lambda: ui.app.screen.query(ParametersPane))
        pane = ui.app.screen.query_one(ParametersPane)
        await ui.until(lambda: pane.matrix)
        assert pane.shown.kinds == ("data", "gradient")
        await ui.press("pagedown", "down", "v")
        graph = app._session.graph
        node = graph.find(pane.entry)
        assert told(ui) == {"data": graph.data[node], "gradient": graph.grad[node]}
        await ui.press("enter")
        await ui.until(lambda: len(app.screen_stack) == 1)
        explorer = app.query_one("DebuggerPane").explorer
        assert explorer.selected_box.node == node


async def test_of_a_program_whose_parameters_have_no_names_it_says_so(tmp_path: Path) -> None:
    from microgpt.attach import ScriptProcess
    from tui.debugger.debugger_pane import DebuggerPane
    from tui.debugger.script_app import ScriptApp

    path = tmp_path / "plain.py"
    path.write_text(SCALAR + "\nloss = (lambda: Scalar(2.0) * Scalar(3.0))()\nloss.backward()\n")
    with ScriptProcess(path) as script:
        app = ScriptApp(script)
        async with app.run_test(size=LARGE) as pilot:
            ui = Driven(app, pilot)
            await ui.until(lambda: app.query_one(DebuggerPane).explorer)
            await ui.press("6")
            await ui.until(lambda: ui.app.screen.query(ParametersPane))
            await ui.settle()
            said = " ".join(ui.text_of("#entry").replace("│", " ").split())
            assert NO_GROUPS in said
            await ui.press("v", "down", "enter", "pagedown", "W", "escape")
            await ui.until(lambda: len(app.screen_stack) == 1)
