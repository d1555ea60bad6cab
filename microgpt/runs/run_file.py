"""A run's SQLite file: its tables, opening it to read or to write, and what can be wrong with it.

While it is written it is in WAL mode, so that any number of readers in other processes can follow;
beside it then lie `-wal` and `-shm`, which belong to it, and `-writer`, which whoever writes holds
locked. A clean close leaves the one file.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from microgpt.errors import InputError, RunFileError
from microgpt.files import temporary_beside
from microgpt.runs.guarded import check_name, connect, opened, reported, version_of
from microgpt.runs.run_info import RunInfo
from microgpt.runs.schema import APPLICATION_ID, SCHEMA_VERSION, SUFFIXES, insertion, statements

LARGEST = 1 << 30
"""Of what is written to a file. Units: bytes."""

LOCK_TIMEOUT = 0.5
"""How long to try to become the writer: `is_being_written` holds the lock for a moment, too, and a
last reader that tidies up. Units: seconds."""


def create(path: Path, info: RunInfo, version: int = SCHEMA_VERSION) -> sqlite3.Connection:
    """A new run file, ready to be written to. The caller holds its `WriterLock`.

    Args:
        version: of its form.

    Raises:
        RunFileError: there is a file of that name, or none can be made there.
    """
    if path.exists():
        raise RunFileError(f"{str(path)!r} exists; --resume goes on with a run, --run begins one")
    with reported(path, "cannot write"):
        connection = connect(path, "rwc")
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {version}")
                for statement in statements(version):  # executescript() would commit
                    connection.execute(statement)
                row = info.row(version)
                connection.execute(insertion("run", row), row)
        except BaseException:
            connection.close()
            for suffix in ("", *SUFFIXES):
                with suppress(OSError):
                    path.with_name(path.name + suffix).unlink()
            raise
    return connection


def open_to_write(path: Path) -> sqlite3.Connection:
    """A run file that is there, to go on with. The caller holds its `WriterLock`.

    Its pages have to be whole: what is written could otherwise lie over something.

    Raises:
        RunFileError: it is not a run file, not whole, of another version, or cannot be written.
    """
    check_name(path)
    if path.exists() and not os.access(path, os.W_OK):
        raise RunFileError(f"cannot write {str(path)!r}: Permission denied")
    connection = opened(path, "rw")
    try:
        with reported(path, "cannot write"):
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except BaseException:
        connection.close()
        raise
    if found != "ok":
        connection.close()
        raise RunFileError(f"{str(path)!r} is damaged: {found}")
    return connection


def without_bounds(path: Path, connection: sqlite3.Connection) -> sqlite3.Connection:
    """A connection to write to, once all that the file holds was found to be whole."""
    with reported(path, "cannot write"):
        connection.set_progress_handler(None, 0)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def close_cleanly(connection: sqlite3.Connection) -> None:
    """Leaves one plain file, or two empty ones beside it, which the last reader removes."""
    with suppress(sqlite3.Error):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA busy_timeout = 200")
        connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()


def close_reading(path: Path, connection: sqlite3.Connection) -> None:
    """Leaves one plain file if the writer closed it meanwhile and this is its last reader."""
    connection.close()
    wal = path.with_name(path.name + "-wal")
    with suppress(OSError, RunFileError, sqlite3.Error):
        if wal.stat().st_size or is_being_written(path):
            return  # what a writer that was killed left is for whoever resumes the run
        lock = WriterLock(path)
        try:
            close_cleanly(connect(path, "rw"))
        finally:
            lock.release()


def read_info(path: Path, connection: sqlite3.Connection) -> RunInfo:
    """What the file says its run is, within what the file can hold.

    Raises:
        RunFileError: it says none, or its model is not the one of its keyframes.
    """
    with reported(path, "cannot read"):
        row = connection.execute("SELECT * FROM run LIMIT 1").fetchone()
        if row is None:
            raise RunFileError(f"{str(path)!r} holds no run")
        try:
            info = RunInfo.of_row(row, version_of(connection))
        except (TypeError, ValueError, OverflowError) as error:
            raise RunFileError(f"{str(path)!r} is damaged: {error}") from error
        first = connection.execute(
            "SELECT length(data) FROM keyframe ORDER BY step LIMIT 1"
        ).fetchone()
    # Before anything is made that is as large as the model is said to be.
    if first is not None and first[0] != 8 * info.num_parameters:
        raise RunFileError(
            f"{str(path)!r} is damaged: its model has {info.num_parameters} parameters, and its "
            "keyframes are of another size"
        )
    return info


def copy_run(source: Path, target: Path) -> None:
    """Copies a run, also one that is being written, into one plain file.

    Raises:
        RunFileError: the source is not a run file, or the target cannot be written or exists.
    """
    check_name(target)
    if target.exists():
        raise RunFileError(f"{str(target)!r} exists")
    reading = opened(source, "ro")
    try:
        with temporary_beside(target) as temporary, reported(target, "cannot write"):
            writing = sqlite3.connect(temporary)
            try:
                reading.backup(writing)
                writing.execute("PRAGMA journal_mode = DELETE")
            finally:
                writing.close()
            temporary.replace(target)
    except InputError as error:
        raise RunFileError(str(error)) from error
    finally:
        reading.close()


class WriterLock:
    """Held by the one process that writes a run. Ends with the process, however that ends.

    Raises:
        RunFileError: another process holds it, or the folder cannot be written to.
    """

    def __init__(self, path: Path) -> None:
        check_name(path)
        if not path.parent.is_dir():
            raise RunFileError(f"cannot write {str(path)!r}: there is no folder {path.parent}")
        self._file = path.with_name(path.name + "-writer")
        self._lock = FileLock(self._file, timeout=LOCK_TIMEOUT)
        try:
            self._lock.acquire()
        except Timeout:
            raise RunFileError(f"{str(path)!r} is being written by another process") from None
        except OSError as error:
            raise RunFileError(f"cannot write {str(path)!r}: {error.strerror}") from error

    def release(self) -> None:
        """Lets others write."""
        # While it is held. Who has opened it before, and gets it once it is gone, does not keep it:
        # filelock tries again where a lock's file has no name any more.
        with suppress(OSError):
            self._file.unlink()
        self._lock.release()


def is_being_written(path: Path) -> bool:
    """Whether some process writes the run just now."""
    file = path.with_name(path.name + "-writer")
    if not file.exists():
        return False
    lock = FileLock(file, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False
