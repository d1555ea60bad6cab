"""An app over one run: one thing is selected in all its modes, and one can go back and forward."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from microgpt import Training
from microgpt.runs import RunRecorder
from tui.run_app import RunApp
from tui.selection import Selection
from tui.visited_places import VisitedPlace, VisitedPlaces


class SelectingApp(RunApp):
    """Owns what is selected; modes say what a person selects there, and show what is."""

    clock: Callable[[], float] = staticmethod(time.monotonic)
    """Tells how long one stays at a place. Units: seconds."""
    _selection = Selection()
    _is_on_the_way = False
    _moment_to_come: VisitedPlace | None = (
        None  # gone back to, while its step is not there to be walked in
    )

    def on_mount(self) -> None:
        """There is nowhere to go back to yet."""
        self.places = VisitedPlaces[VisitedPlace]()

    @property
    def selection(self) -> Selection:
        """What is selected."""
        return self._selection

    def select(self, selection: Selection) -> None:
        """Selects something, in all modes: whichever comes on screen shows it."""
        if selection != self._selection:
            self._selection = selection
            self.note_place()

    async def go_to(
        self, selection: Selection, *, step: int | None = None, mode: str = ""
    ) -> None:  # fmt: skip
        """Selects something where it is: one place more to come back to, and not one on the way.

        Args:
            step: a recorded one, None to stay at the step shown.
            mode: its name, `""` to stay in the one on screen.
        """
        self._is_on_the_way = True  # while modes are switched, frames may come
        try:
            self._selection = selection
            if step is not None:
                self.travel_to(step)
            if mode and mode != self.current_mode and not self.has_dialog:
                await self.switch_mode(mode)
        finally:
            self._is_on_the_way = False
        self.note_place()
        self.call_after_refresh(self.show_run)

    def show_selection(self) -> None:
        """Has the mode on screen show what is selected, where it was selected elsewhere."""
        self.show_run()

    # -- where one has been ----------------------------------------------------------------------

    @property
    def place(self) -> VisitedPlace:
        """Where the person stands."""
        step = self._travel.wanted
        if step is None and self._selection.moment is not None:
            step = self._walked_step  # a walk stays at its step while training goes on
        return VisitedPlace(self.current_mode, step, self._selection)

    @property
    def _walked_step(self) -> int | None:
        return self.at_hand.step.origin.step if self.at_hand.step is not None else None

    def note_place(self) -> None:
        """Remembers where the person stands, to be come back to."""
        if self._is_on_the_way:
            return
        here, coming = self.place, self._moment_to_come
        if coming is not None:
            on_the_way = replace(here.selection, moment=coming.selection.moment)
            if VisitedPlace(here.mode, here.step, on_the_way) == coming:
                return
            self._moment_to_come = None  # the person has done something else meanwhile
        self.places.visit(here, self.clock())

    async def action_been(self, by: int) -> None:
        """Back to where one has been before, or forward again."""
        if self.has_dialog:
            return
        self.note_place()
        place = self.places.go(by, self.clock())
        if place is None:
            self.notify("this is where you began" if by < 0 else "you have been no further",
                        timeout=2)  # fmt: skip
            return
        self._selection = place.selection
        self.at_hand.go_to_moment(place.selection.moment)
        shown = self._travel.wanted
        walks_there = place.selection.moment is not None and place.step == self._walked_step
        if place.step != shown and not (shown is None and walks_there):
            self._moment_to_come = place if place.selection.moment is not None else None
            if place.step is None:
                self.action_live()
            else:
                self.travel_to(place.step)
        if self.current_mode != place.mode:
            await self.switch_mode(place.mode)
        self.call_after_refresh(self.show_selection)

    def step_opened(self) -> None:
        """A step is there to be walked in: to where one was in it, if it was gone back to."""
        coming, self._moment_to_come = self._moment_to_come, None
        if coming is not None and self._walked_step == coming.step:
            self.at_hand.go_to_moment(coming.selection.moment)

    def go_over_to(self, training: Training, recorder: RunRecorder) -> None:
        """Another run: what was selected in the one before was its own."""
        self._selection, self.places = Selection(), VisitedPlaces[VisitedPlace]()
        self._moment_to_come = None
        super().go_over_to(training, recorder)
