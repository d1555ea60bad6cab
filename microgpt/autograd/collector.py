"""Pausing Python's cyclic garbage collector while a graph is built.

A step makes tens of thousands of objects, all alive until its end and none in a cycle. The
collector scans them again and again and finds nothing, which triples the time of a step.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_pauses = 0
_was_enabled = False


@contextmanager
def paused_collector() -> Iterator[None]:
    """Switches the collector off until the last of all nested or concurrent pauses ends."""
    global _pauses, _was_enabled  # noqa: PLW0603  # the collector is one for the process
    with _lock:
        if not _pauses:
            _was_enabled = gc.isenabled()
            gc.disable()
        _pauses += 1
    try:
        yield
    finally:
        with _lock:
            _pauses -= 1
            if not _pauses and _was_enabled:
                gc.enable()
