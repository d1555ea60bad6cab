"""Attention mode: heads, positions and weights, as the step computed them."""

from __future__ import annotations

import re

import pytest

from microgpt import ModelSnapshot
from microgpt.model.transformer import forward
from tests.tui.piloted import LARGE, SMALL, Piloted, piloted
from tests.tui.small_run import small_training
from tui.modes.attention_mode import AttentionScreen
from tui.training.training_session import SPEEDS
from tui.widgets.head_strip import MUCH, HeadStrip
from tui.widgets.heatmap import CELL_WIDTH, LABEL_WIDTH, Heatmap
from tui.widgets.reading_pane import Reading, ribbons


def weights(ui: Piloted, layer: int, head: int, position: int) -> tuple[float, ...]:
    assert ui.frame.result
    return ui.frame.result.attention[layer][head][position]


def row_shown(ui: Piloted) -> list[tuple[int, str, float]]:
    """Sources, labels and weights as they stand in the pane of the selected row."""
    found = re.findall(r"^│ *(\d+) (\S+) +([01]\.\d{6})", ui.text_of("#row"), re.MULTILINE)
    return [(int(source), label, float(weight)) for source, label, weight in found]


def heatmap_shown(ui: Piloted) -> list[list[int]]:
    """The percentages in the heatmap, a list a query position."""
    lines = ui.text_of("#heatmap").splitlines()[2:-1]
    return [[int(n) for n in re.findall(r"\d+", line[LABEL_WIDTH + 1 : -1])] for line in lines]


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
async def test_the_numbers_are_the_steps_own(size: tuple[int, int]) -> None:
    async with piloted(small_training("emma", n_layer=2), size=size) as ui:
        await ui.train()
        screen = await ui.attention()
        labels = ui.frame.labels
        for layer, head in ((0, 0), (0, 1), (1, 0), (1, 1)):
            assert screen.head == (layer, head)
            for position in range(5):
                expected = weights(ui, layer, head, position)
                assert screen.position == position
                assert screen.row_weights == expected
                if size == LARGE:
                    assert row_shown(ui) == [
                        (source, labels[source], float(f"{weight:.6f}"))
                        for source, weight in enumerate(expected)
                    ]
                await ui.press("down")
            shown = heatmap_shown(ui)[:5]
            assert shown == [
                [round(100 * w) for w in weights(ui, layer, head, position)]
                for position in range(5)
            ]
            assert f"layer {layer} · head {head} · “emma” · step 1" in ui.text
            await ui.press(*["up"] * 4, "right")


@pytest.mark.slow
async def test_heads_go_round_and_round() -> None:
    async with piloted(small_training("emma", n_layer=2)) as ui:
        await ui.train()
        screen = await ui.attention()
        seen = []
        for key in ("right", "right", "right", "right", "left", "right", "left", "left"):
            await ui.press(key)
            seen.append(screen.head_index)
        assert seen == [1, 2, 3, 0, 3, 0, 3, 2]


async def test_positions_stop_at_both_ends() -> None:
    async with piloted(small_training("mia")) as ui:
        await ui.train()
        screen = await ui.attention()
        seen = []
        for key in ("up", "down", "down", "down", "down", "down", "up", "up", "up", "up"):
            await ui.press(key)
            seen.append(screen.position)
        assert seen == [0, 1, 2, 3, 3, 3, 2, 1, 0, 0]


async def test_the_selection_stays_while_training_goes_on() -> None:
    async with piloted(small_training("emma", "noah")) as ui:
        await ui.train()
        screen = await ui.attention()
        await ui.press("right", "down", "down")
        first = row_shown(ui)
        await ui.press("full_stop")
        await ui.until(lambda: ui.step == 2)
        assert (screen.head_index, screen.position) == (1, 2)
        assert [w for _, _, w in row_shown(ui)] == [float(f"{w:.6f}") for w in weights(ui, 0, 1, 2)]
        assert row_shown(ui) != first


async def test_a_shorter_document_moves_the_position_into_it() -> None:
    async with piloted(small_training("oliver", "a")) as ui:
        await ui.train()
        screen = await ui.attention()
        if ui.frame.result.document == "a":
            await ui.train()
        for _ in range(8):
            await ui.press("down")
        assert screen.position == 6
        await ui.train()
        assert ui.frame.result.document == "a"
        assert screen.position == 1
        assert screen.row_weights == weights(ui, 0, 0, 1)


async def test_it_is_live_while_training_runs() -> None:
    async with piloted(paused=False) as ui:
        await ui.attention()
        first = ui.step
        await ui.until(lambda: ui.step > first + 2)
        assert f"step {ui.step}" in ui.text_of("#heatmap")
        await ui.press("down")
        assert ui.mode.position == 1


@pytest.mark.slow
async def test_plus_minus_and_n_work_here_too() -> None:
    async with piloted() as ui:
        await ui.press("4")
        await ui.press("full_stop")
        await ui.until(lambda: ui.step == 1)
        await ui.press("minus")
        await ui.until(lambda: ui.frame.speed == SPEEDS[-2])
        await ui.press("plus")
        await ui.until(lambda: ui.frame.speed == 0.0)


async def test_the_untrained_model_is_there_before_any_step() -> None:
    training = small_training("emma", n_layer=2)
    parameters = training.state.data[:]
    async with piloted(training) as ui:
        await ui.press("4")
        screen = ui.app.screen
        assert isinstance(screen, AttentionScreen)
        await ui.until(lambda: screen.shown)
        await ui.press("right", "right", "up", "up")
        model = ModelSnapshot(training.model, training.tokenizer, parameters)
        tokens = model.tokenizer.encode("emma")
        computed = forward(tokens, model.parameters(), model.config, model.tokenizer)
        expected = computed.attention_weights()[1][0][2]
        assert list(screen.row_weights) == list(expected)
        assert [weight for _, _, weight in row_shown(ui)] == [
            float(f"{weight:.6f}") for weight in expected
        ]
        assert "· untrained" in ui.text_of("#heatmap")
        assert screen.export_job()
        await ui.train()
        assert screen.shown.moment == "step 1"
        assert list(screen.row_weights) == list(expected), "the first step computes just that"


