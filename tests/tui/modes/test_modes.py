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
from tui.modes import MODES
from tui.modes.mode_screen import ModeScreen
from tui.training.run_frame import RunFrame
from tui.widgets.status_bar import StatusBar


class LensScreen(ModeScreen):
    """A mode as a file of its own would bring it."""

    MODE = "lens"
    TOOLTIP = "Lens mode: the whole step at a glance"
    KEYS = (Key("z", "zoom", "Zoom", "Look closer at the step"),)
    BINDINGS = bindings_for(KEYS)

    zoomed = 0

    def body(self) -> Widget:
        return Static(id="lens")

    def show_result(self, frame: RunFrame) -> None:
        assert frame.result
        self.query_one("#lens", Static).update(f"lens on step {frame.result.step}")

    def action_zoom(self) -> None:
        self.zoomed += 1

    def export_job(self) -> tuple[str, Callable[[Path], None]] | None:
        return "lens", lambda path: path.with_suffix(".txt").write_text("map") and None


@pytest.fixture
def app_class(monkeypatch: pytest.MonkeyPatch) -> type[tui.app.MicrogptApp]:
    """The app as it is made of a table that has one row more, in the middle."""
    first, *others = modes.MODES
    monkeypatch.setattr(modes, "MODES", (first, LensScreen, *others))
    return runpy.run_path(tui.app.__file__)["MicrogptApp"]


async def test_a_row_makes_a_mode(app_class: type[tui.app.MicrogptApp], tmp_path: Path) -> None:
    app = app_class(small_training(), tmp_path, paused=True)
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        ui = Driven(app, pilot)
        await ui.press("2")
        await ui.until(lambda: isinstance(app.screen, LensScreen))
        assert ui.text_of(StatusBar).startswith(" 1 Train  2 Lens  3 Map  4 Graph  5 Attention ")
        await ui.press("1", "full_stop", "2")
        await ui.until(lambda: "lens on step 1" in ui.text)
        await ui.press("z")
        assert app.screen.zoomed == 1
        assert "Zoom" in ui.text.splitlines()[-1]
        offered = {command.title: command.help for command in app.get_system_commands(app.screen)}
        assert offered["Zoom"] == "Look closer at the step"
        assert offered["Lens"] == LensScreen.TOOLTIP
        await ui.press("x")
        await ui.until(lambda: app.exported)
        assert (tmp_path / "microgpt-lens.txt").read_text() == "map"


async def test_the_help_lists_it(app_class: type[tui.app.MicrogptApp]) -> None:
    app = app_class(small_training(), paused=True)
    async with app.run_test(size=(120, 200)) as pilot:
        ui = Driven(app, pilot)
        await ui.press("question_mark")
        await ui.until(lambda: isinstance(app.screen, HelpScreen))
        titles = ("train mode", "lens mode", "walk along the passes", "on the Map", "among boxes")
        at = [ui.text.index(line) for line in titles]
        assert at == sorted(at)
        for words in (LensScreen.TOOLTIP, "Look closer at the step"):
            assert words in ui.text


@pytest.mark.parametrize("mode", MODES)
async def test_the_help_tells_what_is_on_screen_before_it_lists_keys(
    mode: type[ModeScreen],
) -> None:
    async with tui.app.MicrogptApp(small_training(), paused=True).run_test() as pilot:
        ui = Driven(pilot.app, pilot)
        await ui.press(str(MODES.index(mode) + 1))
        await ui.until(lambda: isinstance(ui.app.screen, mode))
        await ui.press("question_mark")
        await ui.until(lambda: isinstance(ui.app.screen, HelpScreen))
        await ui.until(lambda: f"on screen: {mode.MODE} mode" in ui.text)
        told = [str(each.render()) for each in ui.app.screen.query("#help Static").results()]
        assert mode.ON_SCREEN in told[0]
