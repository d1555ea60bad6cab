"""The tree of boxes: what is unfolded, by the focus and by hand, and where the cursor is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.app import App, ComposeResult

from microgpt import Graph, Value, scope
from tests.tui.piloted import Driven
from tui.debugger.box_tree import BoxTree
from viz.boxes import Folding

DEEP = 1_200
"""More calls than Python itself allows to nest."""


class TreeApp(App[None]):
    """The tree alone, 24 cells wide."""

    CSS = """
        BoxTree { width: 24; height: 12; overflow: hidden scroll; }
        BoxTree > .box-tree--hover { background: $primary; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.chosen: list[str] = []

    def compose(self) -> ComposeResult:
        yield BoxTree()

    def on_box_tree_box_chosen(self, event: BoxTree.BoxChosen) -> None:
        self.chosen.append(event.box.key)


def nested_in(node: Value, *names: str) -> Value:
    """A node for each of these scopes, one inside the other, and one after each."""
    left = []
    for name in names:
        node = node * 2.0
        left.append(scope(name))
        left[-1].__enter__()
    for entered in reversed(left):
        node = node * 3.0
        entered.__exit__(None, None, None)
    return node


def folding_of(*names: str) -> Folding:
    """Of a computation in two such nests of scopes."""
    x = Value(1.0, name="x")
    with scope("one"):
        inner = nested_in(x, *names)
    with scope("two"):
        root = nested_in(inner, *names) + x
    root.backward()
    return Folding(Graph.from_value(root))


@asynccontextmanager
async def tree_of(folding: Folding, focus: str = "") -> AsyncIterator[tuple[Driven, BoxTree]]:
    """A tree with the focus on a box, `""` for the whole graph."""
    app = TreeApp()
    async with app.run_test(size=(80, 24)) as pilot:
        tree = app.query_one(BoxTree)
        tree.show(folding, folding.find(focus) if focus else folding.root, focus)
        ui = Driven(app, pilot)
        tree.focus()
        await ui.settle()
        yield ui, tree


def keys(tree: BoxTree) -> list[str]:
    return [line.box.key for line in tree.lines]


def at_cursor(tree: BoxTree) -> str:
    assert tree.cursor_box is not None
    return tree.cursor_box.key


async def test_what_is_unfolded_by_hand_stays_when_the_focus_and_the_graph_change() -> None:
    folding = folding_of("a", "b")
    async with tree_of(folding, "one") as (ui, tree):
        assert "one/a" in keys(tree)
        assert "two/a" not in keys(tree)
        tree.show(folding, folding.find("two"), "two")
        await ui.press("left", "right", "right")  # folded, unfolded, and into it
        assert at_cursor(tree).startswith(("two", "#"))
        tree.show(folding, folding.root, "two")
        assert "two/a" in keys(tree)
        assert "one/a" not in keys(tree)
        other = folding_of("a", "b")
        tree.show(other, other.root, "two")
        assert "two/a" in keys(tree)


async def test_the_cursor_is_on_the_box_folded_over_the_selection() -> None:
    folding = folding_of("a", "b")
    inside = folding.find("one/a/b")
    async with tree_of(folding, "one/a/b") as (ui, tree):
        while at_cursor(tree) != "one/a":
            await ui.press("left" if at_cursor(tree) == "one/a/b" else "up")
        await ui.press("left")
        assert "one/a/b" not in keys(tree)
        tree.show(folding, inside, folding.children(inside)[-1].key)  # as a step in there does
        assert at_cursor(tree) == "one/a"
        tree.show(folding, folding.find("two"), "two")  # elsewhere, it is forgotten
        tree.show(folding, inside, "one/a/b")
        assert at_cursor(tree) == "one/a/b"


async def test_the_mouse_folds_by_the_arrow_and_looks_into_elsewhere() -> None:
    folding = folding_of("a", "b")
    async with tree_of(folding) as (ui, tree):
        row = keys(tree).index("one")
        await ui.pilot.click(BoxTree, offset=(0, row))
        assert "one/a" in keys(tree)
        row = keys(tree).index("one/a")
        await ui.pilot.click(BoxTree, offset=(1, row))  # its own arrow is one cell further in
        assert "one/a/b" in keys(tree)
        assert ui.app.chosen == []  # type: ignore[attr-defined]
        await ui.pilot.click(BoxTree, offset=(8, row))
        await ui.pilot.click(BoxTree, offset=(8, 11))  # below all lines
        await ui.settle()
        assert ui.app.chosen == ["one/a"]  # type: ignore[attr-defined]


async def test_the_line_under_the_mouse_stands_out() -> None:
    async with tree_of(folding_of("a")) as (ui, tree):
        row = keys(tree).index("two")
        before = tree.render_line(row)
        await ui.pilot.hover(BoxTree, offset=(3, row))
        assert tree.render_line(row).text == before.text
        assert tree.render_line(row) != before
        await ui.pilot.hover(offset=(60, 20))
        assert tree.render_line(row) == before


async def test_no_two_lines_beside_each_other_look_alike() -> None:
    x = Value(2.0, name="x")
    with scope("one"):
        parts = []
        for part in ("first", "second", "third"):
            with scope(f"the_{part}_of_several_long_names"):
                parts.append(x * x)
        root = parts[0] + parts[1] + parts[2] + x
    root.backward()
    async with tree_of(Folding(Graph.from_value(root)), "one") as (_, tree):
        lines = [tree.render_line(y).text.strip() for y in range(12)]
        shown = [line for line in lines if "the_" in line]
        assert len(set(shown)) == len(shown) == 3
        assert all("…" in line for line in shown)


@pytest.mark.slow
@pytest.mark.parametrize("depth", [30, DEEP])
async def test_labels_stay_in_sight_however_deep(depth: int) -> None:
    names = [f"f{i}" for i in range(depth)]
    focus = "/".join(("one", *names))
    async with tree_of(folding_of(*names), focus) as (ui, tree):
        line = tree.lines[keys(tree).index(focus)]
        assert line.depth == depth
        assert f"▼ f{depth - 1}" in ui.text
        row = next(y for y in range(12) if f"▼ f{depth - 1}" in tree.render_line(y).text)
        at = tree.render_line(row).text.index("▼")
        await ui.pilot.click(BoxTree, offset=(at, row))
        assert f"▶ f{depth - 1}" in ui.text
