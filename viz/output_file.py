"""Refusing a file that could not be written, before any work is done for it.

Knows no picture, so that whoever writes text need not wait for what draws.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from microgpt.errors import InputError
from microgpt.files import kind_of


def check_place(path: Path) -> None:
    """Refuses a file in a folder that is missing or may not be written to, and what is no file.

    Raises:
        InputError: it is one of these.
    """
    try:
        _check_place(path)
    except OSError as error:  # a name that is too long
        raise refused(path, error.strerror or "it cannot be") from error


def refused(path: Path, problem: str, possible: Sequence[str] = ()) -> InputError:
    """The error about an output: what is wrong with it, and which suffixes are possible."""
    valid = f"; it can be {', '.join(possible)}" if possible else ""
    return InputError(f"output {str(path)!r}: {problem}{valid}")


def _check_place(path: Path) -> None:
    if not path.parent.is_dir():
        raise InputError(f"output {str(path)!r}: there is no folder {str(path.parent)!r}")
    if kind := kind_of(path):
        raise InputError(f"output {str(path)!r} is {kind}")
    for place in (path.parent, path):
        if place.exists() and not os.access(place, os.W_OK):
            raise InputError(f"output {str(path)!r}: {str(place)!r} may not be written to")
