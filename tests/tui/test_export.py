"""`x`: the current view as an SVG file that nothing overwrites, and where it is."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.tui.piloted import LARGE, SMALL, Piloted, piloted
from tests.tui.small_run import small_training

MODES = {"1": "train", "2": "map", "3": "graph", "4": "attention"}


async def go_to(ui: Piloted, key: str) -> None:
    await ui.train()
    await (ui.graph() if key == "3" else ui.map() if key == "2" else ui.press(key))
    await ui.until(lambda: ui.step == 1)


async def export(ui: Piloted) -> Path:
    before = ui.app.exported
    await ui.press("x")
    await ui.until(lambda: ui.app.exported != before)
    assert ui.app.exported
    return ui.app.exported


def words_of(path: Path) -> str:
    root = ET.parse(path).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    return "".join(root.itertext()).replace("\xa0", " ")


@pytest.mark.slow
@pytest.mark.parametrize("key", MODES)
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
async def test_x_writes_an_svg_and_says_where(
    key: str, size: tuple[int, int], tmp_path: Path
) -> None:
    async with piloted(small_training("emma"), size=size, folder=tmp_path) as ui:
        await go_to(ui, key)
        path = await export(ui)
        assert path == tmp_path / f"microgpt-{MODES[key]}-step1.svg"
        assert [p.name for p in tmp_path.iterdir()] == [path.name]
        assert str(path.resolve()) in ui.notices
        assert "emma" in words_of(path)


async def test_the_picture_of_the_screen_keeps_its_spaces(tmp_path: Path) -> None:
    async with piloted(small_training("emma"), folder=tmp_path) as ui:
        await go_to(ui, "1")
        root = ET.parse(await export(ui)).getroot()
        assert root.get("{http://www.w3.org/XML/1998/namespace}space") == "preserve"


@pytest.mark.slow
async def test_the_picture_of_the_graph_is_the_boxes_in_sight(tmp_path: Path) -> None:
    async with piloted(small_training("emma"), folder=tmp_path) as ui:
        await go_to(ui, "3")
        await ui.press("home", "s", "s")
        await ui.drawn()
        words = words_of(await export(ui))
        for box in ui.explorer.view.inside:
            assert box.label in words


async def test_nothing_is_overwritten(tmp_path: Path) -> None:
    async with piloted(small_training("emma"), folder=tmp_path) as ui:
        await go_to(ui, "4")
        written: dict[str, bytes] = {}
        for number in range(1, 5):
            path = await export(ui)
            assert path.stem == f"microgpt-attention-step1{'' if number == 1 else f'-{number}'}"
            assert path.name not in written
            written[path.name] = path.read_bytes()
        assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == written


@pytest.mark.slow
async def test_nothing_is_overwritten_however_fast_x_is_pressed(tmp_path: Path) -> None:
    async with piloted(small_training("emma"), folder=tmp_path) as ui:
        await go_to(ui, "4")
        for _ in range(4):
            ui.app.simulate_key("x")
        await ui.until(lambda: len(ui.notices) == 4)
        assert len(set(ui.notices)) == 4
        assert {str(path.resolve()) for path in tmp_path.iterdir()} == set(ui.notices)


@pytest.mark.slow
@pytest.mark.parametrize("key", MODES)
async def test_a_folder_that_cannot_be_written_is_said(key: str, tmp_path: Path) -> None:
    missing = tmp_path / "no [such] folder"
    async with piloted(small_training("emma"), folder=missing) as ui:
        await go_to(ui, key)
        await ui.press("x")
        await ui.until(lambda: ui.notices)
        assert len(ui.notices) == 1
        assert str(missing) in ui.notices[0]
        assert ui.app.exported is None
        assert not list(tmp_path.iterdir())
        missing.mkdir()
        assert (await export(ui)).parent == missing


async def test_a_file_in_the_folders_place_is_said(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    async with piloted(small_training("emma"), folder=file) as ui:
        await go_to(ui, "1")
        await ui.press("x")
        await ui.until(lambda: ui.notices)
        assert ui.app.exported is None
        assert file.read_text() == "mine"


async def test_markup_in_the_folders_name_is_shown_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "[bold]a"
    folder.mkdir()
    async with piloted(small_training("emma"), size=(200, 30), folder=folder) as ui:
        await go_to(ui, "4")
        await export(ui)
        await ui.until(lambda: "[bold]a" in ui.text.replace("\n", ""))


async def test_the_palette_is_not_in_the_picture(tmp_path: Path) -> None:
    async with piloted(small_training("emma"), folder=tmp_path) as ui:
        await go_to(ui, "1")
        await ui.press("ctrl+p", *"export")
        await ui.until(lambda: "Write this view" in ui.text)
        await ui.pilot.pause(0.2)
        await ui.press("enter")
        await ui.until(lambda: ui.app.exported)
        words = words_of(ui.app.exported)
        assert "emma" in words
        assert "Write this view" not in words
        assert "Search" not in words


@pytest.mark.slow
async def test_by_default_it_goes_to_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with piloted(small_training("emma")) as ui:
        await go_to(ui, "4")
        assert (await export(ui)).resolve() == tmp_path / "microgpt-attention-step1.svg"
