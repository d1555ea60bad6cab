"""Map mode: the step that is shown as one grid of cells, live, and a walk along its passes.

What a cell shows is computed in a worker thread, which posts one message with the frozen result.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget

from microgpt.debugger import DebugSession
from microgpt.debugger.post_mortem import compute
from microgpt.debugger.running_grads import RunningGrads
from microgpt.errors import MicrogptError
from microgpt.graph.arrays import Ints
from microgpt.graph.events import Phase
from microgpt.graph.graph import Graph
from microgpt.train.graph_origin import GraphOrigin
from tui.base.base_app import ExportJob
from tui.keys import Key, bindings_for
from tui.modes.mode_screen import ModeScreen
from tui.training.run_frame import RunFrame
from tui.widgets.map_view import MapView
from tui.widgets.text_view import TextView
from viz.dot import printable
from viz.map.captions import document_captions
from viz.map.export import write_map
from viz.map.folding import fitted
from viz.map.lenses import Look, Question, look
from viz.map.moments import MapMoment, column_completions, completions, moment_of
from viz.map.step_map import StepMap
from viz.map.words import Share, column_name, reading_in_words, words

LENSES_HERE = ("grad", "value", "update")
"""Those that need nothing but the step; the key goes round through them."""

PLAY_SPEEDS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Cells a second while playing."""
DEFAULT_SPEED = 2
STEPS_REMEMBERED = 240
"""Of how many steps each row's gradient is kept."""
BAR = 10
"""Of a share in the side pane. Units: characters."""


@dataclass(frozen=True, eq=False)
class MappedStep:
    """A step with its Map, and a session that walks along its passes."""

    origin: GraphOrigin
    session: DebugSession
    map: StepMap
    row_norms: tuple[float, ...]  # of the gradient, over the cells of each row


