"""`--log`: one JSON object a training step, one line each, and never a part of a line."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
from pathlib import Path
from typing import Self

from microgpt import InputError, StepLoss
from microgpt.files import kind_of


def _at_once(path: str, flags: int) -> int:
    """Opens a file as `open` does; but a pipe that nobody reads is told instead of waited for."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o666)


class StepLog:
    """An open log. What the file held before stays until the first step is written.

    Raises:
        InputError: the file cannot be written, or is the corpus.
    """

    def __init__(self, path: str, corpus: str, *, append: bool = False) -> None:
        """Opens the log.

        Args:
            corpus: the path of the file that is being read, if it is one.
            append: keep what the file holds, for a run that goes on.
        """
        self.path = path  # as it was given
        with contextlib.suppress(OSError):
            if Path(corpus).samefile(path):
                raise InputError(f"cannot write log {path!r}: it is the corpus")
        if (kind := kind_of(Path(path))) in {"a folder", "a socket"}:
            raise InputError(f"cannot write log {path!r}: it is {kind}, not a file")
        try:
            # Unbuffered, so that a line goes out in one piece. Appending, so as not to empty it.
            self._file = open(path, "ab", buffering=0, opener=_at_once)  # noqa: SIM115
        except OSError as error:
            why = "nobody reads that pipe" if error.errno == errno.ENXIO else error.strerror
            raise InputError(f"cannot write log {path!r}: {why}") from error
        os.set_blocking(self._file.fileno(), True)
        self._is_regular = stat.S_ISREG(os.fstat(self._file.fileno()).st_mode)
        # Bytes of whole lines; -1 before the first
        self._length = os.fstat(self._file.fileno()).st_size if append else -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def write(self, result: StepLoss) -> None:
        """Appends a step. Raises `OSError` when it cannot; the log then ends with the step before.

        Only a step after which documents held out were measured has a `validation`.

        Raises:
            ValueError: the loss or the learning rate is not a finite number.
        """
        record = {
            "step": result.step,
            "loss": result.loss,
            "lr": result.lr,
            "doc": result.document,
        }
        if result.validation is not None:
            record["validation"] = result.validation
        line = (json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n").encode()
        if self._length < 0:
            self._cut(0)
        rest = memoryview(line)
        try:
            while rest:  # a disk that fills up takes a part of it first
                rest = rest[self._file.write(rest) :]
        except OSError:
            with contextlib.suppress(OSError):
                self._cut(self._length)
            raise
        self._length += len(line)

    def _cut(self, length: int) -> None:
        if self._is_regular:  # a pipe or a device cannot be cut
            self._file.truncate(length)
        self._length = length
