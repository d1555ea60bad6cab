"""Running an app from a command: in a terminal, until the person leaves or a signal ends it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from microgpt import InputError

if TYPE_CHECKING:
    from textual.app import App

SWITCH_INTERVAL = 0.001
"""A thread that computes gives way to keys after this long. Units: seconds; Python's is 0.005."""


def check_terminal(instead: str) -> None:
    """Raises `InputError`, naming what to use instead, unless there is a terminal to draw on."""
    # Textual draws on stderr: with that in a file the screen would stay empty.
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise InputError(f"microgpt-tui needs a terminal; without one, use `{instead}`")


@contextmanager
def prompt_keys() -> Iterator[None]:
    """While a screen is open, neither threads nor the cyclic collector keep it from a key for long.

    A full collection looks at every object that imports have made, and takes 150 ms, in the middle
    of every fifth key. All that is there before the screen is left out of it.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL)
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        sys.setswitchinterval(before)


def run_app(app: App[None]) -> int:
    """Runs an app; gives the exit status."""
    with prompt_keys():
        asyncio.run(_until_left(app))
    status = app.return_code or 0
    if any(thread.daemon for thread in threading.enumerate()):
        # In the middle of a step. Python would first free its graph, which can take seconds.
        sys.stdout.flush()
        os._exit(status)
    return status


async def _until_left(app: App[None]) -> None:
    """Runs the app; a signal ends it as the key does, with the terminal as it was before."""
    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is None or signal.getsignal(number) is signal.SIG_IGN:
            continue  # no such signal on this system, or whoever started the program ignores it
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, partial(app.exit, return_code=128 + number))
    await app.run_async()
