"""The Python that runs a program: the one that has its packages, which need not be ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from microgpt.errors import InputError

OLDEST = (3, 9)
"""What runs in a program's process runs on any Python from this one on."""


def interpreter(named: str | None = None) -> str:
    """The path of a Python to run a program with.

    Args:
        named: a path, or a command; if not given, that of the virtual environment that is
            activated, if one is, else ours.

    Raises:
        InputError: there is none, or it is too old.
    """
    if named is None:
        environment = os.environ.get("VIRTUAL_ENV")
        if not environment or Path(environment).resolve() == Path(sys.prefix).resolve():
            return sys.executable
        path = str(Path(environment, "bin", "python"))
        if not Path(path).exists():
            return sys.executable
    else:
        found = shutil.which(named)
        if found is None:
            raise InputError(f"no Python {named!r}: the path of an interpreter is needed")
        path = str(Path(found).absolute())
    return _checked(path)


def _checked(path: str) -> str:
    ask = "import sys; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run(  # noqa: S603  # the user names it
            [path, "-c", ask], capture_output=True, text=True, timeout=20, check=True
        ).stdout.split()
        version = (int(answer[0]), int(answer[1]))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        raise InputError(f"{path!r} is no Python that runs") from None
    if version < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise InputError(
            f"{path!r} is Python {version[0]}.{version[1]}; programs run on {oldest} or newer"
        )
    return path
