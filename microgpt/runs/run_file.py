"""A run's SQLite file: its tables, opening it to read or to write, and what can be wrong with it.

While it is written it is in WAL mode, so that any number of readers in other processes can follow;
beside it then lie `-wal` and `-shm`, which belong to it, and `-writer`, which whoever writes holds
locked. A clean close leaves the one file.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from microgpt.errors import InputError, RunFileError
from microgpt.files import temporary_beside
from microgpt.model.adam import TrainingConfig
from microgpt.model.parameters import ModelConfig

APPLICATION_ID = 0x6D475054  # "mGPT"
SCHEMA_VERSION = 1
BUSY_TIMEOUT = 5.0
"""How long to wait for another process's transaction. Units: seconds."""

LOCK_TIMEOUT = 0.5
"""How long to try to become the writer: `is_being_written` holds the lock for a moment, too, and a
last reader that tidies up. Units: seconds."""

_SCHEMA = """
CREATE TABLE run (
    id TEXT NOT NULL,             -- unique
    created TEXT NOT NULL,        -- UTC, ISO 8601
    microgpt TEXT NOT NULL,       -- version that wrote it
    corpus TEXT NOT NULL,         -- name, or path
    fingerprint TEXT NOT NULL,    -- SHA-256 of the corpus
    num_documents INTEGER NOT NULL,
    chars TEXT NOT NULL,          -- of the tokenizer
    model TEXT NOT NULL,          -- JSON
    training TEXT NOT NULL,       -- JSON
    parent_id TEXT,               -- of the run this one branched off
    parent_step INTEGER
);
CREATE TABLE document (           -- those used, by place in the order trained on
    place INTEGER PRIMARY KEY,
    text TEXT NOT NULL
);
CREATE TABLE step (
    step INTEGER PRIMARY KEY,     -- counted from 1
    loss REAL NOT NULL,           -- nats
    lr REAL NOT NULL
);
CREATE TABLE keyframe (           -- the state after a step's update
    step INTEGER PRIMARY KEY,
    data BLOB NOT NULL,           -- float64, little-endian, as are the moments
    m BLOB NOT NULL,
    v BLOB NOT NULL,
    rng BLOB NOT NULL,            -- JSON
    checksum BLOB NOT NULL        -- SHA-256
);
CREATE TABLE sample (
    step INTEGER NOT NULL,
    number INTEGER NOT NULL,
    temperature REAL NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (step, number)
);
"""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a run is, apart from how far it is."""

    run_id: str  # unique
    created: str  # UTC, ISO 8601
    version: str  # of microgpt that began it
    corpus: str  # its name, or the path of its file
    fingerprint: str  # see `Corpus.fingerprint`
    num_documents: int  # in the corpus
    chars: str  # of the tokenizer
    model: ModelConfig
    config: TrainingConfig
    parent_id: str = ""  # of the run that this one branched off, `""` if none
    parent_step: int = 0  # at which it did, 0 if none


def create(path: Path, info: RunInfo) -> sqlite3.Connection:
    """A new run file, ready to be written to. The caller holds its `WriterLock`.

    Raises:
        RunFileError: there is a file of that name, or none can be made there.
    """
    if path.exists():
        raise RunFileError(f"{str(path)!r} exists; --resume goes on with a run, --run begins one")
    with reported(path, "cannot write"):
        connection = _connect(path, "rwc")
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                for statement in _SCHEMA.split(";"):  # executescript() would commit
                    connection.execute(statement)
                connection.execute(
                    "INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        info.run_id, info.created, info.version, info.corpus, info.fingerprint,
                        info.num_documents, info.chars, json.dumps(asdict(info.model)),
                        json.dumps(asdict(info.config)), info.parent_id or None,
                        info.parent_step if info.parent_id else None,
                    ),
                )  # fmt: skip
        except BaseException:
            connection.close()
            for suffix in ("", "-wal", "-shm"):
                with suppress(OSError):
                    path.with_name(path.name + suffix).unlink()
            raise
    return connection


def open_to_write(path: Path) -> sqlite3.Connection:
    """A run file that is there, to go on with. The caller holds its `WriterLock`.

    Raises:
        RunFileError: it is not a run file, not whole, of another version, or cannot be written.
    """
    _check_header(path)
    if not os.access(path, os.W_OK):
        raise RunFileError(f"cannot write {str(path)!r}: Permission denied")
    with reported(path, "cannot write"):
        connection = _checked(path, _connect(path, "rw"))
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """A run file to look at, which another process may be writing.

    Raises:
        RunFileError: it is not a run file, not whole, of another version, or cannot be read.
    """
    _check_header(path)
    with reported(path, "cannot read"):
        return _checked(path, _connect(path, "ro"))


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
            close_cleanly(_connect(path, "rw"))
        finally:
            lock.release()


def read_info(path: Path, connection: sqlite3.Connection) -> RunInfo:
    """What the file says its run is."""
    with reported(path, "cannot read"):
        row = connection.execute("SELECT * FROM run").fetchone()
        try:
            run_id, created, version, corpus, fingerprint, num_documents, chars = row[:7]
            model, config, parent_id, parent_step = row[7:]
            return RunInfo(
                run_id,
                created,
                version,
                corpus,
                fingerprint,
                num_documents,
                chars,
                ModelConfig(**json.loads(model)),
                TrainingConfig(**json.loads(config)),
                parent_id or "",
                parent_step or 0,
            )
        except (TypeError, ValueError) as error:
            raise RunFileError(
                f"{str(path)!r} is damaged: its configuration reads {row!r}"
            ) from error


def copy_run(source: Path, target: Path) -> None:
    """Copies a run, also one that is being written, into one plain file.

    Raises:
        RunFileError: the source is not a run file, or the target cannot be written or exists.
    """
    if target.exists():
        raise RunFileError(f"{str(target)!r} exists")
    reading = open_to_read(source)
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


def size_on_disk(path: Path) -> int:
    """What the run takes, with the part that is not in the one file yet. Units: bytes."""
    files = (path, path.with_name(path.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


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


@contextmanager
def reported(path: Path, what_failed: str) -> Iterator[None]:
    """Turns SQLite's errors into one line that names the file."""
    try:
        yield
    except sqlite3.Error as error:
        if isinstance(error, sqlite3.DatabaseError) and "malformed" in str(error):
            raise RunFileError(f"{str(path)!r} is damaged or cut short: {error}") from error
        raise RunFileError(f"{what_failed} {str(path)!r}: {error}") from error


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=BUSY_TIMEOUT,
        isolation_level=None, check_same_thread=False,
    )  # fmt: skip


