"""Panes around one graph: its boxes as a tree and on a canvas, and all about the selected one.

Space only: the moment shown is moved in `debugger_pane.py`. Layouts are computed in worker threads,
each of which posts one message with a frozen result; the handlers alone change widgets.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from rich.text import Text
from textual import on, work
from textual.containers import Vertical
from textual.geometry import Size
from textual.message import Message
from textual.timer import Timer

from microgpt.errors import MicrogptError
from tui.base.base_app import ExportJob
from tui.debugger.box_tree import BoxTree
from tui.debugger.canvas import CanvasState, GraphCanvas
from tui.debugger.explorer import Explorer
from tui.debugger.inspector import Inspector
from tui.debugger.layout import Layout, lay_out
from tui.debugger.source_pane import SourcePane
from tui.debugger.stops_panel import StopsPanel
from viz.boxes import Box
from viz.dot import to_dot
from viz.export import write_picture

WAIT_FOR_LAYOUT = 0.012
"""After so long without a layout the other panes go ahead of the canvas. Units: seconds."""


class GraphPane(Vertical):
    """Shows where a person stands in a graph, and moves between its boxes."""

    class Moved(Message):
        """The person stands somewhere else, in space or time."""

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

    explorer: Explorer | None = None  # where the person stands, None until the first graph is there
    caption = ""  # what the graph is of, shown under the canvas
    way_back: str | None = None  # key of a box opened from elsewhere: closing it leads back there

    def __init__(self) -> None:
        super().__init__(id="graph")
        self._layouts: dict[tuple[str, Size], Layout] = {}  # by key of the focus
        self._patience: Timer | None = None  # runs out if a layout takes long
        self._said = ""

    @property
    def activity(self) -> str:
        """What is going on besides, shown under the canvas."""
        return ""

    @property
    def is_pinned(self) -> bool:
        """Whether the person is in the middle of something: a box is open or events are stepped."""
        return self.explorer is not None and (
            self.explorer.focus.parent is not None or self.explorer.stepping
        )

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
        layout = self._layout
        if layout is None:
            self._lay_out(explorer, explorer.focus, self.window)
            if self._patience is None:
                self._patience = self.set_timer(WAIT_FOR_LAYOUT, self._show_around)
        else:
            self._draw(layout)
            self._show_around()
        self.post_message(self.Moved())

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
        self.query_one(BoxTree).show(explorer.folding, explorer.focus, explorer.selected)
        box = explorer.selected_box
        if box.kind == "node" or self._layout is not None:  # what a part adds up to is the view's
            self.query_one(Inspector).show(explorer)
        visited = explorer.visited
        self.query_one(SourcePane).show(explorer.graph, box.node if box.kind == "node" else visited)
        self.query_one(StopsPanel).show(explorer.session.stops.listed(), explorer.state)
        self.show_place()

    def show_place(self) -> None:
        """Says around the canvas what is looked at, and when."""
        explorer = self.explorer
        if explorer is None:
            return
        title = explorer.focus.heading
        if explorer.focus.parent is None:
            title = f"{title}: {len(explorer.graph):,} nodes"
        parts = []
        if explorer.stepping:
            state, timeline = explorer.state, explorer.session.timeline
            last = timeline.n_forward if state.phase == "forward" else explorer.graph.n_events - 1
            parts.append(f"{state.phase} {state.event:,}/{last:,}")
            parts += [f"{point.kind} {point.number}" for point in state.stop.points]
        parts += [self.activity, self.caption]
        middle = self.query_one("#middle")
        middle.border_title = Text(title)  # as text: documents may look like markup
        middle.border_subtitle = Text(" · ".join(filter(None, parts)))

    # Without a description Textual makes one of every array in the view: 30 ms at each key.
    @work(thread=True, exclusive=True, group="layout", description="a layout")
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
        if self.explorer is not None and self.way_back == self.explorer.focus.key:
            self.way_back = None
            self.post_message(self.WentBack())
            return
        self._move(lambda explorer: explorer.close(), "this is the whole graph")

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

    def export_job(self, name: str, caption: str) -> ExportJob | None:
        """The boxes in sight, drawn by Graphviz; None before there is a graph."""
        explorer = self.explorer
        if explorer is None:
            return None
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
