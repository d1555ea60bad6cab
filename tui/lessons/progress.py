"""What a person has done of the lessons, and whether they have seen the tour: kept in a file.

It lies in the user's state folder, and is written whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from microgpt.debugger.saved_stops import state_folder
from microgpt.errors import InputError
from microgpt.files import read_whole, write_atomically

VERSION = 1


@dataclass(frozen=True, slots=True)
class LessonProgress:
    """What has been done, in the order in which it was."""

    done: tuple[str, ...] = ()  # names of lessons
    has_seen_tour: bool = False

    def with_done(self, name: str) -> LessonProgress:
        """With a lesson more.

        >>> LessonProgress().with_done("twice").with_done("twice").done
        ('twice',)
        """
        return self if name in self.done else replace(self, done=(*self.done, name))


def progress_file() -> Path:
    """Where it is kept."""
    return state_folder() / "learned.json"


def load() -> LessonProgress:
    """What is kept, nothing if there is no file.

    Raises:
        InputError: the file cannot be read, or is another's.
    """
    path = progress_file()
    try:
        content = json.loads(read_whole(path, "progress").decode("utf-8"))
        return _progress_in(path, content)
    except InputError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return LessonProgress()
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{str(path)!r} is no progress of lessons: delete it") from error


def save(progress: LessonProgress) -> None:
    """Keeps it, in place of what was kept.

    Raises:
        InputError: the file cannot be written.
    """
    path = progress_file()
    content = {"version": VERSION, "done": progress.done, "tour": progress.has_seen_tour}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write {str(path)!r}: {error.strerror}") from error
    write_atomically(path, json.dumps(content, indent=1).encode() + b"\n")


def _progress_in(path: Path, content: Any) -> LessonProgress:
    if content["version"] != VERSION:
        raise InputError(
            f"{str(path)!r} is of version {str(content['version'])[:20]!r}; this program reads "
            f"{VERSION}"
        )
    return LessonProgress(_names(content["done"]), bool(content["tour"]))


def _names(found: Sequence[object]) -> tuple[str, ...]:
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise ValueError(found)
    return tuple(map(str, found))