def mapped_step(origin: GraphOrigin) -> MappedStep:
    """Computes the graph of a step and its Map.

    Raises:
        MicrogptError: there is no graph.
    """
    computed = compute(origin.model, origin.document)
    session = DebugSession(computed.graph, origin, computed.problem)
    tokenizer, size = origin.model.tokenizer, origin.model.config.block_size
    tokens = tokenizer.encode(origin.document)[: size + 1]
    captions = document_captions(computed.graph, [tokenizer.label(token) for token in tokens])
    step_map = StepMap.of(computed.graph, captions, origin.step)
    inside = np.flatnonzero(step_map.grid.column_of >= 0)
    squares = np.bincount(
        step_map.grid.row_of[inside], step_map.grad_norm[inside] ** 2, len(step_map.rows)
    )
    return MappedStep(origin, session, step_map, tuple(np.sqrt(squares).tolist()))


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
        self.shown: MappedStep | None = None  # None until the first is there
        self.selected = -1  # the selected cell, -1 for none
        self.lens = LENSES_HERE[0]
        self._look: Look | None = None  # at as many rows as fit
        self._whole: Look | None = None  # at all rows, for pictures
        self._grads: RunningGrads | None = None
        self._stepping = False
        self._building = False
        self._player: Timer | None = None
        self._play_direction = 1
        self._speed = DEFAULT_SPEED
        self._said = ""
        self._was_past = False
        self._history: dict[str, deque[float]] = {}

    def body(self) -> Widget:
        """The Map, and beside it what there is to say of the selected cell."""
        return _MapBody(id="map-mode")

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
        if is_new and not self._building and (travels or not self._stepping):
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
        before, self.shown = self.shown, event.step
        step = event.step
        for row, size in zip(step.map.rows, step.row_norms, strict=True):
            name = f"{row.layer} {row.name}"
            self._history.setdefault(name, deque(maxlen=STEPS_REMEMBERED)).append(size)
        self._grads = RunningGrads(step.session.graph)
        if self._stepping and before is not None:
            moment = before.session.state.moment
            same = len(before.session.graph) == len(step.session.graph)
            step.session.goto_moment(moment if same else step.session.timeline.n_forward + 1)
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
            question = Question(updated=_updated_graph(step))
        fitting = fitted(step.map, self.query_one(MapView).room_for_rows(step.map))
        before = self._look
        if before is not None and self.selected >= 0:
            self.selected = _same_place(before.map, self.selected, fitting)
        self._look = look(fitting, self.lens, question)
        self._whole = look(step.map, self.lens, question)
        self._show()

    def on_resize(self) -> None:
        """Another window has room for more rows, or fewer."""
        self.call_after_refresh(self._look_again)

    @property
    def moment(self) -> MapMoment | None:
        """Where the walk stands; None before it has begun."""
        step = self.shown
        if step is None or not self._stepping or self._grads is None or self._look is None:
            return None
        state, graph = step.session.state, step.session.graph
        grads = self._grads.at(state.event) if state.phase == "backward" else graph.grad_before
        return moment_of(self._look.map, state.phase, state.event, grads)

    def _show(self) -> None:
        step, seen = self.shown, self._look
        if step is None or seen is None:
            return
        moment = self.moment
        self.query_one(MapView).show(seen, self.selected, moment, self._row_histories(step))
        middle = self.query_one("#map-middle")
        document = printable(step.origin.document)
        middle.border_title = Text(f"“{document}” · {self._step_name(step)} · {seen.lens.name}")
        middle.border_subtitle = Text(self._when(step, moment))
        self.query_one("#map-side", TextView).show_sections(*self._sections(seen, moment))

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

    def _when(self, step: MappedStep, moment: MapMoment | None) -> str:
        if moment is None:
            return "s: walk the backward pass · arrows: a cell · v: lens"
        phase: Phase = moment.phase
        last = (
            step.session.timeline.n_forward
            if phase == "forward"
            else len(step.session.graph.visit_order)
        )
        stops = completions(step.map, phase)
        done = int(np.searchsorted(stops, moment.event, side="right"))
        playing = f" · ▶ {PLAY_SPEEDS[self._speed]:g} cells/s" if self._player else ""
        return f"{phase} {moment.event:,}/{last:,} · cell {done}/{len(stops)}{playing}"

    def _sections(self, seen: Look, moment: MapMoment | None) -> list[Text]:
        """What the side pane says."""
        sections = []
        cell = self.selected
        if cell < 0 and moment is not None:
            cell = moment.visited
        if moment is not None and self.shown is not None:
            sections.append(_changes(self.shown.session))
        if cell >= 0:
            told = words(seen, cell, moment)
            sections.append(Text("\n".join((told.place, told.scope, *told.lines))))
            for title, shares in (
                ("reads", told.reads),
                ("gradient comes from", told.flows_in),
                ("gradient goes on to", told.flows_out),
            ):
                if shares:
                    sections.append(Text("\n".join((title, *map(_share, shares)))))
            column = int(seen.map.grid.column_of[cell])
            if column >= 0 and not told.reads and seen.map.weights:
                title = f"{column_name(seen.map, column)} reads"
                sections.append(Text("\n".join((title, *reading_in_words(seen.map, column)))))
        else:
            sections.append(Text(_INTRODUCTION))
        return sections

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
        path = self._scope_of(self.selected)
        if not path:
            self.notify("this cell is no scope of its own: there is nothing to open", timeout=3)
            return
        self._stop_playing()
        self.app.call_later(self.app.run_action, f"app.open_scope({path!r})")

    def _scope_of(self, cell: int) -> str:
        """The scope that a cell is, or the smallest that holds all of it; `""` if none does."""
        assert self._look is not None
        ranges = self._look.map.grid.node_ranges[cell]
        start, stop = ranges[0][0], ranges[-1][1]
        scopes = self._look.map.graph.scopes
        holding = [scope for scope in scopes if scope.start <= start and stop <= scope.stop]
        return min(holding, key=len).path

    # -- in time ---------------------------------------------------------------------------------

    def action_step(self, by: int) -> None:
        """By events; the first key begins the backward pass."""
        self._stop_playing()
        step = self.shown
        if step is None or self._begun(step):
            return
        if by > 0:
            step.session.step()
        else:
            step.session.back()
        self._show()

    def _begun(self, step: MappedStep) -> bool:
        """Begins the walk, if that has not been done."""
        if self._stepping:
            return False
        self._stepping = True
        backward = step.session.graph.backpropagated
        step.session.goto("backward 0" if backward else "start")
        self._show()
        return True

    def action_complete_cell(self, direction: int) -> None:
        """To where the next cell is complete, or back to where the one before was."""
        self._stop_playing()
        self._go_to_cell(direction)

    def _go_to_cell(self, direction: int) -> bool:
        """Whether there was one to go to."""
        step = self.shown
        if step is None:
            return False
        if self._begun(step):
            return True
        return self._go(step, completions(step.map, step.session.state.phase), direction)

    def action_complete_column(self, direction: int) -> None:
        """To where the position at hand is complete, or the one before was."""
        self._stop_playing()
        step = self.shown
        if step is None or self._begun(step):
            return
        stops = np.unique(column_completions(step.map, step.session.state.phase))
        self._go(step, stops[stops >= 0], direction)

    def _go(self, step: MappedStep, stops: Ints, direction: int) -> bool:
        state = step.session.state
        place = int(np.searchsorted(stops, state.event, side="right" if direction > 0 else "left"))
        if direction > 0 and place < len(stops):
            step.session.goto(f"{state.phase} {int(stops[place])}")
        elif direction < 0:
            event = int(stops[place - 1]) if place else 0
            step.session.goto(f"{state.phase} {event}")
        else:
            self.notify(f"the {state.phase} pass is complete", timeout=2)
            return False
        self._show()
        return direction > 0 or place > 0

    def action_ends(self, end: bool) -> None:
        """To the first event of the pass, from there to the forward pass; or to the last."""
        self._stop_playing()
        step = self.shown
        if step is None:
            return
        state, was_stepping = step.session.state, self._stepping
        self._stepping = True
        if end:
            step.session.goto("end")
        elif not step.session.graph.backpropagated or (
            was_stepping and state.phase == "backward" and state.event == 0
        ):
            step.session.goto("start")
        else:
            step.session.goto("backward 0")
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
        if self._player is not None and not self._go_to_cell(self._play_direction):
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
        self._stepping = False
        self._show()
        if self.frame and self.frame.origin:
            self._follow(self.frame.origin, self.frame)

    # -- writing ---------------------------------------------------------------------------------

    def export_job(self) -> ExportJob | None:
        """The Map as an SVG."""
        step, seen = self.shown, self._whole
        if step is None or seen is None:
            return None
        title = f"“{step.origin.document}”, step {step.origin.step}"

        def write(path: Path) -> None:
            write_map(seen, path, title)

        return f"map-step{step.origin.step}", write


