"""Panes around one graph: its boxes on a canvas, where that is on its Map, all about the selection.

At the overview the Map itself stands in the middle; inside a cell it stands small beside the
canvas. Layouts are computed in worker threads, each of which posts one message with a frozen
result; the handlers alone change widgets.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from rich.text import Text
from textual import on
from textual.geometry import Size
from textual.message import Message
from textual.timer import Timer

from microgpt.errors import MicrogptError
from tui.base.base_app import ExportJob
from tui.base.thread_work import in_thread
from tui.debugger.box_tree import BoxTree
from tui.debugger.canvas import CanvasState, GraphCanvas
from tui.debugger.explorer import Explorer
from tui.debugger.inspector import Inspector
from tui.debugger.layout import Layout, lay_out
from tui.debugger.map_panel import MapPanel
from tui.debugger.source_pane import SourcePane
from tui.debugger.stops_panel import StopsPanel
from tui.debugger.walk_pane import WalkPane
from tui.keys import BOXES, bindings_for
from tui.widgets.map_view import MapView
from tui.widgets.small_map import SmallMap
from viz.boxes import Box
from viz.dot import to_dot
from viz.export import write_picture
from viz.maps.export import write_map
from viz.maps.lenses import DEFAULT_LENS, Look, look

WAIT_FOR_LAYOUT = 0.012
"""After so long without a layout the other panes go ahead of the canvas. Units: seconds."""


class GraphPane(WalkPane):
    """Shows where a person stands in a graph, and moves between its boxes."""

    BINDINGS = bindings_for(BOXES.keys)

    class WentBack(Message):
        """The person has closed the box that was opened from elsewhere, and is to come back."""

    class LaidOut(Message):
        """A view has its places, for a window of some size."""

        def __init__(self, layout: Layout, window: Size) -> None:
            super().__init__()
            self.layout = layout
            self.window = window

    class LayoutFailed(Message):
        """A view cannot be laid out."""

        def __init__(self, problem: str) -> None:
            super().__init__()
            self.problem = problem

    way_back: str | None = None  # key of a box opened from elsewhere: closing it leads back there

    def __init__(self) -> None:
        super().__init__(id="graph")
        self._layouts: dict[tuple[str, Size], Layout] = {}  # by key of the focus
        self._patience: Timer | None = None  # runs out if a layout takes long
        self._said = ""
        self._asked_for_list: bool | None = None  # None until the person has said
        self._small: Look | None = None  # what the small Map shows

    @property
    def is_pinned(self) -> bool:
        """Whether the person is in the middle of something: a box is open or events are stepped."""
        explorer = self.explorer
        is_open = explorer is not None and explorer.focus.parent is not None
        asks_why = self.shows_map and self.query_one(MapPanel).lens == "why"
        return self.is_walking or is_open or asks_why

    @property
    def _wants_list(self) -> bool:
        """Boxes instead of the Map: where asked for, and where a Map says no more than they do."""
        explorer = self.explorer
        if self._asked_for_list is None:
            return explorer is not None and not explorer.map_tells
        return self._asked_for_list

    @property
    def shows_map(self) -> bool:
        """Whether the Map stands in the middle: of the whole graph, unless boxes are asked for."""
        explorer = self.explorer
        return explorer is not None and explorer.focus.parent is None and not self._wants_list

    @property
    def window(self) -> Size:
        """The canvas as layouts are made for it: its bars come and go."""
        return self.query_one(GraphCanvas).outer_size

    def expect(self, layout: Layout, window: Size) -> None:
        """A view has its places before it is shown."""
        self._keep(layout, window)

    # -- showing where the person stands -------------------------------------------------------

    def show(self) -> None:
        """Brings every pane up to date; asks for a layout if the view has none yet.

        All panes change in one picture, which is the sooner whole the less is drawn before it;
        but the canvas is not waited for longer than `WAIT_FOR_LAYOUT`.
        """
        explorer = self.explorer
        if explorer is None:
            return
        self._arrange()
        if self.shows_map:
            self.query_one(MapPanel).show(explorer)
            self.show_place()
            self.post_message(self.Moved())
            return
        layout = self._layout
        if layout is None:
            self._lay_out(explorer, explorer.focus, self.window)
            if self._patience is None:
                self._patience = self.set_timer(WAIT_FOR_LAYOUT, self._show_around)
        else:
            self._draw(layout)
            self._show_around()
        self.post_message(self.Moved())

    def _arrange(self) -> None:
        """The Map or the canvas in the middle, the Map or the list beside it."""
        before = self.has_class("-map"), self.has_class("-list")
        now = self.shows_map, self._wants_list
        if before == now:
            return
        self.set_class(self.shows_map, "-map")
        self.set_class(self._wants_list, "-list")
        focused = self.screen.focused
        if focused is None or not focused.display or focused.id in ("map", "canvas"):
            view = self.query_one(MapView if self.shows_map else GraphCanvas)
            self.screen.set_focus(view, scroll_visible=False)

    @property
    def _layout(self) -> Layout | None:
        """Of the view in sight, if it is there."""
        explorer = self.explorer
        if explorer is None:
            return None
        layout = self._layouts.get((explorer.focus.key, self.window))
        # A key lasts from graph to graph: what an edit or a script's next stop shows has the same.
        return layout if layout and layout.view.graph is explorer.graph else None

    def _show_around(self) -> None:
        """All panes but the canvas."""
        explorer = self.explorer
        assert explorer is not None
        if self._patience is not None:
            self._patience.stop()
            self._patience = None
        if self._wants_list:
            self.query_one(BoxTree).show(explorer.folding, explorer.focus, explorer.selected)
        else:
            self._show_small_map(explorer)
        box = explorer.selected_box
        if box.kind == "node" or self._layout is not None:  # what a part adds up to is the view's
            self.query_one(Inspector).show(explorer)
        visited = explorer.visited
        self.query_one(SourcePane).show(explorer.graph, box.node if box.kind == "node" else visited)
        stops = self.query_one("#left").query_one(StopsPanel)
        stops.show(explorer.session)
        self.show_place()

    def show_place(self) -> None:
        """Says around the canvas what is looked at, and when."""
        explorer = self.explorer
        if explorer is None:
            return
        title = explorer.focus.heading
        if explorer.focus.parent is None:
            title = f"{title}: {len(explorer.graph):,} nodes"
        if self.shows_map:
            middle = self.query_one("#map-middle")
            title = f"{self.caption} · view: {self.query_one(MapPanel).lens_in_words()}"
            hint = [] if explorer.stepping else ["⏎ a cell's scalars · H: boxes"]
            if explorer.is_off is not None:
                hint.append("✗ should be another")
            parts = [*explorer.moment_in_words(), *hint, self.activity]
        else:
            middle = self.query_one("#middle")
            # First what a key has to say: where there is little room, the end is cut.
            parts = [self.activity, *explorer.moment_in_words(), self.caption]
        middle.border_title = Text(title)  # as text: documents may look like markup
        middle.border_subtitle = Text(" · ".join(filter(None, parts)))

    def _show_small_map(self, explorer: Explorer) -> None:
        """Where on the Map the box lies that is looked into, and where the pass is."""
        lens = "value" if explorer.is_in_forward_pass else DEFAULT_LENS
        small = self._small
        if small is None or small.map is not explorer.map or small.lens.name != lens:
            self._small = small = look(explorer.map, lens)
        moment = None
        if explorer.stepping:
            moment = explorer.cells.moment(explorer.map, explorer.grads())
        inside: list[int] = []
        if explorer.focus.parent is not None:
            inside = np.unique(explorer.map.grid.cell_of[explorer.focus.ids]).tolist()
        self.query_one(SmallMap).show(small, inside, moment)

    @in_thread("layout", exclusive=True)
    def _lay_out(self, explorer: Explorer, focus: Box, window: Size) -> None:
        try:
            layout = lay_out(explorer.view_of(focus), *window)
        except MicrogptError as error:
            self.post_message(self.LayoutFailed(str(error)))
        else:
            self.post_message(self.LaidOut(layout, window))

    @on(LaidOut)
    def _take_layout(self, event: LaidOut) -> None:
        explorer = self.explorer
        if explorer is None or event.layout.view.graph is not explorer.graph:
            return
        self._keep(event.layout, event.window)
        if event.layout.view.focus.key == explorer.focus.key:
            self.show()  # which asks again if the window has another size by now

    def _keep(self, layout: Layout, window: Size) -> None:
        """Keeps a layout, and those of the same graph."""
        graph = layout.view.graph
        kept = {at: other for at, other in self._layouts.items() if other.view.graph is graph}
        self._layouts = kept | {(layout.view.focus.key, window): layout}

    @on(LayoutFailed)
    def _say_not_laid_out(self, event: LayoutFailed) -> None:
        if event.problem != self._said:  # once: the next view may have the same trouble
            self._said = event.problem
            self.notify(event.problem, severity="error", markup=False)
        if self.explorer is not None:  # without a picture, the numbers all the same
            self.query_one(Inspector).show(self.explorer)

    def _draw(self, layout: Layout) -> None:
        explorer = self.explorer
        assert explorer is not None
        visited = explorer.visited
        holder = layout.view.box_of(visited) if visited is not None else None
        boxes = layout.view.boxes if explorer.stepping else ()
        state = CanvasState(
            grads=explorer.grads(),
            moment=explorer.state.moment if explorer.stepping else -1,
            selected=explorer.selected,
            visited=holder.key if holder else "",
            visits={box.key: (explorer.n_visited(box), explorer.n_visits(box)) for box in boxes},
            forward=explorer.stepping and explorer.state.phase == "forward",
            moved=explorer.moved(layout.view.boxes),
            off=explorer.off(layout.view.boxes),
            true_grads=explorer.should.true_grad if explorer.should is not None else None,
        )
        canvas = self.query_one(GraphCanvas)
        canvas.show(layout, state)
        canvas.reveal(explorer.selected)

    def on_resize(self) -> None:
        """Another window may want another layout."""
        self.call_after_refresh(self.show)

    # -- keys and mouse in space ---------------------------------------------------------------

    def _move(self, move: Callable[[Explorer], bool], otherwise: str) -> None:
        if self.explorer is None:
            return
        if move(self.explorer):
            self.show()
        else:
            self.notify(otherwise, timeout=2)

    def action_open(self) -> None:
        """Looks into the selected box."""
        self._move(lambda explorer: explorer.open(), "a single scalar: nothing is inside")

    def action_close(self) -> None:
        """Backs out."""
        explorer = self.explorer
        if explorer is not None and (
            self.way_back == explorer.focus.key
            or (explorer.focus.parent is None and explorer.graph.region is not None)
        ):
            self.way_back = None
            self.post_message(self.WentBack())
            return
        self._move(lambda explorer: explorer.close(), "this is the whole graph")

    def action_list(self) -> None:
        """Boxes in place of the Map, or the Map again."""
        self._asked_for_list = not self._wants_list
        self.show()

    def action_select(self, direction: str) -> None:
        """Selects the box in a direction."""
        layout = self.query_one(GraphCanvas).placed
        # Keys of boxes last from graph to graph, so the picture of the one before will do.
        if self.explorer and layout and layout.view.focus.key == self.explorer.focus.key:
            beside = layout.beside(self.explorer.selected, direction)
            if beside:
                self.explorer.select(beside.box.key)
                self.show()

    def action_pan(self, x: int, y: int) -> None:
        """Moves the window over the canvas by a box's size."""
        self.query_one(GraphCanvas).scroll_relative(10 * x, 5 * y, animate=False)

    def action_find_visited(self) -> None:
        """Shows the visited node again after looking elsewhere."""
        explorer = self.explorer
        if explorer and explorer.visited is not None:
            explorer.reveal(explorer.visited)
            self.show()
        else:
            self.notify("nothing is being visited: s begins", timeout=2)

    @on(GraphCanvas.BoxPicked)
    def _pick(self, event: GraphCanvas.BoxPicked) -> None:
        if self.explorer:
            self.explorer.select(event.key)
            if event.again:
                self.action_open()
            else:
                self.show()

    @on(BoxTree.BoxChosen)
    def _choose(self, event: BoxTree.BoxChosen) -> None:
        if self.explorer:
            self.explorer.look_into(event.box)
            self.show()

    @on(SmallMap.CellPicked)
    def _pick_cell(self, event: SmallMap.CellPicked) -> None:
        if self.explorer:
            self.look_into_scope(self.explorer.map.scope_around(event.cell))

    @on(MapPanel.CellOpened)
    def _open_cell(self, event: MapPanel.CellOpened) -> None:
        self.look_into_scope(event.path)

    def look_into_scope(self, path: str) -> None:
        """Looks into the box of a scope."""
        if self.explorer:
            self.explorer.look_into(self.explorer.folding.scope(path))
            self.show()

    @on(MapPanel.LookChanged)
    def _say_lens(self) -> None:
        self.show_place()

    def export_job(self, name: str, caption: str) -> ExportJob | None:
        """The Map, or the boxes in sight, drawn by Graphviz; None before there is a graph."""
        explorer = self.explorer
        if explorer is None:
            return None
        if self.shows_map and (seen := self.query_one(MapPanel).whole_look()) is not None:
            return f"{name}-map", lambda path: write_map(seen, path, caption)
        view = replace(explorer.view, marked=explorer.visited)
        if view.focus.parent:
            place = re.sub(r"[^\w.]+", "-", explorer.focus.title).strip("-")
            name = f"{name}-{place}" if place else name
        if explorer.stepping:
            state = explorer.state
            name += f"-{state.phase}{state.event}"
            caption += f", after {state.phase} event {state.event:,}"
        grads = explorer.grads().copy()  # the person goes on meanwhile
        return name, lambda path: write_picture(to_dot(view, caption, grads), path)