# -- the reading of a position ---------------------------------------------------------------------


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
@pytest.mark.parametrize("document", ["emma", "christopherjohn"])
async def test_what_a_position_reads_is_told_in_words(document: str, size: tuple[int, int]) -> None:
    async with piloted(small_training(document, block_size=16), size=size) as ui:
        await ui.train()
        screen = await ui.attention()
        await ui.press("right", *["down"] * 3)
        tokens, row = screen.shown.tokens, screen.row_weights
        most = max(range(4), key=lambda source: row[source])
        name = "itself" if most == 3 else f"{tokens[most]} ({most})"
        told = ui.text_of("#row")
        assert f"{tokens[3]} reads {name} {100 * row[most]:.0f} %" in told
        for source, weight in enumerate(row):
            assert re.search(rf"│.*\b{round(100 * weight)}%", told), source
        assert "read by " in told


@pytest.mark.slow
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
async def test_sixteen_positions_are_all_in_sight(size: tuple[int, int]) -> None:
    """Beside the heatmap where there is room for both, else below it."""
    document = "christopherjohn"
    async with piloted(small_training(document, block_size=16), size=size) as ui:
        await ui.train()
        await ui.attention()
        await ui.press(*["down"] * 15)
        heatmap, pane = ui.app.screen.query_one("#heatmap"), ui.app.screen.query_one("#row")
        assert (heatmap.region.y == pane.region.y) is (size == LARGE)
        tokens = ["BOS", *document]
        for widget in ("#heatmap", "#row"):
            lines = [line.strip("│").split() for line in ui.text_of(widget).splitlines()]
            assert tokens in lines, widget


async def test_no_colour_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with piloted(small_training("emma"), size=LARGE) as ui:
        await ui.train()
        screen = await ui.attention()
        await ui.press(*["down"] * 3)
        for head in range(2):
            shown = ui.text_of("#heads").splitlines()[2:]
            for position in range(5):
                row = weights(ui, 0, head, position)
                line = shown[position // 2][2 + 7 * head :]
                marks = "▄█" if position % 2 else "▀█"
                assert [char in marks for char in line[:5]] == [
                    weight >= MUCH for weight in (*row, *[0.0] * (5 - len(row)))
                ]
        lines = ui.text_of("#row").splitlines()
        drawn = ribbons(Reading(("BOS", *"emma"), screen.weights, 3), 66, 30)
        for line, marks in zip(lines[3:], drawn, strict=False):
            assert line[1:-1].rstrip() == "".join(mark.text for mark in marks).rstrip()


# -- mouse -----------------------------------------------------------------------------------------


async def test_a_click_on_a_row_selects_the_position() -> None:
    async with piloted(small_training("emma")) as ui:
        await ui.train()
        screen = await ui.attention()
        for position in (3, 0, 4):
            await ui.pilot.click(Heatmap, offset=(LABEL_WIDTH + CELL_WIDTH, position + 2))
            await ui.until(lambda position=position: screen.position == position)
        await ui.pilot.click(Heatmap, offset=(LABEL_WIDTH + CELL_WIDTH, 1))  # the line of labels
        await ui.pilot.click(Heatmap, offset=(LABEL_WIDTH + CELL_WIDTH, 9))  # below the last row
        assert screen.position == 4


@pytest.mark.slow
@pytest.mark.parametrize("corner", ["upper left", "lower right"])
async def test_a_click_on_a_head_selects_it(corner: str) -> None:
    """Also on a head of a further row, where the window is too narrow for all in one."""
    async with piloted(small_training("emma", n_head=4, n_layer=4), size=(60, 60)) as ui:
        await ui.train()
        screen = await ui.attention()
        strip = ui.app.screen.query_one(HeadStrip)
        per_row = strip._per_row()
        assert 1 < per_row < 16
        inside = strip.content_region.offset - strip.region.offset
        within = (0, 0)
        if corner == "lower right":
            within = (strip._head_width - 1, strip._head_height - 1)
        for head in (1, per_row, 0, per_row + 1, 11):
            row, column = divmod(head, per_row)
            x = inside.x + column * strip._head_width + within[0]
            y = inside.y + row * strip._head_height + within[1]
            await ui.pilot.click(HeadStrip, offset=(x, y))
            await ui.until(lambda head=head: screen.head_index == head)
            assert f"▸L{head // 4} H{head % 4}" in ui.text
        beyond = (inside.x + per_row * strip._head_width, inside.y)
        await ui.pilot.click(HeadStrip, offset=beyond)
        assert screen.head_index == 11, "right of the last head of a row there is none"


# -- windows that are too small --------------------------------------------------------------------


async def test_the_selected_row_is_scrolled_into_sight() -> None:
    document = "abcdefghijklmnopqrstuvwxyz"
    async with piloted(small_training(document, block_size=32)) as ui:
        await ui.train()
        screen = await ui.attention()
        heatmap = ui.app.screen.query_one(Heatmap)
        for _ in range(26):
            await ui.press("down")
        assert screen.position == 26
        assert heatmap.scroll_offset.y > 0
        shown = ui.text_of("#heatmap").splitlines()
        assert heatmap.scroll_offset.x > 0, "what it reads of itself is in sight"
        assert shown[1].rstrip("│ ").endswith("z"), "the sources' labels stay on top"
        assert "▸  z" in ui.text_of("#heatmap")
