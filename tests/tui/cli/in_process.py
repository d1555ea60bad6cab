"""Runs `microgpt` in this process, which is faster: for the many commands that only fail."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from subprocess import CompletedProcess

from tui.cli.main import main


def run_here(*arguments: str | Path) -> CompletedProcess[str]:
    """The finished command, as `command.microgpt` gives it."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([str(argument) for argument in arguments])
    return CompletedProcess(["microgpt"], status, out.getvalue(), err.getvalue())
