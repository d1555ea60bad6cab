"""Attention mode as a laboratory: what heads do, a weight opened, what-ifs, comparisons."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from textual.widgets import Input

from microgpt.debugger import DebugSession
from microgpt.debugger.console import Console
from microgpt.graph.graph import Graph
from microgpt.model.head_numbers import HeadNumbers
from microgpt.runs import Run, RunRecorder
from microgpt.train.head_survey import survey_heads
from tests.tui.piloted import LARGE, SMALL, Piloted, piloted
from tests.tui.small_run import small_training
from tui.dialogs.replacement import ReplacementScreen
from tui.modes import heads_mode
from tui.modes.attention_mode import AttentionScreen
from tui.widgets.cell_pane import CellPane, strongest
from tui.widgets.head_strip import HeadStrip
from tui.widgets.head_table import HeadTable, sparkline
from tui.widgets.heatmap import CELL_WIDTH, LABEL_WIDTH, HeadMatrix, Heatmap
from viz.maps.spans import cell_number
from viz.style import short_number


def graph_of(ui: Piloted) -> Graph:
    assert ui.frame.origin
    return ui.frame.origin.model.graph(ui.frame.origin.document)


def cells(ui: Piloted) -> list[list[str]]:
    """What stands in the heatmap, a list a query position."""
    lines = ui.text_of("#heatmap").splitlines()[2:-1]
    found = [line[LABEL_WIDTH + 1 : -1].replace("▸", " ").split() for line in lines]
    return [row for row in found if row]


async def measured(ui: Piloted) -> None:
    await ui.until(lambda: "documents · step" in ui.text or " documents " in ui.text)
    await ui.settle()


async def ask(ui: Piloted, typed: str) -> None:
    """Opens the dialog and types into it."""
    await ui.press("e")
    await ui.until(lambda: isinstance(ui.app.screen, ReplacementScreen))
    ui.app.screen.query_one(Input).value = typed


async def edited(ui: Piloted, key: str) -> tuple[float, float]:
    """Presses a key that makes a what-if, and gives the loss before and after."""
    screen = next(it for it in ui.app.screen_stack if isinstance(it, AttentionScreen))
    before = screen.shown
    await ui.press(key)
    await ui.until(lambda: screen.shown is not before and screen.shown.without)
    await ui.settle()
    return screen.shown.losses


def what_if(ui: Piloted, line: str) -> float:
    session = DebugSession(graph_of(ui), ui.frame.origin)
    Console(session).execute(line)
    graph = session.graph
    return float(graph.data[graph.root])


# -- what heads do ---------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
async def test_the_table_tells_what_was_measured(size: tuple[int, int]) -> None:
    training = small_training(lr=0.1)
    async with piloted(training, size=size) as ui:
        await ui.press("greater_than_sign")
        await ui.until(lambda: ui.step == 10)
        await ui.attention()
        await measured(ui)
        await ui.until(lambda: f"step {ui.step} " in ui.text_of(HeadTable))
        found = survey_heads(ui.frame.model, training.documents[:64])
        table = ui.text_of(HeadTable)
        assert f"on {found.n_documents} documents · step {ui.step}" in table
        for report in found.heads[0]:
            line = next(one for one in table.splitlines() if f"H{report.head} " in one)
            assert report.label in line
            assert f" {report.score:.2f} " in line
            assert f" {report.entropy:.1f} " in line
            assert f" {100 * report.entropy_share:.0f}% " in line
            assert f" {report.distance:.1f} " in line


def test_a_sparkline_keeps_to_its_bars() -> None:
    assert sparkline([-1.0, 0.0, 0.5, 2.0, float("nan")]) == "▁▁▅█·"


# -- where one begins ------------------------------------------------------------------------------


async def test_it_begins_with_the_last_position() -> None:
    """What the first one reads is itself, which tells nothing."""
    async with piloted(small_training("emma", "ava")) as ui:
        await ui.train()
        await ui.press("4")
        screen = ui.app.screen
        assert isinstance(screen, AttentionScreen)
        await ui.until(lambda: screen.shown)
        assert screen.position == len(screen.shown.tokens) - 1
        await ui.press("up")
        chosen = screen.position
        assert chosen == len(screen.shown.tokens) - 2


# -- kinds of numbers ------------------------------------------------------------------------------


async def test_each_view_shows_the_graphs_numbers() -> None:
    training = small_training("emma", n_layer=2, lr=0.1)
    async with piloted(training, size=LARGE) as ui:
        await ui.train(3)
        screen = await ui.attention()
        numbers = HeadNumbers.of(graph_of(ui))
        await ui.press("right", "right", "right")
        assert screen.head == (1, 1)
        for view, rows in (
            ("scores", numbers.scores(1, 1)),
            ("gradient", numbers.weight_grads(1, 1)),
        ):
            await ui.press("v")
            await ui.until(lambda view=view: screen.view == view and screen.shown.numbers)
            await ui.settle()
            assert cells(ui) == [[cell_number(number) for number in row] for row in rows]
        await ui.press("v")
        assert screen.view == "weights"
        assert cells(ui) == [
            [HeadMatrix((), ()).text(weight, 4) for weight in row] for row in numbers.weights(1, 1)
        ]


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
async def test_a_weight_opens(size: tuple[int, int]) -> None:
    training = small_training("emma", lr=0.1)
    async with piloted(training, size=size) as ui:
        await ui.train(3)
        screen = await ui.attention()
        await ui.press("right", *["down"] * 4, "enter")
        await ui.until(lambda: screen.query_one(CellPane).display)
        await ui.settle()
        row = screen.row_weights
        assert screen.source == max(range(5), key=lambda source: row[source])
        for key in ("left", *["right"] * 5, "left", "up"):
            await ui.press(key)
            position, source = screen.position, screen.source
            cell = HeadNumbers.of(graph_of(ui)).cell(0, 1, position, source)
            told = ui.text_of(CellPane)
            tokens = ("BOS", *"emma")
            title = f"{tokens[position]} ({position}) reads {tokens[source]} ({source})"
            assert title in told
            assert f"weight {cell.weight:.6f}" in told
            assert f"score {short_number(cell.score)}" in told
            if size == LARGE:
                for j in range(4):
                    numbers = (cell.q[j], cell.k[j], cell.products[j])
                    terms = " +".join(re.escape(short_number(number)) for number in numbers)
                    assert re.search(rf"{j} +{terms} ", told)
                assert f"grad {short_number(cell.weight_grad)}" in told
                assert "  ".join(map(short_number, cell.carried)) in told
                for token in (*strongest(cell)[0], *strongest(cell)[1]):
                    label = training.tokenizer.label(token)
                    assert f"{label} {cell.logits[token]:+.4f}" in told
        assert position == 3
        await ui.press("backspace")
        assert not screen.query_one(CellPane).display
        await ui.press("left")
        assert screen.head == (0, 0), "with no weight open, the arrows choose heads again"


async def test_an_open_weight_is_live() -> None:
    async with piloted(small_training("emma")) as ui:
        await ui.train()
        screen = await ui.attention()
        await ui.press("down", "down", "enter")
        await ui.until(lambda: screen.query_one(CellPane).display)
        await ui.press("full_stop")
        await ui.until(lambda: ui.step == 2 and screen.shown.origin.step == 2)
        await ui.settle()
        cell = HeadNumbers.of(graph_of(ui)).cell(0, 0, 2, screen.source)
        assert f"weight {cell.weight:.6f}" in ui.text_of(CellPane)


@pytest.mark.slow
async def test_clicks_open_and_select() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        await ui.train()
        screen = await ui.attention()
        await measured(ui)
        at = (LABEL_WIDTH + 1 + CELL_WIDTH + 1, 3 + 2)
        await ui.pilot.click(Heatmap, offset=at)
        await ui.until(lambda: screen.position == 3)
        assert screen.source == -1
        await ui.pilot.click(Heatmap, offset=at)
        await ui.until(lambda: screen.source == 1)
        await ui.press("backspace")
        await ui.pilot.click(HeadTable, offset=(4, 3))
        await ui.until(lambda: screen.head_index == 1)
        assert "▸L0 H1" in ui.text_of(HeadStrip)


async def test_while_training_runs_graphs_are_computed_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heads_mode, "SHARE", 1e-6)
    async with piloted(paused=False) as ui:
        screen = await ui.attention()
        await ui.press("v")
        await ui.until(lambda: screen.shown.numbers is not None)
        shown = screen.shown
        await ui.until(lambda: ui.step > shown.origin.step + 3)
        await ui.press("v")
        assert screen.shown is shown
        assert "d loss / d weight" in ui.text_of(Heatmap)
        screen._next_at = 0.0
        await ui.until(lambda: screen.shown is not shown)
        assert screen.shown.origin.step > shown.origin.step
        await ui.press("space")
        await ui.until(lambda: ui.frame.status == "paused")
        await ui.until(lambda: screen.shown.origin.step == ui.step)


# -- what if ---------------------------------------------------------------------------------------


async def test_a_head_is_zeroed_with_the_loss_in_place() -> None:
    async with piloted(small_training("emma", lr=0.1), size=LARGE) as ui:
        await ui.train(3)
        screen = await ui.attention()
        await measured(ui)
        await ui.press("right")
        before, after = await edited(ui, "z")
        assert before == ui.frame.result.loss
        assert after == what_if(ui, "zero pos*/layer0/attn/head1")
        told = f"✎ loss {before:.4f} → {after:.4f} ({after - before:+.4f})"
        assert told in ui.text_of(HeadTable)
        assert f"→ loss {after:.4f}" in ui.text.splitlines()[0], "as in every mode"
        await ui.press("U")
        await ui.until(lambda: not screen.shown.without)
        await ui.settle()
        assert "✎" not in ui.text


async def test_one_weight_is_zeroed_or_set() -> None:
    async with piloted(small_training("emma", lr=0.1), size=LARGE) as ui:
        await ui.train(3)
        screen = await ui.attention()
        await ui.press("down", "down", "down", "enter")
        await ui.until(lambda: screen.query_one(CellPane).display)
        await ui.press("left", "left", "left")
        before, after = await edited(ui, "z")
        line = "set pos3/layer0/attn/head0/softmax[0] = {}"
        assert after == what_if(ui, line.format("0.0"))
        assert screen.row_weights[0] == 0
        assert screen.row_weights[1:] == screen.shown.without.weights(0, 0)[3][1:]
        assert "0*" in ui.text_of(Heatmap)
        await ask(ui, "0.75")
        _, again = await edited(ui, "enter")
        assert again == what_if(ui, line.format("0.75"))
        assert screen.row_weights[0] == 0.75
        assert before == ui.frame.result.loss


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("mean", "mean pos*/layer0/attn/head0"),
        ("from nina", "patch pos*/layer0/attn/head0 from nina"),
        ("freeze", "patch pos*/layer0/attn/head0 from emma"),
    ],
)
async def test_a_head_is_replaced(typed: str, line: str) -> None:
    async with piloted(small_training("emma", "nina", lr=0.1), size=LARGE) as ui:
        await ui.train(3)
        await ui.press("d", *"emma", "enter")
        await ui.until(lambda: ui.frame.pinned == "emma" and ui.frame.result.document == "emma")
        await ui.attention()
        await ask(ui, typed)
        before, after = await edited(ui, "enter")
        assert after == what_if(ui, line)
        assert (after == before) is (typed == "freeze"), "it gives what it gave"


@pytest.mark.parametrize(
    ("typed", "told"),
    [("bogus", "none of zero, mean, freeze, from TEXT"), ("from xyz", "'x'"), ("", "none of")],
)
async def test_what_a_head_cannot_give_is_told_in_place(typed: str, told: str) -> None:
    async with piloted(small_training("emma")) as ui:
        await ui.train()
        screen = await ui.attention()
        await ask(ui, typed)
        await ui.press("enter")
        assert ui.app.screen is not screen
        assert told in ui.text
        await ui.press("escape")
        await ui.until(lambda: ui.app.screen is screen)
        assert not screen.shown.without


async def test_what_cannot_be_replaced_is_told() -> None:
    """A text that is too short for the positions there are."""
    async with piloted(small_training("emma")) as ui:
        await ui.train()
        screen = await ui.attention()
        await ask(ui, "from em")
        await ui.press("enter")
        await ui.until(lambda: ui.notices)
        assert "there is no pos4" in ui.notices[0]
        assert not screen.shown.without


# -- comparisons -----------------------------------------------------------------------------------


async def test_two_steps_are_compared() -> None:
    async with piloted(small_training("emma", lr=0.1), size=LARGE) as ui:
        await ui.train(2)
        screen = await ui.attention()
        await ui.press("m")
        await ui.until(lambda: screen.view == "change")
        was = HeadNumbers.of(graph_of(ui)).weights(0, 0)
        await ui.train(3)
        await ui.settle()
        now = screen.weights
        expected = [
            [round(100 * (a - b)) for a, b in zip(row, old, strict=False)]
            for row, old in zip(now, was, strict=True)
        ]
        assert [[0 if c == "·" else int(c) for c in row] for row in cells(ui)] == expected
        assert any(any(row) for row in expected)
        assert "change in points from step 2" in ui.text_of(Heatmap)
        await ui.press("m")
        assert screen.view == "weights"
        assert ui.app.at_hand.marked is None


async def test_two_texts_are_compared() -> None:
    async with piloted(small_training("emma", "noah", "ava", lr=0.1), size=LARGE) as ui:
        await ui.train(2)
        await ui.press("d", *"emma", "enter")
        await ui.until(lambda: ui.frame.pinned and ui.frame.result.document == "emma")
        screen = await ui.attention()
        was = screen.weights
        await ui.press("m")
        await ui.until(lambda: screen.view == "change")
        await ui.press("d")
        await ui.press("d", *"ava", "enter")
        await ui.until(lambda: ui.frame.pinned == "ava" and len(screen.shown.tokens) == 4)
        await ui.settle()
        changed = [
            [round(100 * (a - b)) for a, b in zip(row, old, strict=False)]
            for row, old in zip(screen.weights, was, strict=False)
        ]
        assert [[0 if c == "·" else int(c) for c in row] for row in cells(ui)] == changed
        assert "from step 2 “emma”" in ui.text_of(Heatmap)


@pytest.mark.slow
async def test_two_runs_are_compared(tmp_path: Path) -> None:
    path, other = tmp_path / "other.run", small_training("emma", num_steps=9, lr=0.3)
    with RunRecorder.create(path, other, corpus="small") as recorder:
        for losses in other.losses():
            recorder.record(losses)
    async with piloted(small_training("emma", lr=0.1), size=LARGE) as ui:
        await ui.train(2)
        screen = await ui.attention()
        for typed, step in ((f"{path}:4", 4), (str(path), 9)):
            await ui.press("M")
            await ui.settle()
            ui.app.screen.query_one(Input).value = typed
            await ui.press("enter")
            name = f"other.run, step {step}"
            await ui.until(lambda name=name: f"from {name}" in ui.text)
            with Run(path) as run:
                was = HeadNumbers.of(run.at(step).before.graph("emma")).weights(0, 0)
            expected = [
                [round(100 * (a - b)) for a, b in zip(row, old, strict=False)]
                for row, old in zip(screen.weights, was, strict=True)
            ]
            assert [[0 if c == "·" else int(c) for c in row] for row in cells(ui)] == expected
        await ui.press("M")
        ui.app.screen.query_one(Input).value = f"{path}:77"
        await ui.press("enter")
        await ui.until(lambda: any("no step 77" in notice for notice in ui.notices))
        assert screen.view == "change"
