"""`NewestOnly`: a thread that serves what was asked for last, and not what was asked before."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class NewestOnly(Generic[T]):
    """One question at a time; a newer one takes the place of one that waits.

    Args:
        name: of the thread.
        serve: is called in the thread with each question that is taken up.
        pause: after each, before the next is taken up. Units: seconds.
    """

    def __init__(self, name: str, serve: Callable[[T], None], pause: float = 0.0) -> None:
        self._serve, self._pause = serve, pause
        self._wake = threading.Condition()
        self._asked: T | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def ask(self, question: T) -> None:
        """Asks; the thread begins with the first question."""
        with self._wake:
            self._asked = question
            self._wake.notify()
        if self._thread.ident is None:
            self._thread.start()

    @property
    def has_next(self) -> bool:
        """Whether a question waits; whoever serves may leave off what nobody waits for."""
        with self._wake:
            return self._asked is not None or self._closed

    def close(self, *, wait: bool = True) -> None:
        """Ends the thread after the question it is at.

        Args:
            wait: until it has ended.
        """
        with self._wake:
            self._closed = True
            self._wake.notify()
        if wait and self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while (question := self._next()) is not None:
            self._serve(question)
            del question  # it may hold a graph, and the wait may be long
            if self._pause:
                with self._wake:
                    self._wake.wait_for(lambda: self._closed, self._pause)

    def _next(self) -> T | None:
        """The question to serve, as soon as there is one; None when closed."""
        with self._wake:
            self._wake.wait_for(lambda: self._asked is not None or self._closed)
            asked, self._asked = self._asked, None
            return None if self._closed else asked
