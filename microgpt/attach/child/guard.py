"""`Guard`: keeps what fails in our own code out of the script that it runs in.

Our hooks stand in the calls of a script, and what one of them raised would be the script's. So the
first such exception ends the watching, and is told at the end; the script goes on as it would have.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

F = TypeVar("F", bound="Callable[..., Any]")


class Guard:
    """What has failed in one process.

    Args:
        gives_up: is called once something has, and takes all hooks away.
    """

    def __init__(self, gives_up: Callable[[], None]) -> None:
        self._gives_up = gives_up
        self.fault = ""  # what failed first, in words

    def failed(self, error: Exception) -> None:
        """Something of ours has raised."""
        if not self.fault:
            self.fault = _told(error)
            with suppress(Exception):
                self._gives_up()

    def around_pass(self, run: Callable[[], Any], looks: Callable[[Callable[[], Any]], Any]) -> Any:
        """The result of a pass that is the script's, called by what looks at it.

        Args:
            run: the script's own call.
            looks: calls it, once, and gives what it gave. Where that fails on either side of the
                call, the script does not notice.
        """
        once = _Once(run)
        try:
            return looks(once)
        except Exception as error:  # noqa: BLE001  # of whatever kind
            if once.error is not None:
                raise once.error  # noqa: B904  # the script's own, whatever came of it
            self.failed(error)
            return once.result if once.is_over else run()


class _Once:
    """A call, and what became of it."""

    def __init__(self, run: Callable[[], Any]) -> None:
        self._run = run
        self.is_over = False
        self.result: Any = None
        self.error: BaseException | None = None

    def __call__(self) -> Any:
        try:
            self.result = self._run()
        except BaseException as error:
            self.error = error
            raise
        self.is_over = True
        return self.result


def guarded(method: F) -> F:
    """A method of something with a `guard`; gives None where that has failed, or fails now."""

    @functools.wraps(method)
    def call(self: Any, *args: Any, **keywords: Any) -> Any:
        if self.guard.fault:
            return None  # it does nothing any more
        try:
            return method(self, *args, **keywords)
        except Exception as error:  # noqa: BLE001  # of whatever kind
            self.guard.failed(error)
            return None

    return call  # type: ignore[return-value]


def _told(error: Exception) -> str:
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    place = f" ({at.tb_frame.f_code.co_filename}:{at.tb_lineno})" if at is not None else ""
    return f"{type(error).__name__}: {error}".removesuffix(": ") + place
