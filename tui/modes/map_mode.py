"""Map mode: the step that is shown as one grid of cells, live, and a walk along its passes.

What a cell shows is computed in a worker thread, which posts one message with the frozen result.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
from rich.text import Text
from textual import on, work
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget

from microgpt.errors import MicrogptError
from microgpt.train.graph_origin import GraphOrigin
from tui.base.base_app import ExportJob
from tui.keys import Key, bindings_for
from tui.modes.mode_screen import ModeScreen
from tui.training.map_walk import MappedStep, MapWalk, mapped_step
from tui.training.run_frame import RunFrame
from tui.widgets.map_side import MapSide
from tui.widgets.map_view import MapView
from viz.dot import printable
from viz.maps.export import write_map
from viz.maps.folding import fitted
from viz.maps.lenses import Look, Question, look
from viz.maps.moments import MapMoment

LENSES_HERE = ("grad", "value", "update")
"""Those that need nothing but the step; the key goes round through them."""

PLAY_SPEEDS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Cells a second while playing."""
DEFAULT_SPEED = 2
STEPS_REMEMBERED = 240
"""Of how many steps each row's gradient is kept."""


class MapScreen(ModeScreen):
    """Shows the Map of one step."""

    MODE = "map"
    TOOLTIP = "Map mode: the step as one grid of cells"
    KEYS = (
        Key("n", "complete_cell(1)", "Next cell", "On to where the next cell is complete",
            group="Cell"),
        Key("N", "complete_cell(-1)", "Cell before", "Back to where the cell before was complete",
            group="Cell"),
        Key("o", "complete_column(1)", "Column", "On to where the position at hand is complete",
            group="Column"),
        Key("O", "complete_column(-1)", "Column before",
            "Back to where the position before was complete", group="Column"),
        Key("s", "step(1)", "Next event", "On by one event; the first begins the backward pass",
            group="Event"),
        Key("S", "step(-1)", "Previous", "Back by one event, with every number as it was",
            group="Event"),
        Key("p", "play(1)", "Play", "From cell to cell by itself, or stop that"),
        Key("P", "play(-1)", "Play back", "The same backwards", in_footer=False),
        Key("plus,equals_sign", "play_speed(1)", "Faster", "Play faster", in_footer=False,
            display="+"),
        Key("minus", "play_speed(-1)", "Slower", "Play slower", in_footer=False, display="-"),
        Key("home", "ends(False)", "First",
            "First event of the backward pass; again: of the forward", in_footer=False,
            display="Home"),
        Key("end", "ends(True)", "Last", "The last event, every gradient complete",
            in_footer=False, display="End"),
        Key("v", "lens", "Lens", "Look at gradients, values, or what the update changes"),
        Key("left", "cell(0, -1)", "Left", "Select the cell to the left", in_footer=False,
            display="←"),
        Key("right", "cell(0, 1)", "Right", "Select the cell to the right", in_footer=False,
            display="→"),
        Key("up", "cell(-1, 0)", "Up", "Select the cell above: towards the embeddings",
            in_footer=False, display="↑"),
        Key("down", "cell(1, 0)", "Down", "Select the cell below: towards the loss",
            in_footer=False, display="↓"),
        Key("escape", "no_cell", "None", "Select no cell: heads show all their weights",
            in_footer=False, display="esc"),
        Key("enter", "open", "Open", "Open the selected cell's scalars in Graph mode",
            display="⏎"),
        Key("r", "newest", "Newest", "Leave the walk and follow training again",
            in_footer=False),
    )  # fmt: skip
    BINDINGS = bindings_for(KEYS)

    class Mapped(Message):
        """A step's Map is there."""

        def __init__(self, step: MappedStep) -> None:
            super().__init__()
            self.step = step

    class MapFailed(Message):
        """A step's Map cannot be had."""

        def __init__(self, problem: str) -> None:
            super().__init__()
            self.problem = problem

    def __init__(self) -> None:
        super().__init__()
        self.selected = -1  # the selected cell, -1 for none
        self.lens = LENSES_HERE[0]
        self._look: Look | None = None  # at as many rows as fit
        self._whole: Look | None = None  # at all rows, for pictures
        self._walk: MapWalk | None = None  # along the step's passes
        self._building = False
        self._player: Timer | None = None
        self._play_direction = 1
        self._speed = DEFAULT_SPEED
        self._said = ""
        self._was_past = False
        self._history: dict[str, deque[float]] = {}

    @property
    def shown(self) -> MappedStep | None:
        """The step that is shown, None until the first is there."""
        return self._walk.step if self._walk else None

    def body(self) -> Widget:
        """The Map, and beside it what there is to say of the selected cell."""
        side = MapSide(id="map-side")
        side.border_title = "here"
        return Horizontal(Vertical(MapView(id="map"), id="map-middle"), side, id="map-mode")

    def on_mount(self) -> None:
        """Until the first Map is there, say so; keys go to the Map."""
        self.query_one("#map-middle").border_title = "computing the first map …"
        self.query_one(MapView).focus()

    # -- the step that is shown ------------------------------------------------------------------

    def show_frame(self, frame: RunFrame) -> None:
        """Before training has made a step, the untrained model's Map is shown."""
        super().show_frame(frame)
        origin = frame.origin or frame.upcoming
        if frame.result is None and origin is not None:
            self._follow(origin, frame)

    def show_result(self, frame: RunFrame) -> None:
        """Follows training until events are stepped."""
        assert frame.origin is not None
        self._follow(frame.origin, frame)

    def _follow(self, origin: GraphOrigin, frame: RunFrame) -> None:
        travels = frame.past or self._was_past
        self._was_past = frame.past
        is_new = self.shown is None or origin.step != self.shown.origin.step
        if (
            is_new
            and not self._building
            and (travels or self._walk is None or not self._walk.has_begun)
        ):
            self._building = True
            self._map_step(origin)

    # Without a description Textual makes one of all parameters.
    @work(thread=True, exit_on_error=True, description="a map")
    def _map_step(self, origin: GraphOrigin) -> None:
        try:
            step = mapped_step(origin)
        except MicrogptError as error:
            self.post_message(self.MapFailed(str(error)))
        else:
            self.post_message(self.Mapped(step))
            origin.model.expect_graphs(origin.document)  # the next step's will be wanted soon

    @on(Mapped)
    def _take_map(self, event: Mapped) -> None:
        self._building = False
        step = event.step
        for row, size in zip(step.map.rows, step.row_norms, strict=True):
            name = f"{row.layer} {row.name}"
            self._history.setdefault(name, deque(maxlen=STEPS_REMEMBERED)).append(size)
        self._walk = MapWalk.arriving(step, self._walk)
        self._look_again()
        frame = self.frame
        if frame and frame.origin:  # training may have gone on meanwhile, and then paused
            self._follow(frame.origin, frame)

    @on(MapFailed)
    def _say_not_mapped(self, event: MapFailed) -> None:
        self._building = False
        if event.problem != self._said:  # once: the next step may have the same trouble
            self._said = event.problem
            self.notify(event.problem, severity="error", markup=False)

    def _look_again(self) -> None:
        """Through the lens, then onto the screen."""
        step = self.shown
        if step is None:
            return
        question = Question()
        if self.lens == "update":
            question = Question(updated=step.updated_graph())
        fitting = fitted(step.map, self.query_one(MapView).room_for_rows(step.map))
        before = self._look
        if before is not None and self.selected >= 0:
            self.selected = before.map.grid.same_place(self.selected, fitting.grid)
        self._look = look(fitting, self.lens, question)
        self._whole = look(step.map, self.lens, question)
        self._show()

    def on_resize(self) -> None:
        """Another window has room for more rows, or fewer."""
        self.call_after_refresh(self._look_again)

    @property
    def moment(self) -> MapMoment | None:
        """Where the walk stands; None before it has begun."""
        return self._walk.moment(self._look.map) if self._walk and self._look else None

    def _show(self) -> None:
        step, seen = self.shown, self._look
        if step is None or seen is None:
            return
        moment = self.moment
        self.query_one(MapView).show(seen, self.selected, moment, self._row_histories(step))
        middle = self.query_one("#map-middle")
        document = printable(step.origin.document)
        middle.border_title = Text(f"“{document}” · {self._step_name(step)} · {seen.lens.name}")
        middle.border_subtitle = Text(self._when(moment is not None))
        changes = step.session.state.changes if moment is not None else ()
        self.query_one(MapSide).show(seen, self.selected, moment, changes)

    def _step_name(self, step: MappedStep) -> str:
        is_trained = self.frame is not None and self.frame.result is not None
        return f"step {step.origin.step}" + ("" if is_trained else ", untrained")

    def _row_histories(self, step: MappedStep) -> tuple[tuple[float, ...], ...]:
        """Of each row its gradient over the last steps that were shown."""
        if self._look is None or self._look.map is not step.map:
            return ()
        return tuple(
            tuple(self._history.get(f"{row.layer} {row.name}", ())) for row in step.map.rows
        )

    def _when(self, is_walking: bool) -> str:
        if not is_walking or self._walk is None:
            return "s: walk the backward pass · arrows: a cell · v: lens"
        playing = f" · ▶ {PLAY_SPEEDS[self._speed]:g} cells/s" if self._player else ""
        return self._walk.in_words() + playing

    # -- in space --------------------------------------------------------------------------------

    def action_cell(self, down: int, right: int) -> None:
        """Selects the cell beside the selected one."""
        if self._look is None:
            return
        grid = self._look.map.grid
        if self.selected < 0:
            moment = self.moment
            start = moment.visited if moment and moment.visited >= 0 else int(grid.at[0, 0])
            self._select(start)
            return
        row, column = int(grid.row_of[self.selected]), int(grid.column_of[self.selected])
        column = max(column, 0)
        if right:
            column = min(max(column + right, 0), len(grid.labels) - 1)
        at = row + down
        while 0 <= at < len(grid.rows):
            cells = [int(grid.at[at, column]), *np.flatnonzero(grid.row_of == at).tolist()]
            found = next((cell for cell in cells if cell >= 0), -1)
            if found >= 0:
                self._select(found)
                return
            at += down or 1

    def action_no_cell(self) -> None:
        """Selects nothing."""
        self._select(-1)

    def _select(self, cell: int) -> None:
        self.selected = cell
        self._show()

    @on(MapView.CellPicked)
    def _pick(self, event: MapView.CellPicked) -> None:
        self._select(event.cell)
        if event.again:
            self.action_open()

    def action_lens(self) -> None:
        """Looks through the next lens."""
        self.lens = LENSES_HERE[(LENSES_HERE.index(self.lens) + 1) % len(LENSES_HERE)]
        self._look_again()

    def action_open(self) -> None:
        """Opens the selected cell as scalars in Graph mode."""
        step = self.shown
        if step is None or self._look is None or self.selected < 0:
            self.notify("select a cell first: the arrows do", timeout=2)
            return
        path = self._look.map.scope_around(self.selected)
        if not path:
            self.notify("this cell is no scope of its own: there is nothing to open", timeout=3)
            return
        self._stop_playing()
        self.app.call_later(self.app.run_action, f"app.open_scope({path!r})")

    # -- in time ---------------------------------------------------------------------------------

    def _moved(self, move: Callable[[MapWalk], bool]) -> bool:
        """Makes a move of the walk, which the first key begins; False if there is none to make."""
        walk = self._walk
        if walk is None:
            return False
        moved = walk.begin() or move(walk)
        if not moved:
            self.notify(f"this is the end of the {walk.step.session.state.phase} pass", timeout=2)
        self._show()
        return moved

    def action_step(self, by: int) -> None:
        """By events; the first key begins the backward pass."""
        self._stop_playing()

        def move(walk: MapWalk) -> bool:
            walk.by_events(by)
            return True

        self._moved(move)

    def action_complete_cell(self, direction: int) -> None:
        """To where the next cell is complete, or back to where the one before was."""
        self._stop_playing()
        self._moved(lambda walk: walk.to_cell(direction))

    def action_complete_column(self, direction: int) -> None:
        """To where the position at hand is complete, or the one before was."""
        self._stop_playing()
        self._moved(lambda walk: walk.to_column(direction))

    def action_ends(self, end: bool) -> None:
        """To the first event of the pass, from there to the forward pass; or to the last."""
        self._stop_playing()
        if self._walk is None:
            return
        if end:
            self._walk.to_end()
        else:
            self._walk.to_beginning()
        self._show()

    def action_play(self, direction: int) -> None:
        """Goes from cell to cell by itself, on or back; again, stops."""
        if self._player is not None:
            self._stop_playing()
            self._show()
        elif self.shown is not None:
            self._play_direction = direction
            self._player = self.set_interval(1 / PLAY_SPEEDS[self._speed], self._play_on)
            self._show()

    def _play_on(self) -> None:
        if self._player is not None and not self._moved(
            lambda walk: walk.to_cell(self._play_direction)
        ):
            self._stop_playing()
            self._show()

    def action_play_speed(self, by: int) -> None:
        """Faster or slower, also while it plays."""
        self._speed = min(max(self._speed + by, 0), len(PLAY_SPEEDS) - 1)
        if self._player is not None:
            self._player.stop()
            self._player = self.set_interval(1 / PLAY_SPEEDS[self._speed], self._play_on)
        self.notify(f"{PLAY_SPEEDS[self._speed]:g} cells a second", timeout=2)
        self._show()

    def _stop_playing(self) -> None:
        if self._player is not None:
            self._player.stop()
            self._player = None

    def action_newest(self) -> None:
        """Leaves the walk and follows training again."""
        self._stop_playing()
        if self._walk is not None:
            self._walk.has_begun = False
        self._show()
        if self.frame and self.frame.origin:
            self._follow(self.frame.origin, self.frame)

    # -- writing ---------------------------------------------------------------------------------

    def export_job(self) -> ExportJob | None:
        """The Map as an SVG."""
        step, seen = self.shown, self._whole
        if step is None or seen is None:
            return None
        number = step.origin.step
        title = f"“{step.origin.document}”, step {number}"
        return f"map-step{number}", lambda path: write_map(seen, path, title)
