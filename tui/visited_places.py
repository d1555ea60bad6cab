"""Where a person has been, to be gone back to and forward again."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from tui.selection import Selection

MOST_PLACES = 200
"""Older ones are forgotten."""
STAY = 0.7
"""A place left sooner than this for another of the same area was only passed through: arrow keys go
through many. Units: seconds."""


class Visited(Protocol):
    """Where a person stands; equal where it is the same."""

    @property
    def area(self) -> Hashable:
        """What keys that go from place to place do not leave."""


P = TypeVar("P", bound=Visited)


@dataclass(frozen=True, slots=True)
class VisitedPlace:
    """In an app over one run: mode, step and selection."""

    mode: str
    step: int | None  # a training step; None for the newest, whichever that is
    selection: Selection

    @property
    def area(self) -> Hashable:
        """Mode and step."""
        return self.mode, self.step


class VisitedPlaces(Generic[P]):
    """Places in the order of visits, and which of them one is at."""

    def __init__(self) -> None:
        self._places: list[P] = []
        self._at = -1
        self._since = 0.0  # when the place was come to. Units: seconds, of any clock.

    @property
    def here(self) -> P | None:
        """Where one is, None before any visit."""
        return self._places[self._at] if self._places else None

    def __len__(self) -> int:
        return len(self._places)

    def visit(self, place: P, now: float) -> None:
        """Comes to a place; what was ahead is forgotten, and a place only passed through is.

        Args:
            now: on a clock that never goes back. Units: seconds.
        """
        here = self.here
        if place == here:
            return
        del self._places[self._at + 1 :]
        passes = here is not None and here.area == place.area
        if passes and now - self._since < STAY and len(self._places) > 1:
            self._places.pop()
        if not self._places or self._places[-1] != place:
            self._places.append(place)
        del self._places[:-MOST_PLACES]
        self._at, self._since = len(self._places) - 1, now

    def go(self, by: int, now: float) -> P | None:
        """The place before (-1) or after (1), which one is at then; None at the end of them."""
        if not 0 <= self._at + by < len(self._places):
            return None
        self._at, self._since = self._at + by, now - STAY  # it is no passing through
        return self._places[self._at]
