"""Graph mode: the current step's graph, folded; boxes to open, backprop to step through.

The graph is built and laid out in worker threads, each of which posts one message with a frozen
result; the handlers alone change widgets.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rich.text import Text
from textual import on, work
from textual.containers import Horizontal, Vertical
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from microgpt.errors import MicrogptError
from microgpt.graph import Graph
from tui.explorer import Explorer
from tui.frame import Frame
from tui.keys import GRAPH
from tui.layout import Layout, lay_out
from tui.screens.mode_screen import ModeScreen, bindings_for
from tui.widgets.canvas import CanvasState, GraphCanvas
from tui.widgets.inspector import Inspector
from tui.widgets.scope_tree import ScopeTree
from viz.dot import printable, to_dot
from viz.export import write_picture
from viz.view import View


class GraphScreen(ModeScreen):
    """Explores the graph of one step.

    Attributes:
        explorer: where the person stands, None until the first graph is there.
        shown_step: the training step whose graph is shown.
    """

    MODE = GRAPH
    BINDINGS = bindings_for(GRAPH)

    class GraphBuilt(Message):
        """A step's graph is there."""

        def __init__(self, frame: Frame, graph: Graph) -> None:
            super().__init__()
            self.frame = frame
            self.graph = graph

    class BuildFailed(Message):
        """A step's graph cannot be built."""

        def __init__(self, problem: str) -> None:
            super().__init__()
            self.problem = problem

    class LaidOut(Message):
        """A view has its places, for a window of some size."""

        def __init__(self, layout: Layout, size: Size) -> None:
            super().__init__()
            self.layout = layout
            self.size = size

    class LayoutFailed(Message):
        """A view cannot be laid out."""

        def __init__(self, problem: str) -> None:
            super().__init__()
            self.problem = problem

    explorer: Explorer | None = None
    shown_step = 0
    _building = 0
    _document = ""

    def __init__(self) -> None:
        super().__init__()
        self._layouts: dict[tuple[View, Size], Layout] = {}
        self._wants_newest = False
        self._wants_this = False  # the step gone to in time, in whatever box is open
        self._was_past = False
        self._said = ""

    def body(self) -> Widget:
        """Tree, canvas, inspector."""
        tree = ScopeTree()
        tree.border_title = "boxes"
        canvas = GraphCanvas(id="canvas")
        inspector = Inspector(id="inspector")
        inspector.border_title = "inspector"
        middle = Vertical(canvas, id="middle")
        return Horizontal(tree, middle, inspector, id="graph")

    def on_mount(self) -> None:
        """Until the first graph is built, say so."""
        self.query_one("#middle").border_title = "building the graph of the first step …"
        self.query_one(GraphCanvas).focus()

    # -- the graph of a step -------------------------------------------------------------------

    @property
    def is_pinned(self) -> bool:
        """Whether the person is in the middle of something: a box is open or events are stepped."""
        return self.explorer is not None and (
            self.explorer.focus.parent is not None or self.explorer.stepping
        )

    def show_frame(self, frame: Frame) -> None:
        """Says what is missing while there is no step to show."""
        super().show_frame(frame)
        if frame.result is None and frame.status == "paused":
            self.query_one("#middle").border_title = "no step yet: n in mode 1 trains one"

    def show_result(self, frame: Frame) -> None:
        """Follows training at the overview; an opened box keeps its step until asked."""
        assert frame.result is not None
        travels = frame.past or self._was_past
        self._was_past = frame.past
        self._wants_this = self._wants_this or travels
        if (travels or not self.is_pinned) and frame.result.step != self.shown_step:
            self._build(frame)
        self._show_place()

    def _build(self, frame: Frame) -> None:
        if self._building or frame.result is None:
            return
        self._building = frame.result.step
        self._build_graph(frame)

    @work(thread=True, exit_on_error=True)
    def _build_graph(self, frame: Frame) -> None:
        assert frame.result is not None
        try:
            graph = frame.model.graph(frame.result.document)
        except MicrogptError as error:
            self.post_message(self.BuildFailed(str(error)))
        else:
            self.post_message(self.GraphBuilt(frame, graph))

    @on(GraphBuilt)
    def _take_graph(self, event: GraphBuilt) -> None:
        self._building = 0
        if self.is_pinned and not (self._wants_newest or self._wants_this):
            return  # a box was opened meanwhile
        before = None if self._wants_newest else self.explorer
        self._wants_newest = self._wants_this = False
        assert event.frame.result is not None
        self.explorer = Explorer(event.graph)
        if before:
            self.explorer.go_where(before)
        self.shown_step = event.frame.result.step
        self._document = event.frame.result.document
        self._show()
        if self.frame is not None and self.frame.result is not None:
            self.show_result(self.frame)  # training may have gone on meanwhile, and then paused

    @on(BuildFailed)
    def _say_not_built(self, event: BuildFailed) -> None:
        self._building = 0
        self._wants_newest = False
        self._say(event.problem)

    @on(LayoutFailed)
    def _say_not_laid_out(self, event: LayoutFailed) -> None:
        self._say(event.problem)

    def _say(self, problem: str) -> None:
        if problem != self._said:  # once: the next step may have the same trouble
            self._said = problem
            self.notify(problem, severity="error", markup=False)

    # -- showing where the person stands -------------------------------------------------------

    def _show(self) -> None:
        """Brings every pane up to date; asks for a layout if the view has none yet."""
        explorer = self.explorer
        if explorer is None:
            return
        size = self.query_one(GraphCanvas).outer_size  # scrollbars come and go
        layout = self._layouts.get((explorer.view, size))
        if layout is None:
            self._lay_out(explorer.view, size)
        else:
            self._draw(layout)
        self.query_one(ScopeTree).show(explorer.folding, explorer.focus, explorer.selected)
        self.query_one(Inspector).show(explorer)
        self._show_place()

    @work(thread=True, exclusive=True, group="layout")
    def _lay_out(self, view: View, size: Size) -> None:
        try:
            layout = lay_out(view, max(1, size.width), max(1, size.height))
        except MicrogptError as error:
            self.post_message(self.LayoutFailed(str(error)))
        else:
            self.post_message(self.LaidOut(layout, size))

    @on(LaidOut)
    def _take_layout(self, event: LaidOut) -> None:
        if self.explorer is None or event.layout.view.graph is not self.explorer.graph:
            return
        self._layouts = {
            key: layout
            for key, layout in self._layouts.items()
            if layout.view.graph is self.explorer.graph
        }
        self._layouts[event.layout.view, event.size] = event.layout
        if event.layout.view is not self.explorer.view:
            return
        if event.size == self.query_one(GraphCanvas).outer_size:
            self._draw(event.layout)
        else:
            self._show()  # the window has another size by now

    def _draw(self, layout: Layout) -> None:
        explorer = self.explorer
        assert explorer is not None
        visited = explorer.visited
        box = explorer.view.box_of(visited) if visited is not None else None
        state = CanvasState(
            grads=explorer.grads(),
            selected=explorer.selected,
            visited=box.key if box else "",
            visits={
                b.key: (explorer.n_visited(b), explorer.n_visits(b)) for b in explorer.view.boxes
            }
            if explorer.stepping
            else {},
        )
        canvas = self.query_one(GraphCanvas)
        canvas.show(layout, state)
        canvas.reveal(explorer.selected)

    def on_resize(self) -> None:
        """Another window may want another layout."""
        self.call_after_refresh(self._show)

    def on_screen_resume(self) -> None:
        """The window may have changed while another mode was shown."""
        self.call_after_refresh(self._show)

    def _show_place(self) -> None:
        explorer, frame = self.explorer, self.frame
        if explorer is None or frame is None or frame.result is None:
            return
        title = explorer.view.title
        if explorer.focus.parent is None:
            title = f"{title}: {len(explorer.graph):,} nodes"
        parts = [f"“{printable(self._document)}”", f"step {self.shown_step}"]
        if explorer.stepping:
            parts.append(f"event {explorer.event:,}/{explorer.last_event:,}")
        elif self.is_pinned and frame.result.step != self.shown_step:
            parts.append("r: newest step")
        middle = self.query_one("#middle")
        middle.border_title = Text(title)  # as text: documents may look like markup
        middle.border_subtitle = Text(" · ".join(parts))

    # -- keys and mouse ------------------------------------------------------------------------

    def _move(self, move: Callable[[Explorer], bool], otherwise: str) -> None:
        if self.explorer is None:
            return
        if move(self.explorer):
            self._wants_newest = False
            self._show()
        else:
            self.notify(otherwise, timeout=2)

    def action_step(self) -> None:
        """Visits the next node."""
        self._move(lambda explorer: explorer.step(1), "this is the last event of the pass")

    def action_back(self) -> None:
        """Takes the last visit back."""
        self._move(lambda explorer: explorer.step(-1), "this is the first event of the pass")

    def action_first_event(self) -> None:
        """Goes to event 0."""
        self._move(lambda explorer: explorer.go_to(0), "this graph has no backward pass")

    def action_last_event(self) -> None:
        """Goes to the last event."""
        self._move(
            lambda explorer: explorer.go_to(explorer.last_event), "this graph has no backward pass"
        )

    def action_open(self) -> None:
        """Looks into the selected box."""
        self._move(lambda explorer: explorer.open(), "a single scalar: nothing is inside")

    def action_close(self) -> None:
        """Backs out."""
        self._move(lambda explorer: explorer.close(), "this is the whole graph")

    def action_select(self, direction: str) -> None:
        """Selects the box in a direction."""
        layout = self.query_one(GraphCanvas).placed
        # Keys of boxes last from graph to graph, so the picture of the one before will do.
        if self.explorer and layout and layout.view.focus.key == self.explorer.focus.key:
            beside = layout.beside(self.explorer.selected, direction)
            if beside:
                self.explorer.select(beside.box.key)
                self._show()

    def action_pan(self, x: int, y: int) -> None:
        """Moves the window over the canvas by a box's size."""
        self.query_one(GraphCanvas).scroll_relative(10 * x, 5 * y, animate=False)

    def action_find_visited(self) -> None:
        """Shows the visited node again after looking elsewhere."""
        explorer = self.explorer
        if explorer and explorer.visited is not None:
            explorer.reveal(explorer.visited)
            self._show()
        else:
            self.notify("nothing is being visited: s begins", timeout=2)

    def action_newest(self) -> None:
        """Drops what is open and shows the newest step's graph."""
        if self.frame and self.frame.result and self.explorer:
            self.explorer = Explorer(self.explorer.graph)
            self._wants_newest = True
            self._show()
            self._build(self.frame)

    @on(GraphCanvas.BoxPicked)
    def _pick(self, event: GraphCanvas.BoxPicked) -> None:
        if self.explorer:
            self.explorer.select(event.key)
            if event.again:
                self.action_open()
            else:
                self._show()

    @on(ScopeTree.BoxChosen)
    def _choose(self, event: ScopeTree.BoxChosen) -> None:
        if self.explorer:
            self.explorer.look_into(event.box)
            self._show()

    def export_job(self) -> tuple[str, Callable[[Path], None]] | None:
        """The boxes in sight, drawn by Graphviz."""
        if self.explorer is None:
            return None
        explorer = self.explorer
        view = replace(explorer.view, marked=explorer.visited)
        place = (
            re.sub(r"[^\w.]+", "-", explorer.focus.title).strip("-") if view.focus.parent else ""
        )
        name = "-".join(filter(None, (f"graph-step{self.shown_step}", place)))
        caption = f"“{self._document}”, step {self.shown_step}"
        if explorer.stepping:
            name += f"-event{explorer.event}"
            caption += f", after event {explorer.event:,} of {explorer.last_event:,}"
        grads = explorer.grads()
        return name, lambda path: write_picture(to_dot(view, caption, grads), path)
