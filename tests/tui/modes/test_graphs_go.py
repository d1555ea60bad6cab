"""Graphs are megabytes: those of steps no longer shown go at once, not when a collector comes."""

from __future__ import annotations

import gc
import weakref

import pytest

from tests.tui.piloted import piloted
from tests.tui.small_run import small_training


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["map", "graph"])
async def test_the_graph_of_a_step_goes_when_the_next_one_is_shown(mode: str) -> None:
    async with piloted(small_training()) as ui:
        await ui.train()
        screen = await (ui.map() if mode == "map" else ui.graph())
        graphs = []
        gc.collect()
        gc.disable()
        try:
            for step in range(2, 8):
                await ui.train()
                await ui.until(lambda step=step: screen.step and screen.step.origin.step == step)
                await ui.settle()
                assert screen.explorer
                graphs.append(weakref.ref(screen.explorer.graph))
            await ui.until(lambda: all(graph() is None for graph in graphs[:-1]))
        finally:
            gc.enable()
        assert graphs[-1]() is screen.explorer.graph
