"""What a run file holds, row by row: each is of its kind and has its checksum, or is refused.

Rows are looked at as they come, so that a table which never ends is refused at its first odd row.
"""

from __future__ import annotations

import math
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from microgpt.errors import RunFileError
from microgpt.runs.guarded import SMALL, guard, reported, size_on_disk, version_of
from microgpt.runs.keyframes import EncodedKeyframe, Keyframe
from microgpt.runs.run_file import read_info
from microgpt.runs.schema import checksum
from microgpt.train.training import StepLoss

LONGEST_TEXT = 1 << 24
"""Of a document. Units: bytes."""
LEAST_ROW = 16
"""No row of `step` is smaller. Units: bytes."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A document drawn."""

    step: int  # at which training stood
    number: int  # of those drawn there, from 1
    temperature: float
    text: str


@dataclass(frozen=True, slots=True)
class Seal:
    """What a file says that it holds, from version 2 on."""

    last_step: int
    documents: int  # rows, as the next two
    keyframes: int
    samples: int
    asked: int  # samples to be drawn where training ends
    temperature: float  # of these
    validations: int = 0  # rows


class RunRows:
    """The rows of an open file."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Reads what the run is. Raises `RunFileError` where that cannot be trusted."""
        self.path = path
        self.info = read_info(path, connection)
        self.version = version_of(connection)
        self._connection = connection
        self._lock = threading.RLock()  # a screen reads in a thread of its own
        self._budget = guard(path, connection)
        largest = max(LONGEST_TEXT, 8 * self.info.num_parameters) + SMALL
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, largest)
        self._documents: dict[int, str] = {}  # by place; those met
        self._kept, self._size = 0, size_on_disk(path)  # of these; of the file. Units: characters.

    @property
    def is_vouched_for(self) -> bool:
        """Whether all rows have checksums; if not, only keyframes have."""
        return self.version >= 2

    def damaged(self, step: int, why: str) -> RunFileError:
        """What is wrong with a step."""
        return RunFileError(
            f"{str(self.path)!r}, step {step}: {why}; the file is damaged, or from a system with "
            "another math library"
        )

    # -- values ----------------------------------------------------------------------------------

    def seal(self) -> Seal | None:
        """What the file says it holds, None for one of version 1."""
        return self._sealed()[0]

    def last_step(self) -> int:
        """The last step recorded; the first, if none is."""
        seal, last = self._sealed()
        first = self.info.parent_step
        found = first if last is None else last
        if type(found) is not int or not first <= found <= self.info.config.num_steps:
            raise RunFileError(f"{str(self.path)!r} is damaged: its last step is none")
        if seal is not None and seal.last_step != found:
            raise RunFileError(
                f"{str(self.path)!r} is damaged: it holds steps to {found}, and had them to "
                f"{seal.last_step}"
            )
        return found

    def steps(
        self, since: int, upto: int | None = None, *, as_far_as_whole: bool = False
    ) -> list[StepLoss]:
        """The steps recorded after step `since`, up to the last or to `upto`.

        Args:
            as_far_as_whole: whether those before a damaged one are given, if there are any.

        Raises:
            RunFileError: one of them is not there, or not as it was recorded.
        """
        expected = max(since, self.info.parent_step)
        last = self.last_step() if upto is None else upto
        measured: dict[int, float] = {}
        try:
            measured.update(self._validated(expected, upto))
        except RunFileError:
            if not (as_far_as_whole and measured):
                raise
            last = max(measured)
        found: list[StepLoss] = []
        sql = "SELECT * FROM step WHERE step > ? AND step <= ? ORDER BY step"
        with self._rows(sql, (expected, last)) as rows:
            for row in rows:
                expected += 1
                if row[0] != expected:
                    break
                try:
                    loss, lr = self.loss_and_rate(row)
                except RunFileError:
                    if as_far_as_whole and found:
                        return found
                    raise
                document, validation = self.document_of(expected), measured.get(expected)
                found.append(StepLoss(expected, document, loss, lr, validation))
            else:
                expected += 1
        if expected <= last:
            raise self.damaged(expected, "it is not in the file")
        return found

    def loss_and_rate(self, row: tuple[Any, ...]) -> tuple[float, float]:
        """Loss and learning rate of a row of `step`."""
        step, loss, rate = row[:3]
        if not (self._vouches("step", row) and _are_finite(loss, rate)):
            raise self.damaged(step, "its loss is not as it was recorded")
        if rate != (expected := self.info.config.lr_at(step)):
            raise self.damaged(
                step, f"its learning rate was {rate!r}, and the schedule's is {expected!r}"
            )
        return loss, rate

    def validations(self, since: int = 0, upto: int | None = None) -> dict[int, float]:
        """Losses of documents held out, by the step after which they were measured, rising.

        Raises:
            RunFileError: one is not as it was recorded, or of all of them one is not there.
        """
        return dict(self._validated(since, upto))

    def _validated(self, since: int, upto: int | None) -> Iterator[tuple[int, float]]:
        """The same one by one, up to the first that is damaged."""
        if self.version < 3:
            return
        seal = self.seal() if upto is None and since <= self.info.parent_step else None
        last = self.last_step() if upto is None else upto
        before, n = since, 0
        sql = "SELECT * FROM validation WHERE step > ? AND step <= ? ORDER BY step"
        with self._rows(sql, (since, last)) as rows:
            for row in rows:
                step, loss = self.validation_of(row)
                if step == before:
                    raise self.damaged(step, "its validation loss is there twice")
                before, n = step, n + 1
                yield step, loss
        if seal is not None and n < seal.validations:
            raise RunFileError(
                f"{str(self.path)!r} is damaged: {n} of {seal.validations} validation losses are "
                "there"
            )

    def validation_of(self, row: tuple[Any, ...]) -> tuple[int, float]:
        """Step and loss of a row of `validation`."""
        step, loss = row[:2]
        if not (type(step) is int and self._vouches("validation", row) and _are_finite(loss)):
            raise self.damaged(step, "its validation loss is not as it was recorded")
        return step, loss

    def document_of(self, step: int) -> str:
        """The document of a step."""
        place = (step - 1) % self.info.num_documents
        if place not in self._documents:
            row = self._row("SELECT * FROM document WHERE place = ?", (place,))
            if row is None:
                raise self.damaged(step, "its document is not in the file")
            self._keep(place, self.text_of(row, step))
        return self._documents[place]

    def _keep(self, place: int, text: str) -> None:
        """Rows can be made that share what they hold: all documents are no larger than the file."""
        self._kept += len(text)
        if self._kept > self._size and self._kept > (size := size_on_disk(self.path)):
            raise RunFileError(
                f"{str(self.path)!r} is damaged: its documents are larger than its {size} bytes"
            )
        self._documents[place] = text

    def text_of(self, row: tuple[Any, ...], step: int) -> str:
        """The text of a row of `document`; the step is told in errors."""
        if not (self._vouches("document", row) and isinstance(row[1], str)):
            raise self.damaged(step, "its document is not as it was recorded")
        return row[1]

    def samples(self) -> list[Sample]:
        """All samples, in order."""
        seal, found = self.seal(), []
        last = (-1, -1)
        with self._rows("SELECT * FROM sample ORDER BY step, number") as rows:
            for row in rows:
                sample = self.sample_of(row)
                if (sample.step, sample.number) <= last:
                    raise RunFileError(f"{str(self.path)!r} is damaged: its samples repeat")
                last = (sample.step, sample.number)
                found.append(sample)
        if seal is not None and len(found) < seal.samples:
            raise RunFileError(
                f"{str(self.path)!r} is damaged: {len(found)} of {seal.samples} samples are there"
            )
        return found

    def sample_of(self, row: tuple[Any, ...]) -> Sample:
        """A row of `sample`."""
        step, number, temperature, text = row[:4]
        are_whole = type(step) is int and type(number) is int and isinstance(text, str)
        is_one = are_whole and len(text) <= self.info.model.block_size
        if not (is_one and self._vouches("sample", row) and _are_finite(temperature)):
            raise RunFileError(
                f"{str(self.path)!r}, sample {str(number)[:20]} at step {str(step)[:20]}: it is "
                "not as it was recorded; the file is damaged"
            )
        return Sample(step, number, temperature, text)

    def keyframe_before(self, step: int) -> int | None:
        """The last step up to `step` that has a keyframe."""
        row = self._row("SELECT max(step) FROM keyframe WHERE step <= ?", (step,))
        return None if row is None else row[0]

    def keyframe(self, step: int) -> Keyframe | None:
        """The keyframe of a step, None if it has none."""
        row = self._row("SELECT * FROM keyframe WHERE step = ?", (step,))
        return None if row is None else self.keyframe_of(row)

    def keyframe_of(self, row: tuple[Any, ...]) -> Keyframe:
        """A row of `keyframe`."""
        try:
            if not all(isinstance(value, bytes) for value in row[1:]):
                raise ValueError("is none")  # noqa: TRY301  # told as the others are
            return EncodedKeyframe(*row).decoded(self.info.num_parameters)
        except ValueError as error:
            raise self.damaged(row[0], f"its keyframe {error}") from error

    # -- reading all of a table, whatever is wrong with it -----------------------------------------

    def scan(self, table: str, keys: range) -> Iterator[tuple[int, tuple[Any, ...] | None]]:
        """Every row that there is, by its key; None where a part of the file cannot be read.

        Args:
            keys: where to look, one by one, behind a part that cannot be read.
        """
        after = -1
        try:
            with self._rows(f"SELECT rowid, * FROM {table} ORDER BY rowid") as rows:  # noqa: S608
                for key, *values in rows:
                    if key <= after:
                        break
                    after = key
                    yield key, tuple(values)
                else:
                    return
        except RunFileError:
            pass
        most = size_on_disk(self.path) // LEAST_ROW
        for key in range(max(after + 1, keys.start), min(keys.stop, max(0, after) + most)):
            try:
                row = self._row(f"SELECT * FROM {table} WHERE rowid = ?", (key,))  # noqa: S608
            except RunFileError:
                yield key, None
            else:
                if row is not None:
                    yield key, row

    # -- statements --------------------------------------------------------------------------------

    def _sealed(self) -> tuple[Seal | None, int | None]:
        """The seal and the last step found, as they are at one moment."""
        if not self.is_vouched_for:
            row = self._row("SELECT max(step) FROM step")
            return None, row[0] if row else None
        row = self._row("SELECT *, (SELECT max(step) FROM step) FROM seal WHERE id = 1")
        if row is None or not self._vouches("seal", row[:-1]):
            raise RunFileError(
                f"{str(self.path)!r} is damaged: what it says that it holds does not have the "
                "checksum it had"
            )
        counts = (*row[1:6], *row[7:-2])
        if not (all(type(n) is int and n >= 0 for n in counts) and _are_finite(row[6])):
            raise RunFileError(f"{str(self.path)!r} is damaged: its seal is none")
        return Seal(*row[1:-2]), row[-1]

    def _vouches(self, table: str, row: tuple[Any, ...]) -> bool:
        if not self.is_vouched_for:
            return True
        values = row[:-1]
        if any(isinstance(value, bytes) for value in values):
            return False
        return bool(row[-1] == checksum(self.info.run_id, table, *values))

    def _row(self, sql: str, values: tuple[object, ...] = ()) -> tuple[Any, ...] | None:
        with self._rows(sql, values) as rows:
            return next(rows, None)

    @contextmanager
    def _rows(
        self, sql: str, values: tuple[object, ...] = ()
    ) -> Iterator[Iterator[tuple[Any, ...]]]:
        with self._lock, reported(self.path, "cannot read"):
            self._budget.begin()
            cursor = self._connection.execute(sql, values)
            try:
                yield cursor
            finally:
                cursor.close()

    @contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """All that is read within is of one moment, though another process writes meanwhile."""
        with self._lock, reported(self.path, "cannot read"):
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("COMMIT")

    def close(self) -> sqlite3.Connection:
        """Ends reading; gives the connection, to be closed."""
        with self._lock:
            return self._connection


def _are_finite(*numbers: object) -> bool:
    return all(isinstance(number, float) and math.isfinite(number) for number in numbers)
