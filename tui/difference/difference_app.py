"""The screen of a difference: A's Map, B's Map or how they differ, and below it where they part."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from tui.base.base_app import BaseApp, ExportJob
from tui.keys import DIFFERENCE, bindings_for
from tui.widgets.key_footer import KeyFooter
from tui.widgets.map_view import MapView
from tui.widgets.scroll_window import ScrollWindow
from tui.widgets.text_view import TextView
from viz.maps.difference import ComparedMaps
from viz.maps.folding import fitted
from viz.maps.lenses import Look, look
from viz.maps.spans import cell_number
from viz.maps.words import words

HEADER_LINES = 2
"""Of a Map, above its rows."""


Window = TypeVar("Window", bound=ScrollWindow)


def _unfocused(window: Window) -> Window:
    """All keys are the app's: none is to stay with what could scroll by itself."""
    window.can_focus = False
    return window


class DifferenceApp(BaseApp):
    """Shows two Maps and their difference, one at a time, until the person leaves."""

    INTRODUCTION = (
        "Two runs or two scripts, where they part: the Map of A, the Map of B, and by how much B's "
        "gradients are larger than A's. Below stands the first node at which they differ, and what "
        "brought it."
    )
    KEY_SECTIONS = (DIFFERENCE,)
    BINDINGS = bindings_for(DIFFERENCE.keys)

    def __init__(
        self,
        lines: Sequence[str],
        maps: ComparedMaps | None,
        names: tuple[str, str],
        title: str,
        folder: Path | None = None,
    ) -> None:
        """Nothing is computed here.

        Args:
            lines: what there is to say of the difference.
            maps: None if there are no graphs, as of runs that are alike.
            names: what A and B are called.
            title: what they are of.
        """
        super().__init__(folder)
        self._lines, self._maps, self._names, self._what = lines, maps, names, title
        self.shown = 0  # place of what is shown among the three
        self.selected = -1  # cell of the Map shown, -1 for none

    def compose(self) -> ComposeResult:
        """What it is, the Map, the words, the keys."""
        yield Static(Text(f" {self._what}"), classes="title")
        with Vertical(id="map-middle"):
            yield _unfocused(MapView(id="map"))
        told = _unfocused(TextView(id="told"))
        told.border_title = "where they part"
        yield told
        yield KeyFooter()

    def on_mount(self) -> None:
        """All is there from the start."""
        self.query_one(TextView).show_sections(Text("\n".join(self._lines)))
        self.screen.set_class(self._maps is None, "-alone")
        self.call_after_refresh(self._draw)

    def on_resize(self) -> None:
        """Another window has room for more rows, or fewer."""
        self.call_after_refresh(self._draw)

    @property
    def looks(self) -> list[tuple[str, Look]]:
        """What can be shown, with its name; nothing if there are no graphs."""
        maps = self._maps
        if maps is None:
            return []
        a, b = self._names
        return [("B against A", maps.change), (a, maps.a), (b, maps.b)]

    @property
    def look(self) -> Look | None:
        """What is shown, with as many rows as there is room for."""
        if not (looks := self.looks):
            return None
        _, whole = looks[self.shown]
        room = max(1, self.query_one(MapView).size.height - HEADER_LINES)
        return look(fitted(whole.map, room), whole.lens.name, whole.question)

    def _draw(self) -> None:
        if (seen := self.look) is None:
            return
        view = self.query_one(MapView)
        self.selected = min(self.selected, seen.map.n_cells - 1)
        view.show(seen, self.selected)
        frame = self.query_one("#map-middle")
        frame.border_title = self.looks[self.shown][0]
        following = self.looks[(self.shown + 1) % len(self.looks)][0]
        hint = f"v: {following} · arrows: a cell"
        frame.border_subtitle = self._of_cell(seen) if self.selected >= 0 else hint

    def _of_cell(self, seen: Look) -> str:
        """The selected cell in words, with its numbers in A and in B where both have it."""
        told = words(seen, self.selected)
        number = float(seen.numbers[self.selected])
        text = f"{told.place}: {seen.lens.name} {cell_number(number)}"
        if seen.lens.name == "change":
            own = float(seen.map.grad_norm[self.selected])
            text += f" (A {cell_number(own - number)}, B {cell_number(own)})"
        return text

    # -- keys --------------------------------------------------------------------------------------

    def action_lens(self) -> None:
        """Shows the next of difference, A and B, with the same cell selected."""
        if not self.looks:
            self.notify("they are alike: there is no graph to show", timeout=2)
            return
        before = self.look
        self.shown = (self.shown + 1) % len(self.looks)
        seen = self.look
        if before is not None and seen is not None and self.selected >= 0:
            self.selected = before.map.grid.same_place(self.selected, seen.map.grid)
        self._draw()

    def action_cell(self, down: int, right: int) -> None:
        """Selects the cell beside the selected one."""
        seen = self.look
        if seen is not None:
            self.selected = seen.map.grid.beside(self.selected, down, right)
            self._draw()

    def action_leave(self) -> None:
        """Selects nothing."""
        self.selected = -1
        self._draw()

    def action_scroll_text(self, pages: int) -> None:
        """Scrolls the words."""
        view = self.query_one(TextView)
        view.scroll_relative(y=pages * max(1, view.size.height - 1), animate=False)

    @on(MapView.CellPicked)
    def _pick(self, event: MapView.CellPicked) -> None:
        self.selected = event.cell
        self._draw()

    def export_job(self) -> ExportJob | None:
        """The three Maps."""
        maps = self._maps
        if maps is None:
            return None

        def write(path: Path) -> None:
            from viz.export import write_drawn  # noqa: PLC0415  # pictures
            from viz.maps.difference import drawn_difference  # noqa: PLC0415  # likewise

            write_drawn(drawn_difference(maps, self._names, self._what, lambda: ""), path)

        return "diff", write
