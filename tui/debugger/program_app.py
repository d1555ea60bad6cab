"""`ProgramApp`: what apps around one `DebuggerPane` have in common, whoever computes the graphs."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from textual import on

from tui.base.base_app import BaseApp
from tui.debugger.debugger_pane import DebuggerPane
from tui.debugger.explorer import Standpoint
from tui.debugger.map_panel import MapPanel
from tui.debugger.selecting import select_cell
from tui.doctor.doctor_panel import DoctorPanel
from tui.selection import Selection
from tui.visited_places import VisitedPlaces


@dataclass(frozen=True, slots=True)
class ProgramPlace:
    """Where a person stands in the passes of a program."""

    number: int  # of the pass; 0 where there is one graph alone
    stands: Standpoint
    selection: Selection  # on the Map

    @property
    def area(self) -> Hashable:
        """The pass, and the box looked into."""
        return self.number, self.stands.focus


class ProgramApp(BaseApp):
    """Shows graphs in a `DebuggerPane`, with the keys of `ALONE`."""

    clock: Callable[[], float] = staticmethod(time.monotonic)
    """Tells how long one stays at a place. Units: seconds."""
    _selection = Selection()  # on the Map
    _come_to: ProgramPlace | None = None  # by going back, not by looking around

    def __init__(self) -> None:
        super().__init__()
        self.places = VisitedPlaces[ProgramPlace]()

    @property
    def _pane(self) -> DebuggerPane | None:
        """None while the app is left: its widgets go before its last messages come."""
        return next(iter(self.query(DebuggerPane)), None)

    def action_parameters(self) -> None:
        """The matrices of the graph at hand."""
        self.query_one(DebuggerPane).open_parameters(self)

    def action_findings(self) -> None:
        """The doctor's panel, or no more."""
        if not self.query_one(DoctorPanel).toggle():
            self.query_one(DebuggerPane).focus_view()

    # -- where one has been ----------------------------------------------------------------------

    @property
    def place(self) -> ProgramPlace | None:
        """Where the person stands, None before there is a graph."""
        explorer = self._pane.explorer if self._pane is not None else None
        if explorer is None:
            return None
        halt = explorer.session.halt
        return ProgramPlace(halt.number if halt else 0, explorer.place, self._selection)

    @on(DebuggerPane.Moved)
    def _note_place(self) -> None:
        here = self.place
        if here is not None and here != self._come_to:
            self._come_to = None
            self.places.visit(here, self.clock())

    @on(MapPanel.Selected)
    def _note_cell(self, event: MapPanel.Selected) -> None:
        self._selection = select_cell(Selection(), event.map, event.cell)
        self._note_place()

    def action_been(self, by: int) -> None:
        """Back to where one has been before, or forward again."""
        if self.has_dialog:
            return
        place = self.places.go(by, self.clock())
        if place is None:
            self.notify("this is where you began" if by < 0 else "you have been no further",
                        timeout=2)  # fmt: skip
            return
        here = self.place
        if here is None or here.number == place.number:
            self.stand_at(place)
        elif not self.goes_to_pass(place):
            self.places.go(-by, self.clock())

    def goes_to_pass(self, place: ProgramPlace) -> bool:  # noqa: ARG002
        """To a place in another pass, now or once that is read; False if it cannot be had."""
        return False

    def stand_at(self, place: ProgramPlace) -> None:
        """To a place in the graph at hand, or as near to it as there is one in that."""
        pane = self._pane
        explorer = pane.explorer if pane is not None else None
        if pane is None or explorer is None:
            return
        stands = place.stands
        explorer.look_into(explorer.folding.find(stands.focus))
        explorer.stepping = False
        explorer.go_where(stands)
        self._selection = place.selection
        pane.select_on_map(place.selection)
        self._come_to = self.place
        pane.show()
