"""Playing: a move made again and again, on or back, at a speed that can be changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from textual.timer import Timer
from textual.widget import Widget

SPEEDS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 100.0, 300.0, 1000.0)
"""Units: moves a second."""
MOST_PICTURES = 30
"""Faster than that, several moves are made at once. Units: pictures a second."""
DEFAULT_SPEED = 4.0


class Player:
    """A timer of a widget."""

    def __init__(self, widget: Widget, move: Callable[[int], None]) -> None:
        """Does nothing yet.

        Args:
            move: called with how many moves to make; whoever has nothing more to play calls `stop`.
        """
        self.direction = 1  # 1 on, -1 back
        self.speed = DEFAULT_SPEED
        self._widget = widget
        self._move = move
        self._timer: Timer | None = None

    @property
    def is_playing(self) -> bool:
        """Whether it goes on by itself."""
        return self._timer is not None

    def toggle(self, direction: int) -> None:
        """Begins in a direction; stops, if it plays in that one; else turns around."""
        turns = self.is_playing and direction != self.direction
        was_playing = self.is_playing
        self.stop()
        if turns or not was_playing:
            self.direction = direction
            self._start()

    def _start(self) -> None:
        self._timer = self._widget.set_interval(1 / min(self.speed, MOST_PICTURES), self._tick)

    def _tick(self) -> None:
        if self._timer is not None:  # else one that was under way when it was stopped
            self._move(max(1, round(self.speed / MOST_PICTURES)))

    def stop(self) -> None:
        """Stops."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def change_speed(self, by: int) -> None:
        """The next faster or slower of `SPEEDS`, at once."""
        place = min(max(SPEEDS.index(self.speed) + by, 0), len(SPEEDS) - 1)
        self.speed = SPEEDS[place]
        if self.is_playing:
            self.stop()
            self._start()

    def in_words(self) -> str:
        """`▶ 4/s`, or `◀ 4/s`; `""` if nothing plays."""
        if not self.is_playing:
            return ""
        return f"{'▶' if self.direction > 0 else '◀'} {self.speed:g}/s"
