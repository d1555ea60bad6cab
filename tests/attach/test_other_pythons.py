"""Programs run by Pythons of other versions, if there are any: what is seen of them is the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.attach.test_programs import PROGRAMS
from tests.tui.cli.command import microgpt


def version_of(python: Path | str) -> tuple[int, ...]:
    """The version of a Python, () if it does not run: a pyenv shim may stand for none."""
    asked = "import sys; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ()
    return tuple(map(int, answer.stdout.split()))


def others() -> list[tuple[tuple[int, ...], str]]:
    """The Pythons that are not of our version, from 3.9, on the path and among pyenv's."""
    names = ("python3.9", "python3.10", "python3.12", "python3.13")
    found = [path for path in map(shutil.which, names) if path]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found += map(str, sorted(pyenv.glob("versions/3.*/bin/python")))
    found += filter(None, [shutil.which("pypy3")])  # of Debian 12, a Python 3.9
    versions = {version_of(path): path for path in reversed(found)}
    return sorted(pair for pair in versions.items() if pair[0] >= (3, 9) and pair[0] != OURS)


OURS = sys.version_info[:2]
OTHERS = others()
PYTHONS = dict.fromkeys(OTHERS[:1] + OTHERS[-1:])
"""The oldest and the newest."""
CASES = [
    pytest.param(path, python, id=f"{path.stem}-{'.'.join(map(str, version))}")
    for version, python in PYTHONS
    for path in PROGRAMS
]
pytestmark = pytest.mark.slow


def told(path: Path, *options: str) -> dict[str, Any]:
    """What the diagnosis says."""
    row: dict[str, Any] = json.loads(microgpt("diagnose", path, "--json", *options).stdout)
    return row


@pytest.mark.skipif(not OTHERS, reason="there is no Python of another version")
@pytest.mark.parametrize(("path", "python"), CASES)
def test_the_same_is_seen(path: Path, python: str) -> None:
    ours, theirs = told(path), told(path, "--python", python)
    assert theirs["verdict"] == ours["verdict"]
    assert theirs["checked"] == ours["checked"]
    for mine, other in zip(ours["findings"], theirs["findings"], strict=True):
        assert {key: other[key] for key in ("kind", "line", "was", "should")} == {
            key: mine[key] for key in ("kind", "line", "was", "should")
        }
