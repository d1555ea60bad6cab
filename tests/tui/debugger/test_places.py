"""`[` and `]` in the apps around one program: back to where one has been, and forward again."""

from __future__ import annotations

from pathlib import Path

import pytest

from microgpt.debugger import DebugSession
from microgpt.errors import RunFileError
from microgpt.graph.debuggee import Stop
from microgpt.graph.graph import Graph
from tests.tui.cli.in_process import run_here
from tests.tui.debugger.test_graph_app import debugging, explorer, neuron
from tests.tui.debugger.test_recording_app import SCRIPT, Recorded, opened
from tests.tui.debugger.walked import (
    BACK,
    FORWARD,
    goes_back_and_forward,
    here,
    stays_everywhere,
    walked,
)
from tui.debugger.program_app import ProgramPlace
from tui.debugger.recording_app import RecordingApp
from tui.doctor.doctor_panel import DoctorPanel


async def test_in_a_graph_boxes_and_events_are_come_back_to() -> None:
    async with debugging(DebugSession(Graph.from_value(neuron()))) as ui:
        stays_everywhere(ui)
        places = await walked(ui, "left", "left", "s", "s", "right", "s")
        assert len(places) >= 5
        assert places[-1].stands.phase == "backward"
        await goes_back_and_forward(ui, places)
        assert explorer(ui).stepping
        await ui.press(FORWARD)
        assert ui.notices[-1] == "you have been no further"
        await ui.press(*[BACK] * len(places))
        assert ui.notices[-1] == "this is where you began"
        assert not explorer(ui).stepping
        assert here(ui) == places[0]


async def test_who_looks_elsewhere_has_nothing_ahead() -> None:
    async with debugging(DebugSession(Graph.from_value(neuron()))) as ui:
        stays_everywhere(ui)
        places = await walked(ui, "s", "s", "s")
        await ui.press(BACK, BACK)
        await ui.settle()
        other = await walked(ui, "left")
        assert len(other) == 2
        await ui.press(FORWARD)
        assert here(ui) == other[-1]
        await ui.press(BACK)
        await ui.until(lambda: here(ui) == places[-3])


async def test_what_is_only_passed_through_is_no_place() -> None:
    async with debugging(DebugSession(Graph.from_value(neuron()))) as ui:
        ui.app.clock = lambda: 0.0
        places = await walked(ui, "s", "s", "s", "s")
        await ui.press(BACK)
        await ui.until(lambda: here(ui) == places[0])


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text(SCRIPT, encoding="utf-8")
    path = tmp_path / "mine.run"
    assert run_here("debug", tmp_path / "train.py", "--run", path).returncode == 0
    return path


async def test_in_a_recording_passes_are_come_back_to(recording: Path) -> None:
    async with opened(recording) as ui:
        stays_everywhere(ui)
        places = await walked(ui, "s", "s")
        await ui.press("full_stop")
        await ui.at(2)
        places += await walked(ui, "s")
        await ui.press("full_stop")
        await ui.at(3)
        places += [here(ui)]
        assert {place.stop[1] for place in places} == {1, 2, 3}
        await goes_back_and_forward(ui, places)


async def walked_in_three_passes(ui: Recorded) -> list[ProgramPlace]:
    stays_everywhere(ui)
    places = await walked(ui, "s", "s")
    for number in (2, 3):
        await ui.press("full_stop")
        await ui.at(number)
        places += [here(ui), *(await walked(ui, "s"))[1:]]
    assert [place.stop[1] for place in places] == [1, 1, 1, 2, 2, 3]
    return places


async def test_keys_that_come_faster_than_passes_lose_no_place(recording: Path) -> None:
    async with opened(recording) as ui:
        places = await walked_in_three_passes(ui)
        for _ in places[1:]:
            ui.app.simulate_key(BACK)
        await ui.until(lambda: here(ui) == places[0] and not ui.app.is_on_the_way)
        await ui.settle()
        for _ in places[1:]:
            ui.app.simulate_key(FORWARD)
        await ui.until(lambda: here(ui) == places[-1] and not ui.app.is_on_the_way)
        await ui.settle()
        await goes_back_and_forward(ui, places)


async def test_a_pass_that_cannot_be_read_is_not_come_to(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(recording) as ui:
        places = await walked_in_three_passes(ui)

        def fails(number: int) -> Stop:
            raise RunFileError(f"pass {number} is damaged")

        for place in places[-2:-4:-1]:
            await ui.press(BACK)
            await ui.until(lambda place=place: here(ui) == place)
            await ui.settle()
        first_of_2 = here(ui)
        with monkeypatch.context() as patched:
            patched.setattr(ui.app._recording, "stand_at", fails)
            await ui.press(BACK)
            await ui.until(lambda: "pass 1 is damaged" in ui.notices)
            await ui.settle()
            assert here(ui) == first_of_2
        for place in places[-2:]:
            await ui.press(FORWARD)
            await ui.until(lambda place=place: here(ui) == place)
            await ui.settle()
        await goes_back_and_forward(ui, places)


async def test_what_the_doctor_says_when_its_panel_is_gone_is_no_defect(recording: Path) -> None:
    async with opened(recording) as ui:
        panel = ui.app.query_one(DoctorPanel)
        await ui.until(lambda: panel.checkup)
        checkup, stop = panel.checkup, ui.app._shown
        assert checkup is not None
        assert stop is not None
        await panel.remove()
        ui.app.post_message(RecordingApp.Examined(stop, checkup))
        await ui.settle()
        assert ui.app._exception is None
