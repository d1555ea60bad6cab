"""Files that a person names: read as far as they end, written whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from microgpt.errors import InputError

MOST_BYTES = 256_000_000
"""No text that is read as a whole is larger."""

_TO_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Without the second, opening a pipe waits for somebody to write to it."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)


def other_than_file(mode: int) -> str:
    """What something is that is no plain file, `""` for one.

    Args:
        mode: as `os.stat` gives it.
    """
    return next((words for test, words in _KINDS if test(mode)), "")


def kind_of(path: Path) -> str:
    """What there is under a name that is no plain file, `""` for a file or for nothing at all.

    Nothing is opened: that alone could wait for ever, or do something to a device.
    """
    try:
        return other_than_file(path.stat().st_mode)
    except (OSError, ValueError):  # nothing is there, or nothing that can be
        return ""


def is_file(path: Path | str) -> bool:
    """Whether a plain file has this name; not of a name that nothing can have, such as a long one.

    `Path.is_file` would raise `OSError` for that.
    """
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116  # of a text as well
    except (OSError, ValueError):
        return False


def read_whole(path: Path | str, called: str, most: int = MOST_BYTES) -> bytes:
    """All of a plain file, or of a pipe that somebody writes to, such as the shell's `<(...)`.

    Args:
        called: what an error says before its name.
        most: more is not read. Units: bytes.

    Raises:
        InputError: it cannot be read, has no end or is too large, or nobody writes to the pipe.
    """
    try:
        file = os.open(path, _TO_READ)
    except OSError as error:
        raise InputError(f"cannot read {called} {str(path)!r}: {error.strerror}") from error
    except ValueError:  # a null character
        raise InputError(f"cannot read {called} {str(path)!r}: no file has such a name") from None
    try:
        found = os.fstat(file)
        kind = other_than_file(found.st_mode)
        if kind not in {"", "a pipe"}:
            raise InputError(f"cannot read {called} {str(path)!r}: it is {kind}, not a file")
        if found.st_size > most:
            raise _too_large(called, path, most)
        return _read_on(file, path, called, most)
    except OSError as error:
        raise InputError(f"cannot read {called} {str(path)!r}: {error.strerror}") from error
    finally:
        os.close(file)


def _read_on(file: int, path: Path | str, called: str, most: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        try:
            piece = os.read(file, 1 << 20)
        except BlockingIOError:  # somebody has it open to write, and is not done
            os.set_blocking(file, True)
            continue
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise _too_large(called, path, most)
    if not size and stat.S_ISFIFO(os.fstat(file).st_mode):
        raise InputError(f"cannot read {called} {str(path)!r}: it is a pipe, and nothing comes")
    return b"".join(pieces)


def _too_large(called: str, path: Path | str, most: int) -> InputError:
    return InputError(
        f"cannot read {called} {str(path)!r}: it has more than {most / 1e6:,.0f} MB, the most that "
        "is read"
    )


def write_atomically(path: Path, content: bytes) -> None:
    """Writes beside the target, then renames: no reader ever sees half a file.

    Raises:
        InputError: the file cannot be written there; nothing is left behind.
    """
    with temporary_beside(path) as temporary:
        temporary.write_bytes(content)
        temporary.replace(path)


@contextmanager
def temporary_beside(path: Path) -> Iterator[Path]:
    """An empty file in the target's folder, for whoever fills it and then renames it.

    Raises:
        InputError: the file cannot be written there, or is a folder, a pipe or a device, in whose
            place a file would be put; nothing is left behind.
    """
    if kind := kind_of(path):
        raise InputError(f"cannot write {str(path)!r}: it is {kind}, not a file")
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        # Not mkstemp, whose files only their owner may read: this mode is what the umask leaves.
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        yield temporary
    except OSError as error:
        raise InputError(f"cannot write {str(path)!r}: {error.strerror}") from error
    finally:  # also when interrupted; after a successful replace there is nothing to remove
        with suppress(OSError):  # nor where it could not be made: its folder may be a file
            temporary.unlink()
