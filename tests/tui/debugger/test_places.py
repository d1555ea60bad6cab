"""`[` and `]` in the apps around one program: back to where one has been, and forward again."""

from __future__ import annotations

from pathlib import Path

from microgpt.debugger import DebugSession
from microgpt.graph.graph import Graph
from tests.tui.cli.in_process import run_here
from tests.tui.debugger.test_graph_app import debugging, explorer, neuron
from tests.tui.debugger.test_recording_app import SCRIPT, opened
from tests.tui.debugger.walked import (
    BACK,
    FORWARD,
    goes_back_and_forward,
    here,
    stays_everywhere,
    walked,
)


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


async def test_in_a_recording_passes_are_come_back_to(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT, encoding="utf-8")
    path = tmp_path / "mine.run"
    assert run_here("debug", tmp_path / "train.py", "--run", path).returncode == 0
    async with opened(path) as ui:
        stays_everywhere(ui)
        places = await walked(ui, "s", "s")
        await ui.press("full_stop")
        await ui.at(2)
        places += await walked(ui, "s")
        await ui.press("full_stop")
        await ui.at(3)
        places += [here(ui)]
        assert {place.number for place in places} == {1, 2, 3}
        await goes_back_and_forward(ui, places)
