"""A matrix in a window: which part is in sight, and under which numbers its columns stand."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest
from textual.app import App, ComposeResult

from tests.tui.piloted import Driven
from tui.training.shown_parameters import ShownMatrix
from tui.widgets.drawn_matrix import DrawnMatrix
from tui.widgets.parameter_heatmap import ParameterHeatmap

LABEL, CELL = 6, 2
"""As matrices of fewer than a thousand rows are drawn. Units: character cells."""


class HeatmapApp(App[None]):
    """The heatmap alone."""

    CSS = "ParameterHeatmap { height: 1fr; scrollbar-size: 0 0; }"

    def compose(self) -> ComposeResult:
        yield ParameterHeatmap()


def matrix(rows: int, columns: int) -> ShownMatrix:
    numbers = np.arange(1.0, rows * columns + 1).reshape(rows, columns)
    return ShownMatrix("w", {"data": numbers}, tuple(map(str, range(rows))))


def drawn(shape: tuple[int, int], most: tuple[int, int] | None = None) -> DrawnMatrix:
    return DrawnMatrix.fitting(matrix(*shape), "data", *(most or shape))


@asynccontextmanager
async def heatmap_of(
    shown: DrawnMatrix, at: tuple[int, int] = (0, 0), size: tuple[int, int] = (60, 12)
) -> AsyncIterator[tuple[Driven, ParameterHeatmap]]:
    app = HeatmapApp()
    async with app.run_test(size=size) as pilot:
        heatmap, ui = app.query_one(ParameterHeatmap), Driven(app, pilot)
        await ui.settle()
        heatmap.show(shown, *at)
        await ui.settle()
        yield ui, heatmap


def column_numbers(ui: Driven, heatmap: ParameterHeatmap) -> dict[int, int]:
    """The column that each number of the heading stands over, and the number."""
    line = ui.text_of(ParameterHeatmap).splitlines()[0]
    left = int(heatmap.scroll_offset.x)
    found = [(each.start() - LABEL + left, each[0]) for each in re.finditer(r"\d+", line)]
    assert all(start % CELL == 0 for start, _ in found)
    return {start // CELL: int(told) for start, told in found}


def seen_marks(ui: Driven) -> list[str]:
    return re.findall("[▾✗]", ui.text_of(ParameterHeatmap).splitlines()[0])


@pytest.mark.parametrize("n_columns", [9, 64, 101, 256, 12_000])
async def test_every_column_number_is_that_of_the_column_under_it(n_columns: int) -> None:
    async with heatmap_of(drawn((3, n_columns))) as (ui, heatmap):
        for column in sorted({0, 7, n_columns // 2, n_columns - 3, n_columns - 1}):
            heatmap.show(heatmap._drawn, 1, column)
            await ui.settle()
            told = column_numbers(ui, heatmap)
            assert len(told) >= min(2, n_columns // 5)
            assert all(number == place for place, number in told.items())


async def test_of_pooled_columns_the_number_is_that_of_the_first() -> None:
    shown = drawn((10, 3_000), (10, 27))
    wide = shown.pooling.block[1]
    assert wide > 100
    async with heatmap_of(shown) as (ui, heatmap):
        told = column_numbers(ui, heatmap)
        assert len(told) >= 4
        assert {number for number in told.values() if number >= 100}
        assert all(number == place * wide for place, number in told.items())


async def test_no_column_number_is_cut_at_an_edge_or_touches_a_mark() -> None:
    shown = replace(drawn((3, 300)), dead_columns=(101, 144))
    async with heatmap_of(shown, size=(61, 12)) as (ui, heatmap):
        for column in range(90, 180):
            heatmap.show(shown, 1, column)
            await ui.settle()
            assert all(number == place for place, number in column_numbers(ui, heatmap).items())
            dead = [each for each in shown.dead_columns if each in heatmap.in_sight[1]]
            assert seen_marks(ui).count("✗") == len(dead)
            assert seen_marks(ui).count("▾") == 1


@pytest.mark.parametrize("at", [(0, 0), (0, 60), (40, 3), (63, 255), (20, 128)])
async def test_the_number_marked_is_in_sight_as_soon_as_it_is_shown(at: tuple[int, int]) -> None:
    async with heatmap_of(drawn((64, 256)), at) as (ui, heatmap):
        await assert_in_sight(ui, heatmap, at)
        await ui.pilot.resize_terminal(33, 7)
        await ui.settle()
        await assert_in_sight(ui, heatmap, at)


async def assert_in_sight(ui: Driven, heatmap: ParameterHeatmap, at: tuple[int, int]) -> None:
    rows, columns = heatmap.in_sight
    assert at[0] in rows
    assert at[1] in columns
    lines = ui.text_of(ParameterHeatmap).splitlines()
    marked = next(line for line in lines if line.startswith("▸"))
    assert int(marked[1 : LABEL - 1]) == at[0]
    place = LABEL + CELL * at[1] - int(heatmap.scroll_offset.x)
    assert lines[0][place : place + CELL] == " ▾"
    assert marked[place : place + CELL] == heatmap._drawn.text(*at)


async def test_lines_have_no_more_than_is_in_the_window() -> None:
    async with heatmap_of(drawn((64, 256)), (30, 128)) as (_, heatmap):
        most = len(heatmap.in_sight[1]) + 4  # the label, cut columns, the rest of the window
        for y in range(heatmap.size.height):
            assert len(list(heatmap.render_line(y))) <= most


async def test_a_key_draws_the_rows_anew_that_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    async with heatmap_of(drawn((30, 20)), (3, 3), (60, 40)) as (ui, heatmap):
        lines: list[int] = []
        render_line = ParameterHeatmap.render_line
        monkeypatch.setattr(
            ParameterHeatmap, "render_line",
            lambda self, y: lines.append(y) or render_line(self, y),
        )  # fmt: skip
        heatmap.show(heatmap._drawn, 5, 4)
        await ui.settle()
        assert sorted(lines) == [0, 1 + 3, 1 + 5]
        await assert_in_sight(ui, heatmap, (5, 4))


async def test_labels_of_many_rows_are_whole_beside_their_marks() -> None:
    shown = replace(drawn((1_300, 5)), dead_rows=(1_201, 1_203))
    async with heatmap_of(shown, (1_203, 2)) as (ui, heatmap):
        lines = ui.text_of(ParameterHeatmap).splitlines()[1:]
        rows = heatmap.in_sight[0]
        told = [(int(re.search(r"\d+", line)[0]), line[:2].strip()) for line in lines]
        assert [row for row, _ in told] == list(rows)
        assert dict(told)[1_203] == "▸✗"
        assert dict(told)[1_201] == "✗"
        assert dict(told)[1_202] == ""
