"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from microgpt.errors import InputError


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
        InputError: the file cannot be written there; nothing is left behind.
    """
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
