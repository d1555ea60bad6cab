"""A graph's Map with what there is to say of one cell: lens and selection, and the moment shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message

from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.errors import MicrogptError
from microgpt.graph.graph import Graph
from microgpt.model.place_names import named
from tui.debugger.explorer import Explorer
from tui.debugger.map_side import MapSide, Moment, wrong_in
from tui.debugger.marked import Marked
from tui.debugger.row_histories import row_keys
from tui.debugger.selecting import cell_of, select_cell
from tui.debugger.stops_panel import StopsPanel
from tui.keys import MAP, bindings_for
from tui.selection import Selection
from tui.widgets.map_view import MapView
from viz.maps.folding import fitted
from viz.maps.lenses import DEFAULT_LENS, Look, Question, look
from viz.maps.moments import MapMoment
from viz.maps.moved import NOTHING_MOVED, Moved
from viz.maps.step_map import StepMap

HEADER_LINES = 2
"""Above the rows: what each column reads, and what comes next."""


class MapPanel(Horizontal):
    """Shows the Map of the graph that a person stands in; arrows and the mouse select a cell."""

    BINDINGS = bindings_for(MAP.keys)

    class CellOpened(Message):
        """A cell is to be looked into."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path  # of the cell's scope

    class Selected(Message):
        """The person has selected a cell, or none."""

        def __init__(self, step_map: StepMap, cell: int) -> None:
            super().__init__()
            self.map = step_map
            self.cell = cell  # of the Map, -1 for none

    class LookChanged(Message):
        """The Map is seen through another lens."""

    def __init__(self) -> None:
        super().__init__(id="map-panel")
        self.selected = -1  # the selected cell of the Map shown, -1 for none
        self.lens = DEFAULT_LENS
        self.widens = False  # whether the selected column is shown output by output
        self.marked: Marked | None = None  # what the lens `change` compares with
        self.asked: int | None = None  # the node whose gradient the lens `why` divides
        self._selection = Selection()  # of which `selected` is the cell, however rows are folded
        self._explorer: Explorer | None = None
        self._look: Look | None = None  # at as many rows as fit
        self._moved = NOTHING_MOVED  # by what-ifs, of what is looked at
        self._should: PassEvidence | None = None  # that is marked
        self._histories: Mapping[str, Sequence[float]] = {}

    def compose(self) -> ComposeResult:
        """The Map, and beside it the cell in words and the stops."""
        side = MapSide(id="map-side")
        side.border_title = "here"
        with Vertical(id="map-middle"):
            yield MapView(id="map")
        with Vertical(id="map-right"):
            yield side
            yield StopsPanel()

    # -- what is shown -----------------------------------------------------------------------------

    def show(
        self, explorer: Explorer, histories: Mapping[str, Sequence[float]] | None = None
    ) -> None:
        """Brings the Map up to date.

        Args:
            histories: of each row's gradient over the last steps, by `row_keys`.
        """
        before = self._explorer
        self._explorer, self._histories = explorer, histories or {}
        is_new = before is None or explorer.graph is not before.graph
        if is_new and before and not explorer.graph.is_same_computation(before.graph):
            self.asked = None  # a node's number means another one in another computation
        if is_new and self.lens not in self._lenses():
            self.lens = DEFAULT_LENS
        is_checked = explorer.should is not self._should
        self._should = explorer.should
        lens = self._look.lens.name if self._look is not None else ""
        if is_new or is_checked or lens != self.shown_lens:
            self._look_again()
        self._draw()

    @property
    def shown_lens(self) -> str:
        """The one looked through: in a forward pass values, since there are no gradients yet."""
        explorer = self._explorer
        is_forward = explorer is not None and explorer.is_in_forward_pass
        return "value" if is_forward and self.lens == "grad" else self.lens

    def _look_again(self) -> None:
        """Through the lens, at as many rows as fit."""
        explorer = self._explorer
        if explorer is None:
            return
        fitting = explorer.map_fitting(self.room_for_rows)
        if self._look is not None and self._look.map is not fitting:
            self.selected = cell_of(self._selection, fitting)
        try:
            self._look = look(fitting, self.shown_lens, self._question(self.shown_lens))
        except MicrogptError as error:  # such as a text of another length, to compare with
            self.notify(str(error), title=f"view {self.lens}", severity="warning", markup=False)
            self.lens = DEFAULT_LENS
            self._look = look(fitting, self.shown_lens)
        self._moved = self._moved_by_what_ifs(self._look)

    @property
    def room_for_rows(self) -> int:
        """How many rows there is room for, with a header of two lines."""
        return max(1, self.query_one(MapView).size.height - HEADER_LINES)

    def whole_look(self) -> Look | None:
        """At all rows, for pictures; None before there is a graph."""
        if self._explorer is None:
            return None
        return look(self._explorer.map, self.shown_lens, self._question(self.shown_lens))

    def _question(self, lens: str) -> Question:
        explorer = self._explorer
        assert explorer is not None
        session = explorer.session
        updated = None
        if lens == "update" and (origin := session.origin) is not None:
            updated = origin.updated(explorer.graph).graph(origin.document)
        return Question(node=self.asked, updated=updated, other=self._other)

    @property
    def _other(self) -> Graph | None:
        """What the lens `change` compares with: the marked step, else this one without what-ifs.

        None without either, and where the marked one is of another text.
        """
        explorer = self._explorer
        assert explorer is not None
        if self.marked is not None:
            origin = explorer.session.origin
            graph = self.marked.graph
            if origin is None:  # a script's pass: nobody knows its text
                return graph if explorer.graph.is_same_computation(graph) else None
            return graph if origin.document == self.marked.document else None
        if explorer.is_off is not None:
            return explorer.true_graph
        original = explorer.session.edit_stack.original.graph
        # A token that is changed reads other parameters: that is another computation.
        is_same = bool(explorer.edits) and explorer.graph.is_same_computation(original)
        return original if is_same else None

    @property
    def _has_update(self) -> bool:
        """Whether the graph is a step's own: with what-ifs in force there is no update of it."""
        explorer = self._explorer
        return explorer is not None and bool(explorer.session.origin) and not explorer.edits

    def _draw(self) -> None:
        explorer, seen = self._explorer, self._look
        if explorer is None or seen is None:
            return
        moment = self.moment
        histories: tuple[Sequence[float], ...] = ()
        if seen.map is explorer.map and self._histories:
            keys = row_keys(seen.map.rows)
            histories = tuple(tuple(self._histories.get(key, ())) for key in keys)
        self.query_one(MapView).show(
            seen, self.selected, moment, histories, self._moved, widens=self.widens
        )
        here = Moment.of(explorer) if moment is not None else None
        cell = self.selected if self.selected >= 0 or moment is None else moment.visited
        self.query_one(MapSide).show(
            seen, self.selected, moment, here, wrong_in(explorer, seen, cell)
        )
        self.query_one(StopsPanel).show(explorer.session)

    def _moved_by_what_ifs(self, seen: Look) -> Moved:
        """What of a Map the what-ifs in force move: what it does not show without them."""
        explorer = self._explorer
        assert explorer is not None
        if not explorer.edits:
            wrong = explorer.is_off
            if wrong is None:
                return NOTHING_MOVED
            cells = seen.map.grid.cell_of[np.flatnonzero(wrong)]
            return Moved(wrong=frozenset(cells[cells >= 0].tolist()))
        unedited = fitted(explorer.map_unedited, self.room_for_rows)
        try:
            before = look(unedited, seen.lens.name, self._question(seen.lens.name))
        except MicrogptError:  # what is asked about is not there without them
            return NOTHING_MOVED
        return Moved.between(before, seen)

    @property
    def moment(self) -> MapMoment | None:
        """Where the walk stands on the Map shown; None before it has begun."""
        explorer, seen = self._explorer, self._look
        if explorer is None or seen is None or not explorer.stepping:
            return None
        return explorer.cells.moment(seen.map, explorer.grads())

    def on_resize(self) -> None:
        """Another window has room for more rows, or fewer."""

        def look_again() -> None:
            if self.display and self._explorer is not None:
                self._look_again()
                self._draw()

        self.call_after_refresh(look_again)

    def see_through(self, lens: str) -> None:
        """Changes the lens."""
        self.lens = lens
        self._look_again()
        self._draw()
        self.post_message(self.LookChanged())

    def ask_why(self, node: int) -> None:
        """Shows through which cells a node's gradient comes."""
        self.asked = node
        self.see_through("why")

    def lens_in_words(self) -> str:
        """The lens, and what it asks about or compares with."""
        explorer = self._explorer
        if explorer is not None and self.shown_lens == "why" and self.asked is not None:
            return f"why {named(explorer.graph, self.asked)}"
        if self.shown_lens == "change":
            is_off = explorer is not None and explorer.is_off is not None
            other = "the pass as it should be" if is_off else "before the what-if"
            return f"change from {self.marked.name if self.marked else other}"
        if self.marked is not None and explorer is not None and self._other is None:
            why = "is of another text (d: pin one)" if self.marked.document else "is another graph"
            return f"{self.shown_lens} · {self.marked.name} {why}"
        return self.shown_lens

    def _lenses(self) -> list[str]:
        """Those that have what they need."""
        explorer = self._explorer
        assert explorer is not None
        has_backward = explorer.graph.backpropagated
        return [
            "grad",
            "value",
            *(["update"] if self._has_update and has_backward else []),
            *(["why"] if self.asked is not None and has_backward else []),
            *(["change"] if self._other is not None else []),
        ]

    # -- the selected cell -------------------------------------------------------------------------

    def number_at_hand(self) -> str:
        """What the lens says of the selected cell, with all its digits; `""` without one."""
        seen = self._look
        return "" if seen is None or self.selected < 0 else repr(float(seen.numbers[self.selected]))

    def show_selected(self, selection: Selection) -> bool:
        """Selects what was selected elsewhere; False while there is no Map."""
        if self._look is None:
            return False
        self._selection = selection
        cell = cell_of(selection, self._look.map)
        if cell != self.selected:
            self.selected = cell
            self._draw()
        return True

    @property
    def path(self) -> str:
        """Of the selected cell's scope, `""` if none is selected or it is of none."""
        if self._look is None or self.selected < 0:
            return ""
        return self._look.map.scope_around(self.selected)

    def reference(self) -> str:
        """The selected cell's scope or matrix, else the node visited, in the debugger's words."""
        explorer, seen = self._explorer, self._look
        if explorer is None or seen is None:
            return ""
        if self.selected < 0:
            visited = explorer.visited
            return "" if visited is None else f"#{explorer.graph.id_of(visited)}"
        grid = seen.map.grid
        matrices = grid.rows[int(grid.row_of[self.selected])].matrices
        return matrices[0] if grid.parameters[self.selected] and len(matrices) == 1 else self.path

    def node(self) -> int | None:
        """A cell is of many; without one selected, the node visited."""
        explorer = self._explorer
        return None if explorer is None or self.selected >= 0 else explorer.visited

    def strongest_output(self) -> int | None:
        """Of what leaves the selected cell, the node with the largest gradient; None without one.

        A number that is not finite counts as larger than all others.
        """
        seen = self._look
        if seen is None or self.selected < 0:
            return None
        outputs = seen.map.outputs
        mine = outputs[seen.map.grid.cell_of[outputs] == self.selected]
        if not len(mine):
            return None
        sizes = np.nan_to_num(np.abs(seen.map.graph.grad[mine]), nan=np.inf)
        return int(mine[int(np.argmax(sizes))])

    def select_cell_of(self, node: int) -> None:
        """Selects the cell that a node lies in."""
        if self._look is not None:
            self.select(int(self._look.map.grid.cell_of[node]))

    def select(self, cell: int) -> None:
        """Selects a cell, -1 for none."""
        if cell != self.selected:
            self.selected = cell
            self._draw()
            if self._look is not None:
                self._selection = select_cell(Selection(), self._look.map, cell)
                self.post_message(self.Selected(self._look.map, cell))

    @property
    def opens(self) -> str:
        """Path of the scope to look into: the selected cell's, else the one visited."""
        moment = self.moment
        if self.selected < 0 and moment is not None and moment.visited >= 0 and self._look:
            return self._look.map.scope_around(moment.visited)
        return self.path

    def action_cell(self, down: int, right: int) -> None:
        """Selects the cell beside the selected one."""
        if self._look is None:
            return
        grid = self._look.map.grid
        if self.selected < 0:
            moment = self.moment
            start = moment.visited if moment and moment.visited >= 0 else int(grid.at[0, 0])
            self.select(start)
            return
        self.select(grid.beside(self.selected, down, right))

    def action_widen(self) -> None:
        """Shows each output of the selected column, or no more."""
        if self._look is None:
            return
        self.widens = not self.widens
        if self.widens and self.selected < 0:
            self.action_cell(0, 0)
        self._draw()

    def action_open_cell(self) -> None:
        """Asks for the selected cell's scalars."""
        if path := self.opens:
            self.post_message(self.CellOpened(path))
        else:
            self.notify("select a cell first: arrows, or the mouse", timeout=2)

    def action_lens(self) -> None:
        """Looks through the next lens that has what it needs."""
        if self._explorer is None:
            return
        lenses = self._lenses()
        if self._explorer.is_in_forward_pass:
            lenses.remove("grad")
        place = lenses.index(self.shown_lens) if self.shown_lens in lenses else -1
        self.see_through(lenses[(place + 1) % len(lenses)])

    @on(MapView.CellPicked)
    def _pick(self, event: MapView.CellPicked) -> None:
        event.stop()
        self.select(event.cell)
        if event.again:
            self.action_open_cell()
