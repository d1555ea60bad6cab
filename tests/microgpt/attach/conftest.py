"""Starting scripts attached, and ending them when a test is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from microgpt.attach import Ended, ScriptProcess, Stop

SCRIPTS = Path(__file__).with_name("scripts")
PATIENCE = 60
"""No test waits so long unless something is broken. Units: seconds."""

Attach = Callable[..., ScriptProcess]


@pytest.fixture
def attach(tmp_path: Path) -> Iterator[Attach]:
    """Starts a script, given as a file or as its text, with any options of `ScriptProcess`."""
    started: list[ScriptProcess] = []

    def start(script: Path | str, *arguments: str, **options: Any) -> ScriptProcess:
        if isinstance(script, str):
            path = tmp_path / "script.py"
            path.write_text(dedent(script).lstrip("\n"), encoding="utf-8")
        else:
            path = script
        started.append(ScriptProcess(path, arguments, **options))
        return started[-1]

    yield start
    for process in started:
        process.__exit__()


def next_stop(process: ScriptProcess) -> Stop:
    """The next stop, which has to come."""
    stop = process.next_stop(PATIENCE)
    assert isinstance(stop, Stop), (stop, process.output.lines)
    return stop


def all_stops(process: ScriptProcess) -> tuple[list[Stop], Ended]:
    """Every stop from here to the script's end, and that end."""
    stops = []
    while isinstance(stop := process.next_stop(PATIENCE), Stop):
        stops.append(stop)
        process.resume()
    assert stop is not None, process.output.lines
    return stops, stop
