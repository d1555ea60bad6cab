"""`microgpt-tui` as a user runs it: a process of its own in a terminal of its own."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

MICROGPT_TUI = (sys.executable, "-m", "tui.main")
OVERRIDES = frozenset({"NO_COLOR", "COLUMNS", "LINES"})
"""What the shell at hand may have set, and what then hides the terminal's own size and colours."""
SOON = 60.0
"""Units: seconds. Far more than anything here takes."""

CURSOR_TO_ROW = re.compile(rb"\x1b\[(\d+);\d+H")


class Terminal:
    """Runs a command in a pseudo-terminal and keeps what it writes."""

    def __init__(
        self,
        *arguments: str,
        command: Sequence[str] = MICROGPT_TUI,
        size: tuple[int, int] = (120, 40),
        folder: Path | None = None,
    ) -> None:
        self._control, self._own = pty.openpty()
        columns, rows = size
        fcntl.ioctl(self._own, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.modes_before = termios.tcgetattr(self._own)
        environment = {k: v for k, v in os.environ.items() if k not in OVERRIDES}
        environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONUTF8": "1"}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        ignored = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # by nohup, which a child inherits
        self._process = subprocess.Popen(
            [*command, *arguments], stdin=self._own, stdout=self._own, stderr=self._own,
            env=environment, cwd=folder, start_new_session=True,
        )  # fmt: skip
        signal.signal(signal.SIGHUP, ignored)
        self.written = bytearray()  # grows by millions of bytes in a long session
        self.last_wrote = 0.0  # on the clock of `time.monotonic`
        self._more = threading.Condition()
        self._ended = False
        self._is_there = True
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self.hang_up()

    def hang_up(self) -> None:
        """The terminal is gone, as when its window is closed."""
        if self._is_there:
            self._is_there = False
            self._ended = True
            self._reader.join()
            os.close(self._control)
            os.close(self._own)

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self._control], [], [], 0.02)
            if ready:
                chunk = os.read(self._control, 65536)
                with self._more:
                    self.written += chunk
                    self.last_wrote = time.monotonic()
                    self._more.notify_all()
            elif self._ended:
                return

    # -- keys and what they do -----------------------------------------------------------------

    def type(self, keys: str) -> None:
        os.write(self._control, keys.encode())

    def until(self, holds: Callable[[bytes], object], since: int = 0) -> bytes:
        """What was written since some length, once something holds of it."""
        deadline = time.monotonic() + SOON
        with self._more:
            while not holds(bytes(self.written[since:])):
                left = deadline - time.monotonic()
                assert left > 0, f"not within {SOON} s; written: {self.written[-3000:]!r}"
                self._more.wait(left)
            return bytes(self.written[since:])

    def until_text(self, text: str, since: int = 0) -> None:
        self.until(lambda written: text.encode() in written, since)

    def delay(self, keys: str, holds: Callable[[bytes], object]) -> float:
        """Seconds from typing to a reaction."""
        since, began = len(self.written), time.monotonic()
        self.type(keys)
        self.until(holds, since)
        return time.monotonic() - began

    def delays(
        self, keys: str, holds: Callable[[bytes], object], quiet: float
    ) -> tuple[float, float]:
        """Seconds from typing to a reaction, and to the last before `quiet` seconds of none."""
        began = time.monotonic()
        first = self.delay(keys, holds)
        while (rest := self.last_wrote + quiet - time.monotonic()) > 0:
            time.sleep(rest)
        return first, self.last_wrote - began

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._own, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.signal(signal.SIGWINCH)

    # -- its end -------------------------------------------------------------------------------

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def exit_status(self) -> int:
        """Waits for the end; 128 and the number of a signal that killed it, as in a shell."""
        status = self._process.wait(SOON)
        self._ended = True
        self._reader.join()
        return status if status >= 0 else 128 - status

    def assert_restored(self) -> None:
        """Line mode and echo are back, the first screen, the cursor; the mouse is let go."""
        assert termios.tcgetattr(self._own) == self.modes_before
        for on, off in (
            (b"\x1b[?1049h", b"\x1b[?1049l"),
            (b"\x1b[?25l", b"\x1b[?25h"),
            (b"\x1b[?1000h", b"\x1b[?1000l"),
            (b"\x1b[?1003h", b"\x1b[?1003l"),
            (b"\x1b[?2004h", b"\x1b[?2004l"),
        ):
            assert on in self.written
            assert self.written.rindex(on) < self.written.rindex(off)


def below_the_first_row(written: bytes) -> bool:
    """Whether something was drawn elsewhere than in the status line."""
    return any(int(row) > 1 for row in CURSOR_TO_ROW.findall(written))
