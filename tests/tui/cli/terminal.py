"""A real terminal with `microgpt` running in it."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.tui.cli.command import MICROGPT, environment

termios = pytest.importorskip("termios")

CTRL_C = b"\x03"
# Makes the terminal on stdin the controlling one, so that Ctrl-C typed there becomes a signal.
TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "os.execv(sys.argv[1], sys.argv[1:])"
)


class Terminal:
    """A terminal with `microgpt` running in it; what it wrote so far is `text`."""

    def __init__(self, *arguments: str | Path, columns: int = 80, **env: str) -> None:
        self.master, slave = os.openpty()
        termios.tcsetwinsize(slave, (24, columns))
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-c", TAKE_TERMINAL, *MICROGPT, *map(str, arguments)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env=environment(env),
        )
        os.close(slave)
        self._bytes = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)

    @property
    def text(self) -> str:
        """All it wrote, without colours."""
        return re.sub(r"\x1b\[[\d;]*m", "", self.colored)

    @property
    def colored(self) -> str:
        """The same with them."""
        return self._bytes.decode(errors="replace")

    def wait_for(self, pattern: str) -> None:
        deadline = time.monotonic() + 60
        while not re.search(pattern, self.text):
            assert self._read(deadline), f"ended without {pattern!r}: {self.text[-500:]!r}"

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def end(self) -> int:
        """Its exit status, once it has written all."""
        deadline = time.monotonic() + 60
        while self._read(deadline):
            pass
        return self.process.wait(timeout=60)

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
        assert ready, f"timed out: {self.text[-500:]!r}"
        try:
            data = os.read(self.master, 65536)
        except OSError:  # what Linux says once the other side is closed
            return False
        self._bytes += data
        return bool(data)
