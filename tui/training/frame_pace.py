"""When a running training is drawn again: seldom enough that drawing does not slow it down."""

from __future__ import annotations

import time
from collections.abc import Callable

FRAMES_A_SECOND = 10
"""At most: more cannot be read."""

SHARE = 0.2
"""Of the time, what drawing may take while training runs: both need the interpreter's lock."""

LONGEST = 0.5
"""Between frames, however long one took, such as the first with all that it loads. Units: seconds.
"""

AFTER_A_KEY = 0.15
"""For so long after a key no frame is drawn that it might have to wait for. Units: seconds."""


class FramePace:
    """Counts what the thread that draws has done, and gives the pauses between frames."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        worked: Callable[[], float] = time.thread_time,
    ) -> None:
        """Begins to count.

        Args:
            clock: gives the time. Units: seconds.
            worked: for how long the thread that calls has worked. Units: seconds.
        """
        self._clock = clock
        self._worked = worked
        self._worked_before = worked()
        self._elsewhere = 0.0
        self._next_at = 0.0

    def add(self, seconds: float) -> None:
        """Counts work that another thread has done for what is drawn."""
        self._elsewhere += seconds

    def drawn(self) -> None:
        """A frame has been handed on: what it has cost will be known at the next."""
        worked = self._worked()
        cost = worked - self._worked_before + self._elsewhere
        self._worked_before, self._elsewhere = worked, 0.0
        pause = min(LONGEST, cost * (1 / SHARE - 1))
        self._next_at = self._clock() + max(1 / FRAMES_A_SECOND, pause)

    def key_pressed(self) -> None:
        """The person is at it."""
        self._next_at = max(self._next_at, self._clock() + AFTER_A_KEY)

    def asked_for(self) -> None:
        """What the person asked for is itself a frame."""
        self._next_at = self._clock()

    @property
    def wait(self) -> float:
        """How long until the next frame; 0 if it is time. Units: seconds."""
        return max(0.0, self._next_at - self._clock())
