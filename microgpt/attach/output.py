"""`OutputTail`: the last lines of what a script prints, however much that is."""

from __future__ import annotations

import codecs
import os
import threading
import time
from collections import deque
from typing import BinaryIO

CHUNK = 1 << 16
"""The script's output is read in pieces of at most this size. Units: bytes."""
MAX_RATE = 4 << 20
"""No faster than this, so that a script which prints without end cannot take all of our time: it
has to wait then. Units: bytes a second."""
MAX_LINES = 2_000
MAX_LINE = 10_000
"""A longer line is cut into several. Units: characters."""


class OutputTail:
    """Keeps the last lines of a stream of bytes; one thread feeds it while others read.

    A carriage return starts the line anew, as on a terminal: a progress display is one line.
    """

    def __init__(self, max_lines: int = MAX_LINES) -> None:
        self._lines: deque[str] = deque(maxlen=max_lines)
        self._unfinished = ""
        self._n_finished = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._lock = threading.Lock()

    def feed_from(self, stream: BinaryIO | None) -> None:
        """Takes all of a stream, as it comes; nothing of none."""
        if stream is None:
            return
        with stream:
            while data := os.read(stream.fileno(), CHUNK):
                self.feed(data)
                time.sleep(len(data) / MAX_RATE)

    def feed(self, data: bytes) -> None:
        """Takes more of the stream."""
        with self._lock:
            *finished, rest = (self._unfinished + self._decoder.decode(data)).split("\n")
            for line in finished:
                if len(line) > MAX_LINE or "\r" in line:
                    self._finish(_after_return(line.removesuffix("\r")))
                else:
                    self._lines.append(line)
                    self._n_finished += 1
            # A return at the very end may still turn out to be half of a line's end.
            kept = _after_return(rest.removesuffix("\r")) + "\r" * rest.endswith("\r")
            while len(kept) > MAX_LINE:
                self._finish(kept[:MAX_LINE])
                kept = kept[MAX_LINE:]
            self._unfinished = kept

    def _finish(self, line: str) -> None:
        pieces = [line[i : i + MAX_LINE] for i in range(0, len(line), MAX_LINE)] or [""]
        self._lines.extend(pieces)
        self._n_finished += len(pieces)

    @property
    def lines(self) -> tuple[str, ...]:
        """The last lines, the unfinished one included."""
        with self._lock:
            last = (_after_return(self._unfinished.removesuffix("\r")),)
            return (*self._lines, *(last if self._unfinished else ()))

    @property
    def n_lines(self) -> int:
        """How many lines there have been, those that are gone and the unfinished one included."""
        with self._lock:
            return self._n_finished + bool(self._unfinished)


def _after_return(line: str) -> str:
    return line.rpartition("\r")[2]
