"""A debugger that is ended from outside ends the script it runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

SCRIPT = """
import os
print(os.getpid(), flush=True)
while True:
    pass
"""
SOON = 30.0
"""Units: seconds. Far more than it takes."""


def is_there(process: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_sigterm_ends_the_script_too(tmp_path: Path) -> None:
    script = tmp_path / "endless.py"
    script.write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, "-m", "tui.cli.main", "debug", str(script), "-c", "where"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as debugger:
        assert debugger.stderr
        endless = int(debugger.stderr.readline())
        assert is_there(endless)
        debugger.send_signal(signal.SIGTERM)
        assert debugger.wait(SOON) == 128 + signal.SIGTERM
        deadline = time.monotonic() + SOON
        while is_there(endless):
            assert time.monotonic() < deadline, "the script goes on"
            time.sleep(0.01)
