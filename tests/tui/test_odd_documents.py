"""Documents that look like markup, are long, wide or empty of letters: shown as they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.cells import cell_len
from textual.widgets._toast import Toast

from tests.tui.piloted import LARGE, SMALL, Piloted, piloted
from tests.tui.small_run import small_training
from tui.widgets.heatmap import Heatmap

PICTURES = "microgpt-*.svg"
"""Of what is being written, only what is whole."""
MARKUP = ("[bold]", "a]b[", "[/]", "[/b", "[ b]", "[$x]", "x\\", "[@click=q]x[/]")
ODD = ("a", "é漢字🙂🙂 b", "a\tb\x0bc\x0cd", "\x1b[31m\x00b", "\x9b31m\rb\x07")


async def each_document(ui: Piloted, documents: tuple[str, ...]) -> AsyncIterator[str]:
    """Trains on each document once; leaves the caller in Graph mode, at its overview."""
    seen = set()
    for _ in documents:
        await ui.press("1")
        await ui.train()
        assert ui.frame.result
        seen.add(ui.frame.result.document)
        await ui.press("3", "r")
        await ui.until(lambda: ui.graph_screen.shown_step == ui.step)
        await ui.graph()
        ui.app.clear_notifications()  # they would cover the frame's corner
        await ui.until(lambda: not ui.app.screen.query(Toast))
        yield ui.frame.result.document
    assert seen == set(documents)


@pytest.mark.slow
async def test_markup_is_text(tmp_path: Path) -> None:
    async with piloted(small_training(*MARKUP), size=LARGE, folder=tmp_path) as ui:
        async for document in each_document(ui, MARKUP):
            assert f"“{document}”" in ui.text_of("#middle")
            assert f"pos0 BOS → {ui.frame.labels[1]}" in ui.text_of("BoxTree")
            await ui.press("s")
            assert f"“{document}”" in ui.text_of("#middle")
            await ui.press("x", "4", "x")
            assert f"“{document}”" in ui.text_of("#heatmap")
            await ui.press("1", "x")
            assert f"“{document}”" in ui.text_of("#document")
        await ui.until(lambda: len(list(tmp_path.glob(PICTURES))) == 3 * len(MARKUP))
        for path in tmp_path.glob(PICTURES):
            ET.parse(path)


@pytest.mark.slow
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
async def test_any_character_can_be_in_a_document(size: tuple[int, int], tmp_path: Path) -> None:
    """No control character reaches the terminal, and no line comes out of step."""
    async with piloted(small_training(*ODD), size=size, folder=tmp_path) as ui:

        def check() -> None:
            for line in ui.text.splitlines():
                assert line.isprintable()
                assert cell_len(line) == size[0]

        async for _ in each_document(ui, ODD):
            check()
            await ui.press("x", "left", "enter", "home", "s")
            await ui.drawn()
            check()
            await ui.press("4", "x", "down", "right")
            check()
            await ui.press("1", "x")
            check()
        await ui.until(lambda: len(list(tmp_path.glob(PICTURES))) == 3 * len(ODD))
        for path in tmp_path.glob(PICTURES):
            ET.parse(path)


@pytest.mark.slow
async def test_a_document_longer_than_the_block_is_read_as_far_as_it_fits() -> None:
    document = "abcdefghijkl"
    async with piloted(small_training(document, block_size=4), size=LARGE) as ui:
        await ui.train()
        assert ui.frame.labels == ("BOS", "a", "b", "c", "d")
        assert f"“{document}”" in ui.text_of("#document")
        await ui.graph()
        assert [b.key for b in ui.explorer.view.inside if b.key.startswith("pos")] == [
            "pos0", "pos1", "pos2", "pos3",
        ]  # fmt: skip
        await ui.attention()
        for _ in range(6):
            await ui.press("down")
        assert ui.mode.position == 3


@pytest.mark.slow
async def test_a_block_of_one_position() -> None:
    async with piloted(small_training("emma", block_size=1)) as ui:
        await ui.train()
        await ui.graph()
        await ui.press("enter", "home", "s", "end", "S")
        await ui.attention()
        await ui.press("down", "right", "up", "left")
        assert ui.mode.row_weights == (1.0,)


@pytest.mark.slow
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
async def test_more_positions_than_the_window_is_wide(size: tuple[int, int]) -> None:
    document = "abcdefghijklmnopqrstuvwxyz" * 2
    async with piloted(small_training(document, block_size=64), size=size) as ui:
        await ui.train()
        assert len(ui.frame.result.position_losses) == 53
        for line in ui.text.splitlines():
            assert len(line) == size[0]
        await ui.attention()
        heatmap = ui.app.screen.query_one(Heatmap)
        assert heatmap.virtual_size.width > heatmap.size.width
        await ui.graph()
        assert len(ui.explorer.view.inside) <= 40