def _check_header(path: Path) -> None:
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError as error:
        raise RunFileError(f"cannot read {str(path)!r}: {error.strerror}") from error
    is_ours = header[:16] == b"SQLite format 3\0"
    if not (is_ours and int.from_bytes(header[68:72], "big") == APPLICATION_ID):
        # A run whose first transaction is still in the WAL has an empty main file.
        if path.with_name(path.name + "-wal").exists():
            return
        raise RunFileError(f"{str(path)!r} is not a run file")


def _checked(path: Path, connection: sqlite3.Connection) -> sqlite3.Connection:
    try:
        problem = _problem(path, connection)
    except BaseException:
        connection.close()
        raise
    if problem:
        connection.close()
        raise RunFileError(f"{str(path)!r} {problem}")
    return connection


def _problem(path: Path, connection: sqlite3.Connection) -> str:
    """Why this is not a run file that can be used, or `""`."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        return "is not a run file"
    if version != SCHEMA_VERSION:
        return f"is a run file of version {version}; this microgpt reads version {SCHEMA_VERSION}"
    if not path.with_name(path.name + "-wal").exists():
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (page_size,) = connection.execute("PRAGMA page_size").fetchone()
        if (size := path.stat().st_size) < pages * page_size:
            return f"is cut short: {size} of {pages * page_size} bytes are there"
    if not connection.execute("SELECT count(*) FROM run").fetchone()[0]:
        return "holds no run"
    return ""
