"""Runs `microgpt` as a user does: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

MICROGPT = (sys.executable, "-m", "tui.cli.main")
TINY_MODEL = ("--n-embd", "4", "--n-head", "2", "--block-size", "6")
DOCUMENTS = ("emma", "ava li", "éva", "mia")

# What the shell at hand has set changes neither colours nor width, and hides no missing flush.
_ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in {"COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR"}
    and name not in {"PYTHONIOENCODING", "PYTHONUNBUFFERED"}
} | {"PYTHONUTF8": "1", "TERM": "xterm-256color"}


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    return _ENVIRONMENT | dict(changes or {})


def microgpt(
    *arguments: str | Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The finished process, its output decoded."""
    return subprocess.run(
        [*MICROGPT, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env=environment(env),
        timeout=60,
        check=False,
    )


def assert_error(result: subprocess.CompletedProcess[str], *naming: str) -> None:
    """Status 2 and one line on stderr that names what was wrong; at most a usage line after it."""
    first, *rest = result.stderr.splitlines()
    assert first.startswith("microgpt: error: ")
    for words in naming:
        assert words in first
    assert all(line.startswith("usage: microgpt") for line in rest)
    assert len(rest) <= 1
    assert "Traceback" not in result.stdout + result.stderr
    assert result.returncode == 2
