"""Every line the commands print goes through here: results to stdout, all else to stderr.

Lines are flushed one by one, so that whoever reads a pipe sees each as it comes.
"""

# ruff: noqa: T201  # printing is this module's job

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Sequence
from typing import TextIO

from microgpt.printable import one_line, printable

MOST_SAID = 800
"""Of an error, whatever it quotes: a path in a run file may be long. Units: characters."""


def say(line: str, *, exact: bool = False) -> None:
    """Prints a line of the command's result on stdout, with codes for control characters.

    Args:
        exact: a pipe or a file gets them as they are: of a sample each character is a result.
    """
    if not exact or sys.stdout.isatty():
        line = printable(line)
    print(line, flush=True)


def shows_colors() -> bool:
    """Whether stdout is a terminal that shows colours, and nobody asked for none."""
    return can_redraw(sys.stdout) and not os.environ.get("NO_COLOR")


def say_colored(pieces: Sequence[tuple[str, str]]) -> None:
    """Prints a line of pieces, each in its colour (`#rrggbb` or `""`), where there are colours."""
    from rich.console import Console  # noqa: PLC0415  # 60 ms, on a terminal only
    from rich.text import Text  # noqa: PLC0415

    line = Text()
    for text, color in pieces:
        line.append(one_line(text) if text.strip() else text, color)
    line.rstrip()
    Console(highlight=False, soft_wrap=True).print(line)


def can_redraw(stream: TextIO) -> bool:
    """Whether a stream is a terminal that can draw over what it shows, as progress bars do."""
    return stream.isatty() and os.environ.get("TERM") not in {"dumb", "unknown"}


def notice(line: str) -> None:
    """Prints a line about the command on stderr, as far as anyone is listening."""
    with contextlib.suppress(OSError):
        print(one_line(line), file=sys.stderr, flush=True)


def print_error(message: str, program: str = "microgpt") -> None:
    """Prints `program: error: message` on stderr; of a very long one, its beginning and end."""
    if len(message) > MOST_SAID:
        message = f"{message[: MOST_SAID // 2]} … {message[-MOST_SAID // 4 :]}"
    notice(f"{program}: error: {message}")


def make_streams_usable() -> None:
    """A closed stream is written to nowhere; what an encoding cannot express is escaped."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def discard_stdout() -> None:
    """Sends what stdout still holds to nowhere, so that Python's last flush cannot fail."""
    _send_to_nowhere(sys.stdout)


def flush_stderr() -> None:
    """Writes what stderr still holds, to nowhere if its terminal is gone.

    A screen is drawn on stderr. Python's last flush would fail otherwise, and the status be 120.
    """
    try:
        sys.stderr.flush()
    except OSError:
        _send_to_nowhere(sys.stderr)


def _send_to_nowhere(stream: TextIO) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError):
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
