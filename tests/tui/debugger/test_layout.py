"""Where boxes and edges go on the canvas, and how curves become braille."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt.graph.graph import Graph
from tui.debugger.layout import BOX_HEIGHT, MAX_WIDTH, Layout, PlacedBox, Point, lay_out, title_of
from tui.widgets.braille import BLANK, BrailleCanvas, dots_of
from viz.boxes import Box, Folding
from viz.view import View, folded, scalars

PLACES = ("", "pos1", "pos2/layer0", "pos2/layer0/attn", "pos1/layer0/mlp/fc1", "pos0/loss")
WINDOWS = {"80x24": (78, 12), "120x40": (54, 36), "huge": (400, 200)}
NEAR = 2.0
"""Units: cells. An edge may end this far from the border of its box."""


def view_of(graph: Graph, path: str) -> View:
    folding = Folding(graph)
    return folded(folding, folding.scope(path) if path else folding.root)


@pytest.fixture(scope="module", params=[*itertools.product(PLACES, WINDOWS)], ids=str)
def layout(request: pytest.FixtureRequest, small_graph: Graph) -> Layout:
    path, window = request.param
    return lay_out(view_of(small_graph, path), *WINDOWS[window])


def test_every_box_has_one_place_within_the_canvas(layout: Layout) -> None:
    assert {p.box.key for p in layout.boxes} == {b.key for b in layout.view.boxes}
    assert len(layout.boxes) == len(layout.view.boxes)
    for placed in layout.boxes:
        assert placed.x >= 0
        assert placed.y >= 0
        assert placed.x + placed.width <= layout.width
        assert placed.y + placed.height <= layout.height
        assert placed.height == BOX_HEIGHT
        assert layout.of(placed.box.key) is placed


def test_boxes_do_not_overlap(layout: Layout) -> None:
    for a, b in itertools.combinations(layout.boxes, 2):
        apart_across = a.x + a.width <= b.x or b.x + b.width <= a.x
        apart_down = a.y + a.height <= b.y or b.y + b.height <= a.y
        assert apart_across or apart_down, (a, b)


def test_the_box_at_each_of_its_cells_is_itself(layout: Layout) -> None:
    for placed in layout.boxes:
        for x in (placed.x, placed.x + placed.width - 1):
            for y in (placed.y, placed.y + placed.height - 1):
                assert layout.at(x, y) is placed
        assert layout.at(placed.x - 1, placed.y) is not placed
        assert layout.at(placed.x + placed.width, placed.y) is not placed
        assert layout.at(placed.x, placed.y + placed.height) is not placed
    assert layout.at(-1, -1) is None


def distance(point: Point, placed: PlacedBox) -> float:
    x, y = point
    dx = max(placed.x - x, 0.0, x - (placed.x + placed.width))
    dy = max(placed.y - y, 0.0, y - (placed.y + placed.height))
    return max(dx, dy)


def test_edges_begin_and_end_at_their_boxes(layout: Layout) -> None:
    for edge in layout.edges:
        source, target = layout.of(edge.bundle.source), layout.of(edge.bundle.target)
        assert source
        assert target
        assert len(edge.points) >= 4
        assert len(edge.points) % 3 == 1
        assert distance(edge.points[0], source) <= NEAR
        assert distance(edge.points[-1], target) <= NEAR


def test_every_bundle_is_drawn_once(layout: Layout) -> None:
    def names(bundle_owner: list) -> list:
        return sorted((b.source, b.target, b.slot) for b in bundle_owner)

    assert names([edge.bundle for edge in layout.edges]) == names(list(layout.view.bundles))


def test_both_edges_of_a_square_are_there(square_graph: Graph) -> None:
    layout = lay_out(view_of(square_graph, ""), 80, 40)
    x = f"#{square_graph.find('x')}"
    square = next(f"#{i}" for i in range(len(square_graph)) if square_graph.op(i) == "mul")
    edges = [e for e in layout.edges if (e.bundle.source, e.bundle.target) == (x, square)]
    assert [edge.bundle.slot for edge in edges] == [0, 1]
    assert edges[0].points != edges[1].points


# -- the way it runs -------------------------------------------------------------------------------


def overflow(layout: Layout, width: int, height: int) -> float:
    return max(1.0, layout.width / width) * max(1.0, layout.height / height)


def runs_across(layout: Layout) -> bool:
    """Whether operands stand to the left of their results."""
    pairs = [(layout.of(e.bundle.source), layout.of(e.bundle.target)) for e in layout.edges]
    return all(a and b and a.x + a.width <= b.x for a, b in pairs)


def runs_down(layout: Layout) -> bool:
    pairs = [(layout.of(e.bundle.source), layout.of(e.bundle.target)) for e in layout.edges]
    return all(a and b and a.y + a.height <= b.y for a, b in pairs)


def test_it_runs_across_if_that_fits_and_else_as_fits_better(small_graph: Graph) -> None:
    view = view_of(small_graph, "pos0/loss")
    across = lay_out(view, 200, 100)
    assert runs_across(across)
    down = lay_out(view, across.width - 1, 100)
    assert runs_down(down)
    assert not runs_across(down)
    assert overflow(down, across.width - 1, 100) == 1.0
    assert lay_out(view, across.width, across.height) == across


def test_the_same_view_is_always_laid_out_the_same(small_graph: Graph) -> None:
    first, second = (lay_out(view_of(small_graph, "pos1"), 80, 24) for _ in range(2))
    assert [(p.box.key, p.x, p.y) for p in first.boxes] == [
        (p.box.key, p.x, p.y) for p in second.boxes
    ]
    assert [edge.points for edge in first.edges] == [edge.points for edge in second.edges]


def test_titles_fit_their_boxes_or_are_as_wide_as_boxes_get(layout: Layout) -> None:
    for placed in layout.boxes:
        title = title_of(layout.view.graph, placed.box)
        assert len(title) + 4 <= placed.width or placed.width == MAX_WIDTH


def test_titles_say_what_a_box_is(square_graph: Graph, small_graph: Graph) -> None:
    view = scalars(square_graph, range(len(square_graph)), "all")
    assert sorted(title_of(square_graph, box) for box in view.boxes) == ["+ loss", "x x", "× #1"]
    whole = view_of(small_graph, "")
    titles = [title_of(small_graph, box) for box in whole.boxes]
    assert "θ wte" in titles
    assert "▸ pos0 BOS → e" in titles


# -- beside ----------------------------------------------------------------------------------------


def grid(columns: int, rows: int) -> Layout:
    """Boxes in rows and columns; only their places matter."""
    boxes = []
    for row in range(rows):
        for column in range(columns):
            box = Box(f"{column},{row}", "", "node", np.array([0]))
            boxes.append(PlacedBox(box, 24 * column, 6 * row, 18, BOX_HEIGHT))
    return Layout(None, 24 * columns, 6 * rows, tuple(boxes), ())  # type: ignore[arg-type]


BACK = {"left": "right", "right": "left", "up": "down", "down": "up"}
MOVE = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}


@given(st.integers(1, 5), st.integers(1, 5), st.data())
def test_on_a_grid_the_nearest_box_is_the_neighbour_and_there_is_a_way_back(
    columns: int, rows: int, data: st.DataObject
) -> None:
    layout = grid(columns, rows)
    column, row = data.draw(st.integers(0, columns - 1)), data.draw(st.integers(0, rows - 1))
    direction = data.draw(st.sampled_from(sorted(MOVE)))
    dx, dy = MOVE[direction]
    found = layout.beside(f"{column},{row}", direction)
    if not (0 <= column + dx < columns and 0 <= row + dy < rows):
        assert found is None
        return
    assert found
    assert found.box.key == f"{column + dx},{row + dy}"
    back = layout.beside(found.box.key, BACK[direction])
    assert back
    assert back.box.key == f"{column},{row}"


def test_beside_lies_in_the_direction_asked_for(layout: Layout) -> None:
    for placed in layout.boxes:
        x, y = placed.center
        for direction, (dx, dy) in MOVE.items():
            if found := layout.beside(placed.box.key, direction):
                fx, fy = found.center
                assert (fx - x) * dx + (fy - y) * dy > 0


def test_beside_something_out_of_sight_is_any_box(layout: Layout) -> None:
    assert layout.beside("no such box", "left") is layout.boxes[0]
    assert Layout(layout.view, 0, 0, (), ()).beside("no such box", "left") is None


# -- braille ---------------------------------------------------------------------------------------

coordinates = st.floats(0, 60)
points = st.tuples(coordinates, coordinates)


def cell(point: Point) -> tuple[int, int]:
    return int(point[0] * 2) >> 1, int(point[1] * 4) >> 2


def dot_bit(point: Point) -> int:
    column, row = int(point[0] * 2) & 1, int(point[1] * 4) & 3
    return ord("⠁⠂⠄⡀⠈⠐⠠⢀"[4 * column + row]) - BLANK


@given(st.tuples(points, points, points, points))
def test_a_curve_hits_its_end_points(control: tuple[Point, ...]) -> None:
    dots = dots_of(control)
    for end in (control[0], control[-1]):
        assert dots[cell(end)] & dot_bit(end)


@given(st.tuples(points, points, points, points))
def test_a_curve_has_no_gaps_and_stays_within_its_control_points(
    control: tuple[Point, ...],
) -> None:
    cells = dots_of(control).keys()
    xs, ys = zip(*map(cell, control), strict=True)
    assert all(min(xs) <= x <= max(xs) and min(ys) <= y <= max(ys) for x, y in cells)
    reached, waiting = set(), [cell(control[0])]
    while waiting:
        x, y = waiting.pop()
        if (x, y) in cells and (x, y) not in reached:
            reached.add((x, y))
            waiting += [(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    assert reached == cells


def test_a_straight_line_is_straight() -> None:
    dots = dots_of(((0, 0), (2, 0), (4, 0), (6, 0)))
    assert {at: BrailleCanvas.char(of_cell) for at, of_cell in dots.items()} == {
        **{(x, 0): "⠉" for x in range(6)},
        (6, 0): "⠁",
    }


def test_joined_curves_are_all_drawn() -> None:
    corner = ((0, 0), (3, 0), (6, 0), (9, 0), (9, 3), (9, 6), (9, 9))
    assert {(0, 0), (5, 0), (9, 0), (9, 5), (9, 9)} <= dots_of(corner).keys()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_heavier_curve_colours_a_shared_cell(order: tuple[int, int]) -> None:
    canvas = BrailleCanvas()
    curves = [
        (((0, 0), (1, 1), (2, 2), (3, 3)), 0.5, "light"),
        (((3, 0), (2, 1), (1, 2), (0, 3)), 1.5, "heavy"),
    ]
    for i in order:
        points, weight, color = curves[i]
        canvas.draw(dots_of(points), weight, color)
    assert canvas.cells[1, 1][2] == "heavy"
    assert canvas.cells[0, 0][2] == "light"


def test_glyphs_are_unicode_braille() -> None:
    assert BrailleCanvas.char(0xFF) == "⣿"
