"""One selection for all modes: it fits together, is the same in every graph, and is gone to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import Graph, ModelSnapshot
from microgpt.model.places import position_of
from tests.tui.piloted import LARGE, Piloted, piloted
from tests.tui.small_run import small_training
from tui.debugger.selecting import cell_of, node_of, select_cell, select_node
from tui.modes import MODES
from tui.selection import Selection, head_of
from tui.visited_places import MOST_PLACES, STAY, VisitedPlace, VisitedPlaces
from viz.maps.folding import fitted
from viz.maps.step_map import StepMap

# -- what it says ------------------------------------------------------------------------------

SCOPES = st.sampled_from(
    ["loss", "pos0/embed", "pos1/layer0/attn", "pos2/layer0/attn/head1", "pos2",
     "pos3/layer1/attn/head0/mix", "pos1/layer0/mlp/fc1"]
)  # fmt: skip
ACTS: st.SearchStrategy[Callable[[Selection], Selection]] = st.one_of(
    st.integers(0, 5).map(lambda p: lambda s: s.with_position(p)),
    st.tuples(st.integers(0, 2), st.integers(0, 3), st.none() | st.integers(0, 5)).map(
        lambda a: lambda s: s.with_head(*a)
    ),
    SCOPES.map(lambda path: lambda s: s.with_scope(path)),
    st.sampled_from(["wte", "layer0.attn_wq"]).map(lambda m: lambda s: s.with_matrix(m)),
    SCOPES.map(lambda path: lambda s: s.with_node("#7", path, 3)),
    st.just(lambda s: s.with_node("wte[0][1]", matrix="wte")),
    st.tuples(st.none() | st.tuples(st.just("backward"), st.integers(0, 9)), SCOPES).map(
        lambda a: lambda s: s.at_event(*a)
    ),
    st.just(lambda s: s.nothing()),
)


@given(st.lists(ACTS, max_size=8))
def test_all_that_a_selection_says_fits_together(
    acts: list[Callable[[Selection], Selection]],
) -> None:
    selection = Selection()
    for act in acts:
        selection = act(selection)
        if (position := position_of(selection.scope)) is not None:
            assert selection.position == position
        if (head := head_of(selection.scope)) is not None:
            assert selection.head == head
        assert bool(selection.node) == (selection.about == "node")
        assert selection.about != "matrix" or selection.matrix
        assert selection.about != "position" or selection.position is not None
        assert selection.about != "head" or selection.head is not None
        assert selection.about != "cell" or selection.scope
        assert (selection.about == "event") <= (selection.moment is not None)
        hash(selection)


def test_a_finding_is_about_what_is_selected_and_what_lies_in_it() -> None:
    nothing, matrix = Selection(), Selection().with_matrix("wte")
    cases = (
        (matrix, "wte", True),
        (matrix, "wpe", False),
        (matrix.with_node("wte[0][1]", matrix="wte"), "wte", True),
        (matrix.with_node("#5", "pos0/layer0/attn/q", 3), "wte", False),
        (matrix.with_node("#5", "pos0/layer0/attn/q", 3), "layer0/attn/q", True),
        (matrix.with_node("#5", "pos0/layer0/attn/q", 3), "layer0/attn", True),
        (matrix.with_scope("pos2/layer0/attn/head3"), "wte", False),
        (nothing.with_head(0, 3), "layer0/attn/head3", True),
        (nothing.with_head(0, 3), "layer0/attn/head3/softmax", True),
        (nothing.with_head(0, 3), "layer0/attn", True),
        (nothing.with_head(0, 3), "layer0/attn/head30", False),
        (nothing.with_head(0, 3, 2), "layer0/attn/head3", True),
        (nothing.with_head(0, 3, 2), "layer0/attn/head1", False),
        (nothing.with_head(0, 3).with_position(1), "layer0/attn/head3", False),
        (nothing.with_scope("loss"), "loss", True),
        (nothing, "loss", False),
    )
    for selection, name, is_about in cases:
        assert selection.is_about(name) is is_about, (selection, name)


# -- what it is in a graph ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def graphs() -> tuple[Graph, Graph]:
    """The same model on two texts of which one is longer."""
    model = ModelSnapshot.of(small_training(n_layer=2))
    return model.graph("ava"), model.graph("emma")


def test_a_scalar_is_itself_again(graphs: tuple[Graph, Graph]) -> None:
    for graph in graphs:
        for node in range(0, len(graph), 7):
            assert node_of(select_node(Selection(), graph, node), graph) == node


def test_in_another_text_a_scalar_is_the_one_at_its_place(graphs: tuple[Graph, Graph]) -> None:
    """Parameters by name, others by their place in the scope: ids are others there."""
    short, long = graphs
    moved = 0
    for node in range(0, len(short), 5):
        selection = select_node(Selection(), short, node)
        other = node_of(selection, long)
        if selection.offset < 0:
            assert other is None or long.name(other) == short.name(node)
        elif selection.scope:
            assert other is not None
            assert long.scope(other) == short.scope(node)
            assert long.op(other) == short.op(node) or selection.scope == "loss"
            moved += other != node
    assert moved > 100


@pytest.mark.parametrize("most_rows", [99, 20, 8])
def test_a_cell_is_itself_again(graphs: tuple[Graph, Graph], most_rows: int) -> None:
    step_map = fitted(StepMap.of(graphs[1]), most_rows)
    assert step_map.n_cells > 20
    for cell in range(step_map.n_cells):
        selection = select_cell(Selection(), step_map, cell)
        assert cell_of(selection, step_map) == cell, selection
    assert cell_of(select_cell(Selection(), step_map, -1), step_map) == -1


def test_a_scalars_cell_is_the_one_that_it_lies_in(graphs: tuple[Graph, Graph]) -> None:
    graph = graphs[0]
    step_map = StepMap.of(graph)
    for node in range(0, len(graph), 11):
        selection = select_node(Selection(), graph, node)
        assert cell_of(selection, step_map) == step_map.grid.cell_of[node]


# -- where one has been ------------------------------------------------------------------------

MOVES = st.lists(
    st.one_of(
        st.integers(-1, 1).filter(bool),  # back, or forward again
        st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.sampled_from([0.0, 2 * STAY])),
    ),
    max_size=40,
)


@given(MOVES)
def test_going_back_and_forward_is_as_in_a_browser(moves: list[object]) -> None:
    """Held against the same in lists: what lies behind, where one is, what lies ahead."""
    visited, now = VisitedPlaces(), 0.0
    behind: list[VisitedPlace] = []
    here: VisitedPlace | None = None
    ahead: list[VisitedPlace] = []
    since = -STAY
    for move in moves:
        if isinstance(move, int):
            found = visited.go(move, now)
            source, target = (behind, ahead) if move < 0 else (ahead, behind)
            if not source:
                assert found is None
                continue
            assert here is not None
            target.append(here)
            here = source.pop()
            since = now - STAY
            assert found == here
        else:
            assert isinstance(move, tuple)
            mode, position, pause = move
            now += pause
            place = VisitedPlace(mode, None, Selection().with_position(position))
            visited.visit(place, now)
            if place == here:
                continue
            if here is not None:
                passes = here.mode == mode and now - since < STAY and behind
                if not passes:
                    behind.append(here)
                elif behind[-1] == place:
                    behind.pop()
            here, ahead, since = place, [], now
        assert visited.here == here
        assert len(visited) == len(behind) + 1 + len(ahead)


def test_it_remembers_no_more_than_so_many() -> None:
    visited = VisitedPlaces()
    for at in range(3 * MOST_PLACES):
        visited.visit(VisitedPlace("map", at, Selection()), float(at))
    assert len(visited) == MOST_PLACES
    while (place := visited.go(-1, 0.0)) is not None:
        oldest = place
    assert oldest.step == 2 * MOST_PLACES


# -- in all modes ------------------------------------------------------------------------------


async def go_to_mode(ui: Piloted, mode: str) -> None:
    """The mode, with what it shows there."""
    names = [each.MODE for each in MODES]
    await ui.press(str(names.index(mode) + 1))
    await ui.until(lambda: mode == ui.app.screen.MODE and ui.app.screen.frame)
    match mode:
        case "map" | "graph":
            await ui.until(lambda: ui.app.screen.explorer)
        case "attention":
            await ui.until(lambda: ui.app.screen.shown)
        case "generate":
            await ui.until(lambda: ui.app.screen.is_up_to_date)
        case "parameters":
            await ui.until(lambda: ui.app.screen.pane.matrix)
    await ui.settle()


async def selects(ui: Piloted, mode: str) -> None:
    """Something is selected there, by keys."""
    keys = {
        "train": ["right", "right"],
        "map": ["down", "down", "right"],
        "graph": [],
        "attention": ["right", "up", "up"],
        "generate": ["right", "right"],
        "parameters": ["pagedown", "down", "right", "right"],
    }[mode]
    if mode == "graph":
        ui.explorer.look_into(ui.explorer.folding.scope("pos1/layer0/attn/head1"))
        ui.graph_screen.pane.show()
        await ui.drawn()
        await ui.press("right")
        await ui.press("left")
    await ui.press(*keys)
    await ui.settle()


def shows(ui: Piloted, selection: Selection) -> bool:
    """Whether the mode on screen shows a selection, as far as such a mode can."""
    screen = ui.app.screen
    match screen.MODE:
        case "train":
            return selection.position is None or screen.position == selection.position
        case "generate":
            last = screen.made.n_positions - 1
            return selection.position is None or screen.position == min(selection.position, last)
        case "attention":
            has_head = selection.head is None or screen.head == selection.head
            last = len(screen.shown.tokens) - 1
            at = selection.position
            return has_head and (at is None or screen.position == min(at, last))
        case "parameters":
            pane = screen.pane
            if selection.about == "node" and selection.matrix and selection.offset < 0:
                return pane.entry == selection.node
            return not selection.matrix or pane.matrix_name == selection.matrix
        case "map":
            look = screen.panel._look
            return screen.panel.selected == cell_of(selection, look.map)
        case "graph":
            explorer = screen.explorer
            if screen.pane.shows_map:
                panel = screen.pane._panel
                return panel.selected == cell_of(selection, panel._look.map)
            if selection.about == "node":
                return explorer.selected_box.kind == "node" and (
                    explorer.selected_box.node == node_of(selection, explorer.graph)
                )
            inside = position_of(explorer.focus.title)
            return selection.position is None or inside == selection.position
    raise AssertionError(screen.MODE)


ORIGINS = [
    pytest.param(mode.MODE, marks=() if mode.MODE in ("map", "parameters") else pytest.mark.slow)
    for mode in MODES
]


@pytest.mark.parametrize("origin", ORIGINS)
async def test_what_is_selected_in_one_mode_is_selected_in_all(origin: str) -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        await ui.train()
        for mode in [each.MODE for each in MODES if origin != each.MODE]:
            await go_to_mode(ui, origin)
            await selects(ui, origin)
            selection = ui.app.selection
            assert selection.about
            await go_to_mode(ui, mode)
            await ui.until(lambda selection=selection: shows(ui, selection))
            assert ui.app.selection == selection, "to look is not to select"
            await ui.press("left_square_bracket")
            await ui.until(lambda: origin == ui.app.screen.MODE)
            await ui.until(lambda selection=selection: shows(ui, selection))
            await ui.press("right_square_bracket")
            await ui.until(lambda mode=mode: mode == ui.app.screen.MODE)
            await ui.until(lambda selection=selection: shows(ui, selection))


async def test_one_goes_back_through_steps_and_events() -> None:
    async with piloted(small_training("emma", "ava"), size=LARGE) as ui:
        ui.app.clock = iter(np.arange(0.0, 1e6)).__next__  # one stays everywhere
        await ui.train(3)
        screen = await ui.map()
        await ui.press("s", "s", "s")
        walked = screen.explorer.state.event
        assert ui.app.selection.moment == ("backward", walked)
        await ui.press("1", "comma", "comma")
        await ui.until(lambda: ui.step == 1)
        await ui.press("right")
        first = ui.app.place
        assert first.step == 1
        for _ in range(20):
            if ui.app.selection.moment == ("backward", walked - 1):
                break
            await ui.press("left_square_bracket")
            await ui.settle()
        assert ui.app.screen.MODE == "map"
        await ui.until(lambda: screen.step.origin.step == 3 and screen.explorer.stepping)
        await ui.until(lambda: screen.explorer.state.event == walked - 1)
        for _ in range(20):
            if ui.app.place == first:
                break
            await ui.press("right_square_bracket")
            await ui.settle()
        assert ui.app.place == first
        await ui.until(lambda: ui.step == 1 and ui.app.screen.MODE == "train")
        await ui.press("right_square_bracket")
        assert ui.notices[-1] == "you have been no further"


async def test_back_from_a_position_opened_on_the_map_is_where_one_was() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        ui.app.clock = iter(np.arange(0.0, 1e6)).__next__
        await ui.train()
        await ui.press("right")
        before = ui.app.place
        await ui.app.run_action("app.open_position(2)")
        await ui.until(lambda: ui.app.screen.MODE == "map")
        await ui.settle()
        assert ui.app.place.selection.position == 2 != before.selection.position
        await ui.press("left_square_bracket")
        await ui.settle()
        assert ui.app.place == before


@pytest.mark.slow
async def test_back_from_an_entry_opened_as_a_scalar_is_where_one_was() -> None:
    async with piloted(small_training("emma"), size=LARGE) as ui:
        ui.app.clock = iter(np.arange(0.0, 1e6)).__next__
        await ui.train()
        screen = await ui.parameters()
        await ui.press("pagedown", "pagedown")  # to a matrix of which each entry is read
        ui.app.select(ui.app.selection.with_head(0, 1, 2))
        before = ui.app.place
        await ui.press("enter")
        await ui.until(lambda: ui.app.screen.MODE == "graph")
        await ui.settle()
        assert ui.app.place.selection.node == screen.pane.entry
        await ui.press("left_square_bracket")
        await ui.settle()
        assert ui.app.place == before
