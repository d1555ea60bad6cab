"""Pictures of the modes after three steps on a small corpus, compared as SVG.

After a change that is meant: `pytest tests/tui/test_snapshots.py --snapshot-update`, and look at
the new pictures in `__snapshots__/`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from tests.tui.piloted import LARGE, SMALL, Piloted
from tests.tui.small_run import small_training
from tui.app import MicrogptApp
from tui.modes.graph_mode import GraphScreen

Before = Callable[[Piloted], Awaitable[None]]


async def train_mode(ui: Piloted) -> None:
    await ui.train(3)


async def graph_mode(ui: Piloted) -> None:
    await ui.train(3)
    await ui.graph()


async def scalars(ui: Piloted) -> None:
    """The third event of the pass: a node visited, its operands' gradients with the sum so far."""
    await graph_mode(ui)
    for key in ("home", "s", "s", "s"):
        await ui.press(key)
        await ui.drawn()  # where the window has scrolled to depends on each picture on the way


async def map_mode(ui: Piloted) -> None:
    await ui.train(3)
    await ui.map()


async def map_walk(ui: Piloted) -> None:
    """The pass under way: cells complete, partial and not begun; a column's reading as lanes."""
    await map_mode(ui)
    await ui.press("s", *"n" * 24, "left")


async def map_light(ui: Piloted) -> None:
    """The same in the light theme, with a what-if in force: its mark, and that of what it moves."""
    await map_mode(ui)
    await ui.press("t", *["down"] * 4, "right", "z")
    await ui.until(lambda: "✎" in ui.text)
    await ui.press("escape")
    await ui.settle()


async def small_map(ui: Piloted) -> None:
    """Inside a cell: where it is on the Map stands beside its boxes."""
    await map_walk(ui)
    await ui.press("enter")
    await ui.until(lambda: isinstance(ui.app.screen, GraphScreen) and ui.graph_screen.explorer)
    await ui.drawn()


async def attention_mode(ui: Piloted) -> None:
    await ui.train(3)
    await ui.attention()
    await ui.until(lambda: "documents" in ui.text)
    await ui.until(lambda: "·█" not in ui.text_of("#head-table"))  # earlier steps are measured, too
    await ui.press("right", "down", "down")


async def attention_cell(ui: Piloted) -> None:
    """A weight open, in the light theme, with a head set to zero."""
    await attention_mode(ui)
    await ui.press("t", "enter", "z")
    await ui.until(lambda: "✎" in ui.text and ui.app.screen.shown.without)
    await ui.until(lambda: "documents" in ui.text)
    await ui.settle()


async def generate_mode(ui: Piloted) -> None:
    await ui.train(3)
    await ui.generate()
    await ui.press("right", "right")


async def parameters_mode(ui: Piloted) -> None:
    """Gradients of a matrix that does not fit, pooled, in the light theme."""
    await ui.train(3)
    await ui.parameters()
    await ui.press("t", "v", *["pagedown"] * 7, "W", "down", "right")


@pytest.fixture
def pinned_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Graphviz that is installed with the package: a system's may lay out otherwise."""
    monkeypatch.setenv("PATH", "")


BEFORE = (
    train_mode, map_mode, map_walk, map_light, small_map, graph_mode, scalars, attention_mode,
    attention_cell, generate_mode, parameters_mode,
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.usefixtures("pinned_engine")
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
@pytest.mark.parametrize("before", BEFORE)
def test_picture(snap_compare: Callable[..., bool], before: Before, size: tuple[int, int]) -> None:
    async def run_before(pilot: Pilot[None]) -> None:
        assert isinstance(pilot.app, MicrogptApp)
        await before(Piloted(pilot.app, pilot))

    app = MicrogptApp(small_training("emma", "mia", "noah", num_steps=100), paused=True)
    assert snap_compare(app, terminal_size=size, run_before=run_before)
