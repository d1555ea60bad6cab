"""The screen of a difference: the three Maps by a key, a cell with both numbers, the words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from microgpt import Corpus, Graph, ModelConfig, ModelSnapshot
from microgpt.difference.graph_difference import GraphDifference
from microgpt.difference.lines import graph_lines
from microgpt.errors import InputError
from microgpt.train.training_start import TrainingStart
from tests.tui.piloted import LARGE, SMALL, Driven
from tui.difference.difference_app import DifferenceApp
from tui.difference.difference_command import run
from tui.widgets.text_view import TextView
from viz.maps.difference import ComparedMaps
from viz.maps.spans import cell_number

NAMES = ("A: one.run", "B: other.run")


def graph(seed: int, n_layer: int = 1) -> Graph:
    config = ModelConfig(n_embd=4, n_head=2, n_layer=n_layer, block_size=6)
    corpus = Corpus("small", ("emma", "ava", "mia"))
    return ModelSnapshot.of(TrainingStart.drawn(corpus, config, seed)).graph("emma")


@asynccontextmanager
async def shown(
    difference: GraphDifference | None, folder: Path, size: tuple[int, int] = LARGE
) -> AsyncIterator[Driven]:
    lines = ["alike"] if difference is None else graph_lines(difference)
    maps = None if difference is None else ComparedMaps.of(difference)
    app = DifferenceApp(lines, maps, NAMES, "one.run and other.run: step 2", folder)
    async with app.run_test(size=size, notifications=True) as pilot:
        ui = Driven(app, pilot)
        await ui.settle()
        yield ui


def app_of(ui: Driven) -> DifferenceApp:
    assert isinstance(ui.app, DifferenceApp)
    return ui.app


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_the_three_maps_in_turn(tmp_path: Path, size: tuple[int, int]) -> None:
    difference = GraphDifference.of(graph(42), graph(7))
    async with shown(difference, tmp_path, size) as ui:
        assert ui.text.splitlines()[0].strip() == "one.run and other.run: step 2"
        assert "first: wte[" in ui.text_of(TextView)
        found = []
        for _ in range(3):
            seen = app_of(ui).look
            assert seen is not None
            title = ui.text.splitlines()[1].strip("╭╮┌┐─ ")
            found.append((title, seen.lens.name, seen.map.graph is difference.a))
            await ui.press("v")
        assert found == [
            ("B against A", "change", False), (NAMES[0], "grad", True), (NAMES[1], "grad", False),
        ]  # fmt: skip


async def test_a_cell_has_the_numbers_of_both(tmp_path: Path) -> None:
    difference = GraphDifference.of(graph(42), graph(7))
    maps = ComparedMaps.of(difference)
    async with shown(difference, tmp_path) as ui:
        await ui.press("down", "down", "right")
        cell = app_of(ui).selected
        assert cell == maps.change.map.grid.beside(maps.change.map.grid.at[0, 0], 1, 1)
        both = [cell_number(float(each.map.grad_norm[cell])) for each in (maps.a, maps.b)]
        assert f"(A {both[0]}, B {both[1]})" in ui.text
        await ui.press("v")
        assert f"grad {both[0]}" in ui.text
        await ui.press("escape")
        assert app_of(ui).selected == -1


async def test_the_words_scroll_and_the_picture_is_written(tmp_path: Path) -> None:
    async with shown(GraphDifference.of(graph(42), graph(7, 2)), tmp_path, SMALL) as ui:
        before = ui.text_of(TextView)
        await ui.press("pagedown")
        assert ui.text_of(TextView) != before
        await ui.press("pageup")
        assert ui.text_of(TextView) == before
        await ui.press("x")
        await ui.until(lambda: app_of(ui).exported)
        assert (tmp_path / "microgpt-diff.svg").read_text(encoding="utf-8").startswith("<svg ")


async def test_without_graphs_there_are_only_words(tmp_path: Path) -> None:
    async with shown(None, tmp_path) as ui:
        assert "alike" in ui.text_of(TextView)
        assert app_of(ui).look is None
        await ui.press("v", "down", "x")
        assert ui.notices == ["they are alike: there is no graph to show", "nothing to export yet"]


def test_it_needs_a_terminal() -> None:
    with pytest.raises(InputError, match="use `microgpt diff A B`"):
        run(["a.run", "b.run"])
