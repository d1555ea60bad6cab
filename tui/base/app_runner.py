"""Running an app from a command: in a terminal, until the person leaves or a signal ends it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from microgpt import InputError

if TYPE_CHECKING:
    from textual.app import App

FULL_COLLECTION_AFTER = 200
"""Units: collections of middle size; Python's own is 10."""
SWITCH_INTERVAL = 0.001
"""A thread that computes gives way to keys after this long. Units: seconds; Python's is 0.005."""


GIVE_UP_AFTER = 3.0
"""How long an app that is told to end may take. Units: seconds."""
WATCHER = "terminal watch"
"""Name of the threads that nobody has to wait for."""


def check_terminal(instead: str) -> None:
    """Raises `InputError`, naming what to use instead, unless there is a terminal to draw on."""
    # Textual draws on stderr: with that in a file the screen would stay empty.
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise InputError(f"microgpt-tui needs a terminal; without one, use `{instead}`")


@contextmanager
def prompt_keys() -> Iterator[None]:
    """While a screen is open, neither threads nor the cyclic collector keep it from a key for long.

    A full collection looks at every object that imports have made, and takes 150 ms, in the middle
    of every fifth key. All that is there before the screen is left out of it, and it comes rarely:
    what a key leaves behind is found by the smaller ones.
    """
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SWITCH_INTERVAL)
    gc.set_threshold(*thresholds[:2], FULL_COLLECTION_AFTER)
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
        sys.setswitchinterval(interval)


def run_app(app: App[None]) -> int:
    """Runs an app; gives the exit status."""
    with prompt_keys():
        asyncio.run(_until_left(app))
    status = app.return_code or 0
    if any(thread.daemon and thread.name != WATCHER for thread in threading.enumerate()):
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
            loop.add_signal_handler(number, partial(_end, app, 128 + number))
    if hasattr(select, "poll"):

        def end() -> None:
            with contextlib.suppress(RuntimeError):  # it has just ended by itself
                loop.call_soon_threadsafe(_end, app, 128 + signal.SIGHUP)

        threading.Thread(target=_watch_terminal, args=(end,), name=WATCHER, daemon=True).start()
    await app.run_async()


def _end(app: App[None], status: int) -> None:
    """Ends the app as the key does, or in a moment without it.

    Where the terminal is gone, what waits to be written there waits for ever.
    """
    timer = threading.Timer(GIVE_UP_AFTER, os._exit, (status,))
    timer.name, timer.daemon = WATCHER, True
    timer.start()
    app.exit(return_code=status)


def _watch_terminal(end: Callable[[], None]) -> None:
    """Waits until the terminal is gone, also where no signal says so."""
    poll = select.poll()
    poll.register(sys.__stdin__ or 0, 0)  # that it is gone is told unasked
    if any(told & select.POLLHUP for _, told in poll.poll()):
        end()
