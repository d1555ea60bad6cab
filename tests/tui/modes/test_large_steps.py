"""Steps that are too large for their scalars: their Map, and regions opened from its cells."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tui.piloted import LARGE, piloted
from tests.tui.small_run import small_training
from tui.debugger.map_panel import MapPanel
from tui.debugger.still_explorer import StillExplorer
from viz.maps.step_map import StepMap


@pytest.fixture(autouse=True)
def _all_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.debugger.step_at_hand.MOST_SCALARS", 100)


async def test_a_cell_of_the_map_opens_as_a_region_and_follows() -> None:
    async with piloted(small_training("emma", "ava", n_embd=4, n_head=2), size=LARGE) as ui:
        await ui.train()
        screen = await ui.map()
        assert screen.step is not None
        still = screen.step.explorer
        assert isinstance(still, StillExplorer)
        whole = StepMap.of(screen.step.origin.model.graph(screen.step.origin.document))
        assert np.array_equal(still.map.grad_norm, whole.grad_norm)

        await ui.press("n", "s")  # no walk begins
        assert "too large to be walked" in ui.notices[-1]
        assert not screen.is_held
        panel = screen.query_one(MapPanel)
        cell = still.map_fitting(panel.room_for_rows).grid.scopes.index("pos1/layer0/mlp/fc1")
        panel.select(cell)
        await ui.press("enter")
        await ui.until(lambda: ui.graph_screen.pane.explorer)
        region = ui.graph_screen.pane.explorer
        assert region is not None
        assert region.graph.region is not None
        assert region.graph.region.scopes == ("pos1/layer0/mlp/fc1",)
        await ui.drawn()
        assert ui.graph_screen.pane.caption == f"a region of {len(whole.graph):,} nodes · step 1"

        await ui.press("s", "s")
        assert region.stepping
        assert region.state.phase == "backward"
        assert ui.app.at_hand.step is screen.step  # the Map is still of all of it
        await ui.press("backspace")
        await ui.until(lambda: ui.app.screen is screen)

        await ui.train()
        await ui.until(lambda: screen.step and screen.step.origin.step == 2)
        assert isinstance(screen.step.explorer, StillExplorer)
        await ui.press("4")
        await ui.press("1")
        assert not ui.app._exception


async def test_graph_mode_says_how_to_begin() -> None:
    async with piloted(small_training("emma", n_embd=4, n_head=2), size=LARGE) as ui:
        await ui.train()
        await ui.map()
        await ui.press("3")
        await ui.until(lambda: "on a cell of the Map opens" in ui.text)
        await ui.press("s", "enter", "x")
        assert not ui.app._exception