class _MapBody(Horizontal):
    def compose(self) -> ComposeResult:
        """The Map and its side pane."""
        side = TextView(id="map-side")
        side.border_title = "here"
        yield Vertical(MapView(id="map"), id="map-middle")
        yield side


_INTRODUCTION = (
    "Columns are positions, under the token that each reads; rows are blocks, in the order of the "
    "forward pass. A cell is as strong as the gradient of what leaves it. In a head's cell each "
    "bar is a weight: how much is read of that position.\n\n"
    "Arrows select a cell, and its column's reading is drawn; s walks the backward pass event by "
    "event, n cell by cell, o position by position, p plays; ⏎ opens a cell's scalars."
)


def _share(share: Share) -> str:
    return f"{share.number:>6} {'█' * max(1, round(BAR * share.part)):<{BAR}} {share.name}"


def _changes(session: DebugSession) -> Text:
    """What the event at hand does."""
    told = [
        f"{c.name}  {c.old:.4g} + {c.contribution:.4g} = {c.new:.4g}" for c in session.state.changes
    ]
    return Text("\n".join(("this event", *told))) if told else Text()


def _same_place(before: StepMap, cell: int, after: StepMap) -> int:
    """The cell of another Map at the same row and column, -1 if there is none."""
    row, column = int(before.grid.row_of[cell]), int(before.grid.column_of[cell])
    if column < 0 or row >= len(after.rows) or column >= len(after.grid.labels):
        return -1
    return int(after.grid.at[row, column])


def _updated_graph(step: MappedStep) -> Graph:
    """The same text after this step's update."""
    return step.origin.updated(step.session.graph).graph(step.origin.document)
