"""Refusing a file that could not be written, before any work is done for it.

Knows no picture, so that whoever writes text need not wait for what draws.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from microgpt.errors import InputError


def check_file(output: str | Path, possible: Sequence[str]) -> str:
    """Refuses a file that could not be written, and gives its suffix in lower case.

    Args:
        possible: suffixes, in lower case.

    Raises:
        InputError: the suffix is none of these, or the folder is missing or may not be written to.
    """
    path = Path(output)
    if path.suffix.lower() not in possible:
        raise InputError(
            f"output {str(path)!r}: {f'suffix {path.suffix!r}' if path.suffix else 'no suffix'}; "
            f"it can be {', '.join(possible)}"
        )
    try:
        _check_place(path)
    except OSError as error:  # a name that is too long
        raise InputError(f"output {str(path)!r}: {error.strerror}") from error
    return path.suffix.lower()


def _check_place(path: Path) -> None:
    if not path.parent.is_dir():
        raise InputError(f"output {str(path)!r}: there is no folder {str(path.parent)!r}")
    if path.is_dir():
        raise InputError(f"output {str(path)!r} is a folder")
    for place in (path.parent, path):
        if place.exists() and not os.access(place, os.W_OK):
            raise InputError(f"output {str(path)!r}: {str(place)!r} may not be written to")
