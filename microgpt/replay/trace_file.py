"""Traces in the user's cache folder, so that the next start need not trace again.

A file's name is a checksum of all that shapes what is in it, the package's own source included: a
trace made by other code is never found. A file that cannot be read, or does not hold a trace, is as
good as none, and one that cannot be written is not missed.
"""

from __future__ import annotations

import hashlib
import io
import sys
import zipfile
import zlib
from dataclasses import astuple, fields
from functools import cache
from pathlib import Path

import numpy as np
import platformdirs

from microgpt.errors import InputError
from microgpt.files import write_atomically
from microgpt.model.parameters import ModelConfig
from microgpt.replay.trace import Trace

FILES_KEPT = 32
"""More traces than that, and the oldest goes."""


def folder() -> Path:
    """Where the traces are."""
    return platformdirs.user_cache_path("microgpt-tui", appauthor=False) / "traces"


def path_of(config: ModelConfig, vocab_size: int, length: int) -> Path:
    """The file of a trace."""
    key = repr((_source_fingerprint(), astuple(config), vocab_size, length))
    return folder() / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npz"


def load(config: ModelConfig, vocab_size: int, length: int) -> Trace | None:
    """The trace, None if there is none or it is damaged."""
    try:
        content = path_of(config, vocab_size, length).read_bytes()
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            trace = Trace(**{field.name: arrays[field.name] for field in fields(Trace)})
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error):
        return None
    return trace if trace.is_sound() else None


def save(trace: Trace, config: ModelConfig, vocab_size: int, length: int) -> None:
    """Writes a trace, if that can be done, and removes what is too much."""
    content = io.BytesIO()
    np.savez_compressed(content, **{f.name: getattr(trace, f.name) for f in fields(trace)})
    path = path_of(config, vocab_size, length)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content.getvalue())
        files = sorted(path.parent.glob("*.npz"), key=lambda file: file.stat().st_mtime)
        for file in files[:-FILES_KEPT]:
            file.unlink(missing_ok=True)
    except (OSError, InputError):
        return


@cache
def _source_fingerprint() -> str:
    """Of where the code is, which source lines name, of all its text, and of the interpreter."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256(repr((str(package), sys.version, sys.byteorder)).encode())
    for file in sorted(package.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
