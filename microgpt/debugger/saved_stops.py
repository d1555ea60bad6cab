"""Breakpoints and watchpoints kept under a session's name, in the user's state folder."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from microgpt.debugger.stops import StopKind, StopPoint
from microgpt.errors import InputError
from microgpt.files import read_whole, write_atomically

VERSION = 1


@dataclass(frozen=True, slots=True)
class SavedStop:
    """A breakpoint or watchpoint as it is kept."""

    kind: StopKind
    text: str
    enabled: bool


def state_folder() -> Path:
    """The folder of the user's that holds what the debugger keeps between sessions."""
    import platformdirs  # noqa: PLC0415  # few sessions save or load

    return platformdirs.user_state_path("microgpt-tui", appauthor=False)


def save(name: str, points: tuple[StopPoint, ...]) -> Path:
    """Keeps breakpoints and watchpoints, in place of what was kept under the name.

    Raises:
        InputError: the name cannot be a file's, or the file cannot be written.
    """
    path = _path(name)
    stops = [{"kind": p.kind, "text": p.text, "enabled": p.enabled} for p in points]
    content = json.dumps({"version": VERSION, "stops": stops}, indent=1, ensure_ascii=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write {str(path)!r}: {error.strerror}") from error
    write_atomically(path, content.encode() + b"\n")
    return path


def load(name: str) -> tuple[SavedStop, ...]:
    """What was kept under a name.

    Raises:
        InputError: nothing was, or the file cannot be read; the message says what there is.
    """
    path = _path(name)
    try:
        return _stops_in(path, json.loads(read_whole(path, "session").decode("utf-8")))
    except InputError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            names = ", ".join(saved_names()) or "none"
            raise InputError(f"no session {name!r} is saved; there is {names}") from None
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{str(path)!r} is not a saved session: delete it") from error


def _stops_in(path: Path, content: Any) -> tuple[SavedStop, ...]:
    if content["version"] != VERSION:
        raise InputError(
            f"{str(path)!r} is of version {str(content['version'])[:20]!r}; this program reads "
            f"{VERSION}"
        )
    return tuple(_stop(row) for row in content["stops"])


def saved_names() -> tuple[str, ...]:
    """Names under which something is kept, sorted."""
    return tuple(sorted(path.stem for path in _folder().glob("*.json")))


def _stop(row: dict[str, object]) -> SavedStop:
    kind, text, enabled = row["kind"], row["text"], row["enabled"]
    if kind not in {"breakpoint", "watchpoint"} or not isinstance(text, str):
        raise ValueError(kind)
    return SavedStop(kind, text, bool(enabled))


def _folder() -> Path:
    return state_folder() / "sessions"


def _path(name: str) -> Path:
    if not re.fullmatch(r"[\w-][\w.-]{0,63}", name):
        raise InputError(
            f"{name!r} cannot be a session's name: letters, digits, '-', '_' and '.' can, up to 64"
        )
    return _folder() / f"{name}.json"
