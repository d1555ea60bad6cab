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

    stop: tuple[str, int]  # kind and number of the stop; `NO_STOP` where there is one graph alone
    stands: Standpoint
    selection: Selection  # on the Map

    @property
    def area(self) -> Hashable:
        """The stop, and the box looked into."""
        return self.stop, self.stands.focus


NO_STOP = ("", 0)
"""Of a graph that no program stands still at."""


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

    @property
    def is_left(self) -> bool:
        """Whether what the doctor says has no place any more; it may still come."""
        return not self.query(DoctorPanel)

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
        stop = (halt.kind, halt.number) if halt is not None else NO_STOP
        return ProgramPlace(stop, explorer.place, self._selection)

    @on(DebuggerPane.Moved)
    def _note_place(self) -> None:
        here = self.place
        if here is not None and here != self._come_to and not self.is_on_the_way:
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
        if here is not None and here.stop == place.stop and not self.is_on_the_way:
            self.stand_at(place)
        else:
            self.go_to_stop(place, by)

    @property
    def is_on_the_way(self) -> bool:
        """Whether another pass is being read, so that what is shown meanwhile is no place."""
        return False

    def go_to_stop(self, place: ProgramPlace, by: int) -> None:
        """To a place at another stop, now or once that is read.

        Args:
            by: how far back or forward it was gone for that, which is undone if it cannot be had.
        """

    def not_come_to(self, by: int) -> None:
        """A place cannot be had: one is where one was."""
        self.places.go(-by, self.clock())

    def stand_at(self, place: ProgramPlace) -> None:
        """To a place in the graph at hand, or as near to it as there is one in that."""
        pane = self._pane
        explorer = pane.explorer if pane is not None else None
        if pane is None or explorer is None:
            return
        explorer.go_where(place.stands)
        self._selection = place.selection
        pane.select_on_map(place.selection)
        self._come_to = self.place
        pane.show()
