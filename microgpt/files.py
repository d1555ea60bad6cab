"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from microgpt.errors import InputError

_BINARY = getattr(os, "O_BINARY", 0)  # only Windows has text files


def write_atomically(path: Path, content: bytes) -> None:
    """Writes beside the target, then renames: no reader ever sees half a file.

    Raises:
        InputError: the file cannot be written there; nothing is left behind.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        # Not mkstemp, whose files only their owner may read: this mode is what the umask leaves.
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:  # also when interrupted; after a successful replace there is nothing to remove
        temporary.unlink(missing_ok=True)


def _cannot_write(path: Path, error: OSError) -> InputError:
    return InputError(f"cannot write {str(path)!r}: {error.strerror}")
