"""Ctrl-C and SIGTERM, held back while something is done that must not be cut in half."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Self

_SIGNALS = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}


class Interrupts:
    """Inside `with interrupts:` a signal ends the program with its status, 130 or 143.

    Inside `with interrupts.held_back():` the first one is only noted, for the work there to find
    at its next whole step; whoever insists with a second one is not made to wait. A signal that
    is ignored when the program starts (a job in the background of a script) stays ignored.
    """

    def __init__(self) -> None:
        self.received = 0  # number of the first signal, 0 while there was none
        self._holding_back = False
        self._previous: dict[signal.Signals, signal._HANDLER] = {}

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            previous = signal.getsignal(number)
            if previous is not signal.SIG_IGN:
                self._previous[number] = previous
                signal.signal(number, self._handle)
        return self

    def __exit__(self, *error: object) -> None:
        if self.received:
            self._ignore_more()
        for number, previous in self._previous.items():
            signal.signal(number, previous)
        self._previous.clear()

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Notes the first signal instead of ending the program."""
        self._holding_back = True
        try:
            yield
        finally:
            self._holding_back = False

    @property
    def name(self) -> str:
        """What the user calls the signal received, `""` while there was none."""
        return _SIGNALS[signal.Signals(self.received)] if self.received else ""

    @property
    def status(self) -> int:
        """The exit status that the signal received asks for, 0 while there was none."""
        return 128 + self.received if self.received else 0

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self.received or not self._holding_back:
            self.received = number
            self._ignore_more()
            raise SystemExit(128 + number)
        self.received = number

    def _ignore_more(self) -> None:
        """From here on the process ends; a Ctrl-C while Python shuts down prints a traceback."""
        for number in self._previous:
            signal.signal(number, signal.SIG_IGN)
        self._previous.clear()
