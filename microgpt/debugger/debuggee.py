"""What a session may ask of the program that computes its graphs, one after the other."""

from __future__ import annotations

from typing import Protocol

from microgpt.attach.messages import Ended, Stop


class Debuggee(Protocol):
    """A program that stands still with each graph; `microgpt.attach.ScriptProcess` is one."""

    def run_on(self, count: int = 1) -> Stop | Ended:
        """Lets it go on to its next stop and waits for that; see `ScriptProcess.run_on`.

        Raises:
            InputError: it is over, or there is no stop yet and the wait was broken off.
        """
