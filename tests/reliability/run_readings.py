"""What each command makes of a run file that may be anything: right numbers, or a line."""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType

from microgpt.runs import Run
from tests.microgpt.runs.damaged_files import LONGEST, RECORDED, Right
from tests.tui.cli.in_process import run_here

NAME = "whole.run"
RIGHT, LINE, NEITHER = "right", "a line", "neither"
RESUME = (
    "train", "--resume", NAME, "--stop-after", str(RECORDED + 2), "--engine", "value", "--quiet",
    "--samples", "0",
)  # fmt: skip
READINGS: dict[str, tuple[str, ...]] = {
    "`runs FILE`": ("runs", NAME),
    "`runs FILE --verify`": ("runs", NAME, "--verify"),
    "`runs FILE --copy OUT`": ("runs", NAME, "--copy", "out.run"),
    "`runs FILE --salvage OUT`": ("runs", NAME, "--salvage", "saved.run"),
    "`debug --run FILE --step 17`": (
        "debug", "--run", NAME, "--step", "17", "--engine", "value", "-c", "goto end",
        "-c", "where", "-c", "print lm_head[0][0]",
    ),
    "`map --run FILE`": ("map", "--run", NAME, "--engine", "value"),
    "`sample --run FILE`": ("sample", "--run", NAME, "--count", "2", "--engine", "value"),
    "`train --resume FILE`": RESUME,
}  # fmt: skip
"""Commands, run in the file's folder; the last one writes to it."""
LONGEST_LINE = 1_000


@dataclass
class Read:
    """What came of one file."""

    came: dict[str, str] = field(default_factory=dict)  # by reading: RIGHT, LINE or NEITHER
    why: list[str] = field(default_factory=list)  # of each NEITHER
    slowest: float = 0.0  # of its readings. Units: seconds of processor time.


def expected(right: Right, folder: Path) -> dict[str, str]:
    """What the commands print about the whole file, in a folder of its own."""
    folder.mkdir()
    shutil.copy(right.path, folder / NAME)
    said = {}
    with contextlib.chdir(folder):
        for name, words in READINGS.items():
            result = run_here(*words)
            assert result.returncode == 0, (name, result)
            said[name] = result.stdout
    return said


def read_by_commands(path: Path, said: dict[str, str] | None, right: Right) -> Read:
    """Reads a file with every command.

    Args:
        path: the file, called `NAME`, in a folder of its own; it is written to.
        said: what has to come out where anything does; None if anything may: a file whose checksums
            were made anew is another run.
        right: the run before it was damaged.
    """
    read = Read()
    # Time is the processor's, since others may be at work; what waits for ever is given up.
    with contextlib.chdir(path.parent):
        for name, words in READINGS.items():
            began = time.process_time()
            try:
                with _at_most(4 * LONGEST):
                    came, why = _one(name, words, right, said)
            except Exception:  # noqa: BLE001  # whatever it is, it should have been a line
                came, why = NEITHER, traceback.format_exc(limit=-4)
            took = time.process_time() - began
            if took > LONGEST:
                came, why = NEITHER, f"it took {took:.1f} s"
            read.came[name] = came
            read.slowest = max(read.slowest, took)
            if came == NEITHER:
                read.why.append(f"{name}: {why}")
    return read


def counted(reads: list[Read]) -> dict[str, Counter[str]]:
    """How often each came out, by reading."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in READINGS}
    for read in reads:
        for name, came in read.came.items():
            counts[name][came] += 1
    return counts


def _one(
    name: str, words: tuple[str, ...], right: Right, said: dict[str, str] | None
) -> tuple[str, str]:
    result = run_here(*words)
    errors = result.stderr.splitlines()
    if result.returncode:
        is_told = result.returncode == 2 and errors and all(map(_is_a_line, errors))
        return (LINE, "") if is_told else (NEITHER, f"{result.returncode}: {result.stderr[-500:]}")
    if said is None:
        return RIGHT, ""
    if name == "`runs FILE --salvage OUT`":
        return _salvaged(right)
    if words == RESUME:
        return _gone_on(right)
    if _without_size(result.stdout) != _without_size(said[name]):
        return NEITHER, f"other numbers: {result.stdout[-500:]}"
    return RIGHT, ""


def _is_a_line(line: str) -> bool:
    return line.startswith("microgpt: error: ") and len(line) < LONGEST_LINE and line.isprintable()


def _without_size(text: str) -> str:
    """A file cut short or grown is another number of bytes, truly."""
    return re.sub(r"[\d.]+ MB", "", text)


def _salvaged(right: Right) -> tuple[str, str]:
    """All that was kept is as it was; a validation loss may be left out."""
    with Run("saved.run", "value") as run:
        for loss in run.losses():
            was = right.losses[loss.step - 1]
            if loss not in (was, replace(was, validation=None)):
                return NEITHER, f"salvaged {loss}"
        if not set(run.samples()) <= set(right.samples):
            return NEITHER, f"salvaged {run.samples()}"
    return RIGHT, ""


def _gone_on(right: Right) -> tuple[str, str]:
    with Run(NAME, "value") as run:
        losses = [loss.loss for loss in run.losses(since=RECORDED)]
    return (RIGHT, "") if losses == right.next_losses else (NEITHER, f"it went on to {losses}")


class _HangsError(Exception):
    """It takes far too long."""


@contextlib.contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise _HangsError(f"given up after {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
