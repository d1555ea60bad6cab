"""Compiling loops in a process of its own, into numba's cache, for this one to load.

In a thread it would have to share the interpreter's lock with training for as long as it takes:
whoever lets go of the lock, as numpy does within a call, waits up to 5 ms to have it back.
"""

from __future__ import annotations

import sys
from typing import Any

_ENDS_WITH_US = """
import json, os, sys, threading

def end_with_the_other_process():
    sys.stdin.buffer.read()
    os._exit(1)

threading.Thread(target=end_with_the_other_process, daemon=True).start()
sys.path[:] = json.loads(sys.argv[1])
"""
_COMPILES = """
from importlib import import_module
module, _, function = sys.argv[2].partition(":")
getattr(import_module(module), function)()
os._exit(0)
"""


def is_compiled(*functions: Any) -> bool:
    """Whether numba only has to load these functions of its; True if it does not tell."""
    try:
        return all(function._cache._cache_file._load_index() for function in functions)
    except (AttributeError, OSError, ValueError):
        return True


def compile_apart(place: str) -> bool:
    """Compiles, and blocks until that is done. False if it cannot be done like this.

    The other process ends with this one, however that ends: the pipe between them closes.

    Args:
        place: "module:function" of what compiles or loads all.
    """
    import json  # noqa: PLC0415  # 10 ms, which only the first start on a machine need pay
    import subprocess  # noqa: PLC0415

    if not sys.executable:
        return False
    try:
        other = subprocess.Popen(  # noqa: S603  # a Python, and our own program
            (sys.executable, "-c", _ENDS_WITH_US + _COMPILES, json.dumps(sys.path), place),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C in the terminal is not meant for it
        )
    except OSError:
        return False
    try:
        return other.wait() == 0
    finally:
        if other.stdin is not None:
            other.stdin.close()
