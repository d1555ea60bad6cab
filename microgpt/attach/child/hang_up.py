"""The script's process ends with whoever attached to it, however that ends, also in a busy loop."""

from __future__ import annotations

import os
from _thread import start_new_thread

try:
    import fcntl
except ImportError:  # no system that scripts are attached to on
    fcntl = None  # type: ignore[assignment]

SIGKILL = 9


def end_with(life: int) -> None:
    """Ends this process as soon as nobody holds the other end of a pipe any more.

    Linux sends a signal then, so that the script has no thread more than it makes itself; elsewhere
    a thread waits.

    Args:
        life: the end to read from, on which nothing ever comes.
    """
    os.set_inheritable(life, False)
    if hasattr(fcntl, "F_SETSIG"):
        fcntl.fcntl(life, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(life, fcntl.F_SETSIG, SIGKILL)
        fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC)
        if not _is_held(life):  # it may have been let go before that
            os._exit(1)
    else:
        start_new_thread(wait, (life,))


def wait(life: int) -> None:
    """Waits for the end, in a thread."""
    try:
        os.read(life, 1)
    except OSError:  # the script has closed it
        return
    os._exit(1)


def _is_held(life: int) -> bool:
    os.set_blocking(life, False)
    try:
        return bool(os.read(life, 1))
    except BlockingIOError:
        return True
