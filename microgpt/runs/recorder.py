"""Recording a run while it trains: the one writer of its file."""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from microgpt.errors import RunFileError
from microgpt.runs import run_file
from microgpt.runs.guarded import reported, version_of
from microgpt.runs.keyframes import Keyframe, keyframe_interval, superfluous
from microgpt.runs.rows import RunRows
from microgpt.runs.run_file import WriterLock
from microgpt.runs.run_info import RunInfo
from microgpt.runs.schema import insertion, stored
from microgpt.runs.verifying import trusted_parts
from microgpt.text.corpus import is_path
from microgpt.train.training import StepLoss, Training
from microgpt.version import __version__

DEFAULT_BUDGET = 200_000_000
"""For keyframes. Units: bytes."""

COMMIT_EVERY = 0.25
"""How much training a kill can lose, about. Units: seconds."""


class RunRecorder:
    """Writes down a training, step by step, in batched transactions.

    A keyframe is taken at every step that `interval` divides. Whoever trains several steps at once
    pauses there: `training.losses(pause_every=recorder.interval)`.
    """

    def __init__(
        self,
        path: Path,
        training: Training,
        connection: sqlite3.Connection,
        lock: WriterLock,
        budget: int,
    ) -> None:
        """Not called by hand: see `create` and `go_on`."""
        self.path = path
        self.interval = keyframe_interval(training)
        self._training = training
        self._connection = connection
        self._lock = lock
        self._budget = budget
        self._version = version_of(connection)
        # As it is before samples are drawn, which does not belong to any step.
        self._rng_state = training.rng.getstate()
        self._losses: list[StepLoss] = []
        self._committed_at = time.monotonic()
        with reported(path, "cannot write"):
            self._keyframes: list[int] = [
                step for (step,) in connection.execute("SELECT step FROM keyframe ORDER BY step")
            ]
            self._documents = {
                place for (place,) in connection.execute("SELECT place FROM document")
            }
            self._samples: set[tuple[int, int]] = set(
                connection.execute("SELECT step, number FROM sample")
            )
            self._validations = 0  # rows
            if self._version >= 3:
                ((self._validations,),) = connection.execute("SELECT count(*) FROM validation")
            ((last,),) = connection.execute("SELECT max(step) FROM step")
            self.info = run_file.read_info(path, connection)
        first = self._keyframes[0] if self._keyframes else training.step
        self._last_step: int = first if last is None else last
        self.asked = (0, 0.0)  # samples to be drawn where training ends, and their temperature

    @classmethod
    def create(
        cls,
        path: str | Path,
        training: Training,
        *,
        corpus: str | None = None,
        parent: tuple[str, int] | None = None,
        budget: int = DEFAULT_BUDGET,
    ) -> Self:
        """Begins a file with the run as it stands.

        Args:
            training: untrained, or branching off another run at the step it stands at.
            corpus: where to find the corpus again; its name if not given.
            parent: id of the run it branches off, and the step.
            budget: how much room keyframes may take. Units: bytes.

        Raises:
            RunFileError: the file exists or cannot be written; nothing is left behind.
        """
        spec = corpus or training.corpus.name
        if is_path(spec):  # and no built-in corpus
            spec = str(Path(spec).resolve())
        info = RunInfo(
            run_id=uuid.uuid4().hex,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            version=__version__,
            corpus=spec,
            fingerprint=training.corpus.fingerprint,
            num_documents=len(training.documents),
            chars=training.tokenizer.chars,
            model=training.model,
            config=training.config,
            parent_id=parent[0] if parent else "",
            parent_step=parent[1] if parent else 0,
        )
        path = Path(path)
        lock = WriterLock(path)
        try:
            connection = run_file.create(path, info)
            recorder = cls(path, training, connection, lock, budget)
            recorder._take_keyframe()
        except BaseException:
            lock.release()
            raise
        return recorder

    @classmethod
    def go_on(cls, path: str | Path, training: Training, *, budget: int = DEFAULT_BUDGET) -> Self:
        """Goes on with a file whose last step is where the training stands; see `Run.training`.

        Raises:
            RunFileError: the file cannot be written, another process writes it, or it has got
                further than the training.
        """
        path = Path(path)
        lock = WriterLock(path)
        try:
            connection = run_file.open_to_write(path)
            parts = trusted_parts(RunRows(path, connection))
            recorder = cls(path, training, run_file.without_bounds(path, connection), lock, budget)
            recorder.asked = parts.asked
            recorder._check_end()
        except BaseException:
            lock.release()
            raise
        return recorder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
            return
        # Where the training stands now may be the middle of a step: no keyframe of that.
        try:
            with suppress(RunFileError):
                self.commit()
        finally:
            self.abandon()

    def record(self, losses: Sequence[StepLoss]) -> None:
        """Takes down the steps just trained; the training stands after the last of them.

        Raises:
            RunFileError: the file cannot be written, because the disk is full, say. What was
                committed before stays whole; recording can be tried again or given up.
        """
        self._losses += losses
        if self._training.step % self.interval == 0:
            self._take_keyframe()
        elif time.monotonic() - self._committed_at >= COMMIT_EVERY:
            self.commit()

    def ask_samples(self, count: int, temperature: float) -> None:
        """Writes down that so many samples are to be drawn where training ends.

        Raises:
            RunFileError: the file cannot be written.
        """
        before, self.asked = self.asked, (count, temperature)
        try:
            self.commit()
        except RunFileError:
            self.asked = before
            raise

    def record_sample(self, number: int, temperature: float, text: str) -> None:
        """Takes down a sample drawn after the step at which the training stands.

        Raises:
            RunFileError: the file cannot be written.
        """
        step = self._training.step
        samples = self._samples | {(step, number)}
        with self._transaction(samples=len(samples)):
            self._put("sample", step, number, temperature, text)
        self._samples = samples

    def commit(self) -> None:
        """Makes all that was recorded visible to readers, and safe.

        Raises:
            RunFileError: the file cannot be written.
        """
        with self._transaction():
            pass

    def close(self) -> None:
        """Ends recording with a keyframe and leaves one plain file.

        Raises:
            RunFileError: the last steps cannot be written; the file holds those before.
        """
        try:
            if self._keyframes[-1] != self._training.step:
                self._take_keyframe()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Ends recording with what is committed, after an error."""
        run_file.close_cleanly(self._connection)
        self._lock.release()

    def _check_end(self) -> None:
        last = self._last_step
        if last != self._training.step:
            raise RunFileError(
                f"{str(self.path)!r} is at step {last}, and what should go on at step "
                f"{self._training.step}"
            )

    def _take_keyframe(self) -> None:
        keyframe = Keyframe(self._training.state, self._rng_state).encoded()
        given_up = superfluous([*self._keyframes, keyframe.step], self._budget // keyframe.size)
        kept = [step for step in [*self._keyframes, keyframe.step] if step not in set(given_up)]
        with self._transaction(keyframes=len(kept)):
            self._connection.execute(
                "INSERT INTO keyframe VALUES (?, ?, ?, ?, ?, ?)",
                (
                    keyframe.step, keyframe.data, keyframe.m, keyframe.v, keyframe.rng,
                    keyframe.checksum,
                ),
            )  # fmt: skip
            self._connection.executemany(
                "DELETE FROM keyframe WHERE step = ?", [(step,) for step in given_up]
            )
        self._keyframes = kept

    def _put(self, table: str, *values: float | str) -> None:
        row = stored(self._version, self.info.run_id, table, *values)
        self._connection.execute(insertion(table, row), row)

    @contextmanager
    def _transaction(
        self, *, keyframes: int | None = None, samples: int | None = None
    ) -> Iterator[None]:
        """Writes the steps taken down and whatever else, all or nothing.

        Args:
            keyframes: how many there are then, if another number than before.
            samples: likewise.
        """
        connection = self._connection
        last = self._losses[-1].step if self._losses else self._last_step
        with reported(self.path, "cannot write"):
            connection.execute("BEGIN IMMEDIATE")
            try:
                new_documents = self._write_losses()
                validations = self._validations + self._write_validation()
                yield
                if self._version >= 2:
                    measured = [validations] if self._version >= 3 else []
                    self._put(
                        "seal", 1, last, len(self._documents) + len(new_documents),
                        len(self._keyframes) if keyframes is None else keyframes,
                        len(self._samples) if samples is None else samples, *self.asked,
                        *measured,
                    )  # fmt: skip
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # SQLite may have rolled back by itself
                    connection.execute("ROLLBACK")
                raise
        self._documents |= new_documents
        self._validations = validations
        self._last_step = last
        self._losses.clear()
        self._committed_at = time.monotonic()

    def _write_losses(self) -> set[int]:
        """Gives the places of the documents that were not in the file yet."""
        documents = {
            (loss.step - 1) % len(self._training.documents): loss.document for loss in self._losses
        }
        new = documents.keys() - self._documents
        for place in new:
            self._put("document", place, documents[place])
        rows = [self._stored_step(loss) for loss in self._losses]
        if rows:
            self._connection.executemany(insertion("step", rows[0]), rows)
        return set(new)

    def _write_validation(self) -> int:
        """Gives how many losses of documents held out were measured at these steps."""
        measured = [(at.step, at.validation) for at in self._losses if at.validation is not None]
        for step, loss in measured:
            self._put("validation", step, loss)
        return len(measured)

    def _stored_step(self, loss: StepLoss) -> tuple[object, ...]:
        return stored(self._version, self.info.run_id, "step", loss.step, loss.loss, loss.lr)
