"""The table of modes: what a file and a row are enough for."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.widget import Widget
from textual.widgets import Static

import tui.app
from tests.tui.piloted import LARGE, Driven
from tests.tui.small_run import small_training
from tui import modes
from tui.dialogs.help import HelpScreen
from tui.keys import Key, bindings_for
from tui.modes.mode_screen import ModeScreen
from tui.training.run_frame import RunFrame
from tui.widgets.status_bar import StatusBar


class MapScreen(ModeScreen):
    """A mode as a file of its own would bring it."""

    MODE = "map"
    TOOLTIP = "Map mode: the whole step at a glance"
    KEYS = (Key("z", "zoom", "Zoom", "Look closer at the map"),)
    BINDINGS = bindings_for(KEYS)

    zoomed = 0

    def body(self) -> Widget:
        return Static(id="map")

    def show_result(self, frame: RunFrame) -> None:
        assert frame.result
        self.query_one("#map", Static).update(f"map of step {frame.result.step}")

    def action_zoom(self) -> None:
        self.zoomed += 1

    def export_job(self) -> tuple[str, Callable[[Path], None]] | None:
        return "map", lambda path: path.with_suffix(".txt").write_text("map") and None


@pytest.fixture
def app_class(monkeypatch: pytest.MonkeyPatch) -> type[tui.app.MicrogptApp]:
    """The app as it is made of a table that has one row more, in the middle."""
    first, *others = modes.MODES
    monkeypatch.setattr(modes, "MODES", (first, MapScreen, *others))
    return runpy.run_path(tui.app.__file__)["MicrogptApp"]


async def test_a_row_makes_a_mode(app_class: type[tui.app.MicrogptApp], tmp_path: Path) -> None:
    app = app_class(small_training(), tmp_path, paused=True)
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        ui = Driven(app, pilot)
        await ui.press("2")
        await ui.until(lambda: isinstance(app.screen, MapScreen))
        assert ui.text_of(StatusBar).startswith(" 1 Train  2 Map  3 Graph  4 Attention ")
        await ui.press("1", "n", "2")
        await ui.until(lambda: "map of step 1" in ui.text)
        await ui.press("z")
        assert app.screen.zoomed == 1
        assert "Zoom" in ui.text.splitlines()[-1]
        offered = {command.title: command.help for command in app.get_system_commands(app.screen)}
        assert offered["Zoom"] == "Look closer at the map"
        assert offered["Map"] == MapScreen.TOOLTIP
        await ui.press("x")
        await ui.until(lambda: app.exported)
        assert (tmp_path / "microgpt-map.txt").read_text() == "map"


async def test_the_help_lists_it(app_class: type[tui.app.MicrogptApp]) -> None:
    app = app_class(small_training(), paused=True)
    async with app.run_test(size=(120, 120)) as pilot:
        ui = Driven(app, pilot)
        await ui.press("question_mark")
        await ui.until(lambda: isinstance(app.screen, HelpScreen))
        at = [ui.text.index(line) for line in ("train mode", "map mode", "graph mode")]
        assert at == sorted(at)
        for words in (MapScreen.TOOLTIP, "Look closer at the map"):
            assert words in ui.text
