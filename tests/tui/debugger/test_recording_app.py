"""`microgpt-tui run mine.run`: a script's recorded passes, back and forth, and compared."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from microgpt import InputError
from microgpt.script_runs.recorded_script import RecordedScript
from tests.tui.cli.in_process import run_here
from tests.tui.piloted import LARGE, SMALL, Driven
from tui.debugger import script_command
from tui.debugger.debugger_pane import DebuggerPane
from tui.debugger.map_panel import MapPanel
from tui.debugger.recording_app import RecordingApp
from tui.dialogs.go_to_step import GoToStepScreen
from tui.widgets.pass_line import PassLine

SCRIPT = """\
from microgpt import Value

w = Value(0.5, name="w")
for step in range(12):
    w.grad = 0.0
    loss = (w * 2.0 - 3.0) ** 2
    for _ in range(step // 11):  # the last one is made otherwise
        loss = loss * 3.0
    loss.backward()
    w.data -= 0.05 * w.grad
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("script")
    (folder / "train.py").write_text(SCRIPT, encoding="utf-8")
    path = folder / "mine.run"
    assert run_here("debug", folder / "train.py", "--run", path).returncode == 0
    return path


class Recorded(Driven):
    """The app on a recording."""

    app: RecordingApp

    async def at(self, number: int) -> None:
        """Until a pass is shown, whose numbers are those recorded."""
        await self.until(lambda: f"pass {number} ·" in self.text_of("#script-status"))
        await self.settle()
        explorer = self.app.query_one(DebuggerPane).explorer
        assert explorer is not None
        graph = explorer.graph
        with RecordedScript(self.app._recording.path) as recorded:
            wanted = recorded.pass_at(number)
        assert wanted.graph is not None
        assert np.array_equal(graph.data, wanted.graph.data)
        assert np.array_equal(graph.grad, wanted.graph.grad)
        assert f"loss {graph.data[graph.root]:.6g}" in self.text_of("#script-status")
        line = self.app.query_one(PassLine)  # which a notice may cover
        assert line._numbers[line._place] == number


@asynccontextmanager
async def opened(path: Path, size: tuple[int, int] = LARGE) -> AsyncIterator[Recorded]:
    with RecordedScript(path) as recorded:
        app = RecordingApp(recorded)
        async with app.run_test(size=size, notifications=True) as pilot:
            ui = Recorded(app, pilot)
            await ui.at(1)
            yield ui


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_passes_are_gone_through_both_ways(recording: Path, size: tuple[int, int]) -> None:
    async with opened(recording, size) as ui:
        for key, number in (
            ("comma", 1), ("full_stop", 2), ("greater_than_sign", 12), ("full_stop", 12),
            ("less_than_sign", 2), ("comma", 1),
        ):  # fmt: skip
            await ui.press(key)
            await ui.at(number)
        await ui.press("g")
        assert isinstance(ui.app.screen, GoToStepScreen)
        await ui.press("7", "enter")
        await ui.at(7)


async def test_a_click_goes_to_a_pass(recording: Path) -> None:
    async with opened(recording) as ui:
        line = ui.app.query_one(PassLine)
        left, columns = line._room()
        await ui.pilot.click(PassLine, offset=(left + columns - 1, 0))
        await ui.at(12)
        await ui.pilot.click(PassLine, offset=(left + columns // 2, 0))
        await ui.until(lambda: "pass 7 ·" in ui.text_of("#script-status"))


async def test_where_one_stands_stays(recording: Path) -> None:
    async with opened(recording) as ui:
        await ui.press("s", "s")
        pane = ui.app.query_one(DebuggerPane)
        assert pane.explorer is not None
        event = pane.explorer.session.state.event
        assert event == 2
        await ui.press("full_stop")
        await ui.at(2)
        assert pane.explorer.session.state.event == event


async def test_a_marked_pass_is_compared_with(recording: Path) -> None:
    async with opened(recording) as ui:
        await ui.press("H", "m", "full_stop", "full_stop")
        await ui.at(3)
        panel = ui.app.query_one(MapPanel)
        assert panel.shown_lens == "change"
        assert panel._other is not None
        with RecordedScript(recording) as recorded:
            first = recorded.pass_at(1).graph
        assert first is not None
        assert np.array_equal(panel._other.data, first.data)
        await ui.press("greater_than_sign")
        await ui.at(12)  # which is no such computation
        assert panel._other is None
        assert "pass 1 is another graph" in str(ui.app.query_one("#map-middle").border_title)
        await ui.press("m", "less_than_sign")
        await ui.at(2)
        assert panel.marked is None


async def test_a_damaged_pass_is_told_and_others_stay(recording: Path, tmp_path: Path) -> None:
    path = tmp_path / "damaged.run"
    path.write_bytes(recording.read_bytes())
    async with opened(path) as ui:
        read = ui.app._recording.stand_at
        ui.app._recording.stand_at = _damaged  # type: ignore[method-assign]
        for asked in (1, 2):
            await ui.press("full_stop")
            await ui.until(lambda asked=asked: len(ui.notices) == asked)
            assert ui.notices[-1] == "pass 2 is damaged", "it is tried again"
            await ui.at(1)
        ui.app._recording.stand_at = read  # type: ignore[method-assign]
        await ui.press("full_stop")
        await ui.at(2)


async def test_what_arrives_when_the_app_is_left_is_no_defect(recording: Path) -> None:
    async with opened(recording) as ui:
        explorer = ui.app.query_one(DebuggerPane).explorer
        assert explorer is not None
        assert ui.app._shown is not None
        late = RecordingApp.Opened(1, ui.app._shown, explorer)
        await ui.app.query_one(DebuggerPane).remove()
        ui.app.post_message(late)
        ui.app.post_message(RecordingApp.Failed("pass 2 is damaged"))
        await ui.settle()
        assert ui.app._exception is None


def _damaged(number: int) -> None:
    raise InputError(f"pass {number} is damaged")


def test_what_cannot_go_with_a_recording(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script_command, "check_terminal", lambda _: None)
    for stray, naming in (
        (["--every", "2", str(recording)], "--every cannot be given with .*recorded"),
        ([str(recording), "--lr"], "--lr cannot be given with .*recorded"),
    ):
        with pytest.raises(InputError, match=naming):
            script_command.run(stray)
