"""Compiling the kernel in a process of its own, into numba's cache, for this one to load.

In a thread it would have to share the interpreter's lock with training for as long as it takes:
whoever lets go of the lock, as numpy does within a call, waits up to 5 ms to have it back.
"""

from __future__ import annotations

import json
import subprocess
import sys

_ENDS_WITH_US = """
import json, os, sys, threading

def end_with_the_other_process():
    sys.stdin.buffer.read()
    os._exit(1)

threading.Thread(target=end_with_the_other_process, daemon=True).start()
sys.path[:] = json.loads(sys.argv[1])
"""
_COMPILES = """
from microgpt.train.engines.kernel.kernel_engine import compile_kernel
compile_kernel()
os._exit(0)
"""


def compile_apart() -> bool:
    """Compiles the kernel, and blocks until that is done. False if it cannot be done like this.

    The other process ends with this one, however that ends: the pipe between them closes.
    """
    if not sys.executable:
        return False
    try:
        other = subprocess.Popen(  # noqa: S603  # a Python, and our own program
            (sys.executable, "-c", _ENDS_WITH_US + _COMPILES, json.dumps(sys.path)),
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
