"""`RecordedScript`: a script's recorded passes, gone through as if it ran; and recording them."""

from __future__ import annotations

import io
import linecache
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from microgpt.errors import InputError, RunFileError
from microgpt.graph.debuggee import Debuggee, Ended, Stop
from microgpt.script_runs.pass_file import PassReader, PassWriter, StoredPass


@dataclass(frozen=True, slots=True)
class RecordingOutcome:
    """What came of a recording."""

    n_passes: int
    size: int  # of the file. Units: bytes
    ended: str  # why there are no more: how the script ended, or that the budget is used up


def record(script: Debuggee, writer: PassWriter, most: int) -> RecordingOutcome:
    """Lets a script run, and writes all passes that it stops at.

    Args:
        most: the file is no larger than that. Units: bytes.

    Raises:
        RunFileError: the file cannot be written.
    """
    while isinstance(stop := script.run_on(), Stop):
        if stop.graph is None or stop.kind == "exception":
            continue
        if not writer.add(stop, most):
            used_up = f"the budget of {most / 1e6:g} MB was used up before pass {stop.number}"
            return RecordingOutcome(writer.n_passes, writer.size, used_up)
    return RecordingOutcome(writer.n_passes, writer.size, stop.reason)


class RecordedScript:
    """A debuggee that stands still at each recorded pass."""

    def __init__(self, path: str | Path, only: int = 0) -> None:
        """Opens a file.

        Args:
            only: the number of the one pass to stop at; 0 for all.

        Raises:
            RunFileError: it cannot be read.
        """
        self.path = Path(path)
        self._reader = PassReader(self.path)
        self._passes = [p for p in self._reader.passes if only in {0, p.number}]
        self._at = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._reader.close()

    @property
    def script(self) -> tuple[str, list[str]]:
        """What was recorded, and its arguments."""
        return self._reader.script, self._reader.arguments

    @property
    def losses(self) -> list[tuple[int, float]]:
        """Number and loss of each pass recorded."""
        return [(stored.number, stored.loss) for stored in self._reader.passes]

    def pass_at(self, number: int) -> Stop:
        """A pass by its number; where the recording stands stays.

        Raises:
            InputError: it was not recorded.
            RunFileError: the file is damaged.
        """
        for stored in self._passes:
            if stored.number == number:
                return self._stop(stored)
        raise InputError(f"{self.path}: pass {number} was not recorded")

    def stand_at(self, number: int) -> Stop:
        """The same, and `run_on` goes on from there."""
        stop = self.pass_at(number)
        self._at = 1 + [stored.number for stored in self._passes].index(number)
        return stop

    def run_on(self, count: int = 1) -> Stop | Ended:
        """The next pass, or that there is none.

        Raises:
            InputError: the recording is over.
            RunFileError: the file is damaged.
        """
        if self._at > len(self._passes):
            raise InputError(f"the recording {self.path} is over")
        self._at += count
        if self._at > len(self._passes):
            self._at = len(self._passes) + 1
            last = self._reader.passes[-1].number if self._reader.passes else 0
            told = f"the recording ends with pass {last}" if last else "nothing was recorded"
            return Ended(0, told, last)
        return self._stop(self._passes[self._at - 1])

    def _stop(self, stored: StoredPass) -> Stop:
        renamed = {file: self._source(file, digest) for file, digest in stored.files.items()}
        try:
            graph = self._reader.flat(stored).graph(renamed)
            moved = self._reader.flat_updates(stored)
            updates = moved.updates(renamed, len(graph)) if moved is not None else None
        except ValueError as error:
            raise RunFileError(
                f"{str(self.path)!r} is damaged: pass {stored.number}: {error}"
            ) from None
        file = renamed.get(stored.file, stored.file)
        return Stop(
            "backward", stored.number, stored.loss, graph, file, stored.line, updates=updates
        )

    def _source(self, file: str, digest: str) -> str:
        """What a source file is called here; its lines are shown as they were."""
        name = f"{digest[:8]}/{self.path.name}:{Path(file).name}"  # two may end alike
        text = self._reader.source(digest)
        # Without a time, `linecache` never looks for such a file. A form feed ends no line.
        linecache.cache[name] = (len(text), None, [*io.StringIO(text)], name)
        return name
