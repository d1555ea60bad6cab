"""Opening a run file that may be anything: nothing in it is carried out, and reading it ends.

A database can hold triggers and views, tables whose pages lead in circles, and names of files that
are pipes. So its tables have to be those that `schema` makes, letter by letter, before a row of
them is read; and each statement may only do work in proportion to the size of the file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from microgpt.errors import RunFileError
from microgpt.files import kind_of
from microgpt.runs.schema import (
    APPLICATION_ID,
    FIRST_VERSION,
    SCHEMA_VERSION,
    SUFFIXES,
    plain,
    statements,
)

BUSY_TIMEOUT = 5.0
"""How long to wait for another process's transaction. Units: seconds."""

SMALL = 1 << 20
"""No value of the tables' own description or of `run` is larger. Units: bytes."""

WORK_AT_ONCE = 20_000
WORK_AT_LEAST = 5_000_000
WORK_PER_BYTE = 4
"""A row is at least 20 bytes long and takes some 20 of SQLite's instructions."""


class Budget:
    """How much work a statement may be. The file may grow meanwhile, so it is looked at again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._done = 0
        self._most = 0

    def begin(self) -> None:
        """Another statement begins."""
        self._done = 0
        self._most = WORK_AT_LEAST + WORK_PER_BYTE * size_on_disk(self._path)

    def is_used_up(self) -> bool:
        """Asked by SQLite every `WORK_AT_ONCE` instructions; True ends the statement."""
        self._done += WORK_AT_ONCE
        return self._done > self._most


def size_on_disk(path: Path) -> int:
    """What the run takes, with the part that is not in the one file yet. Units: bytes."""
    files = (path, path.with_name(path.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def check_name(path: Path) -> None:
    """Raises `RunFileError` for a name that a run file cannot have, or that something else has."""
    if path.name in {"", ".", ".."}:
        raise RunFileError(f"{str(path)!r} is a folder: a run file is needed")
    for suffix in ("", *SUFFIXES, "-writer"):
        beside = path.with_name(path.name + suffix)
        if kind := kind_of(beside):
            raise RunFileError(f"{str(beside)!r} is {kind}: a run file is needed")
    try:
        path.exists()  # raises if the name is too long
    except OSError as error:
        raise RunFileError(f"cannot read {str(path)!r}: {error.strerror}") from error
    if "\0" in str(path):
        raise RunFileError(f"cannot read {str(path)!r}: no file has such a name")


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Opens a file as a database; `mode` as SQLite has it."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=BUSY_TIMEOUT,
        isolation_level=None, check_same_thread=False,
    )  # fmt: skip


def opened(path: Path, mode: str) -> sqlite3.Connection:
    """A run file that is there; `mode` is `ro` or `rw`.

    Raises:
        RunFileError: it is not a run file, not whole, or of a version that is not known.
    """
    _check_header(path)
    with reported(path, "cannot read"):
        connection = connect(path, mode)
        try:
            guard(path, connection)
            problem = _problem(path, connection)
        except BaseException:
            connection.close()
            raise
    if problem:
        connection.close()
        raise RunFileError(f"{str(path)!r} {problem}")
    return connection


def guard(path: Path, connection: sqlite3.Connection) -> Budget:
    """Sets the bounds of a connection; the budget is to be told of each statement."""
    budget = Budget(path)
    budget.begin()
    connection.set_progress_handler(budget.is_used_up, WORK_AT_ONCE)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, SMALL)
    for setting in ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"):
        connection.execute(f"PRAGMA {setting}")
    return budget


def version_of(connection: sqlite3.Connection) -> int:
    """Of the file's form."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def reported(path: Path, what_failed: str) -> Iterator[None]:
    """Turns SQLite's errors into one line that names the file."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError, MemoryError) as error:
        said = str(error)
        if isinstance(error, MemoryError):
            said = "it asks for more memory than there is"
        elif isinstance(error, UnicodeDecodeError) or "decode" in said:
            said = "it holds text that is not UTF-8"
        elif "too big" in said:
            said = "it holds something far too large"
        elif "interrupted" in said:
            said = "reading it comes to no end"
        elif not (isinstance(error, sqlite3.DatabaseError) and "malformed" in said):
            raise RunFileError(f"{what_failed} {str(path)!r}: {said}") from error
        raise RunFileError(f"{str(path)!r} is damaged or cut short: {said}") from error


def _check_header(path: Path) -> None:
    check_name(path)
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError as error:
        raise RunFileError(f"cannot read {str(path)!r}: {error.strerror}") from error
    is_ours = header[:16] == b"SQLite format 3\0"
    if not (is_ours and int.from_bytes(header[68:72], "big") == APPLICATION_ID):
        # A run whose first transaction is still in the WAL has nothing in its main file yet.
        is_begun = not header or header[:16] == b"SQLite format 3\0"
        if is_begun and path.with_name(path.name + "-wal").exists():
            return
        hint = "; a script is stepped through with `microgpt-tui run SCRIPT`"
        is_script = path.suffix in {".py", ".ipynb"}
        raise RunFileError(f"{str(path)!r} is not a run file{hint if is_script else ''}")


def _problem(path: Path, connection: sqlite3.Connection) -> str:
    """Why this is not a run file that can be used, or `""`."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    version = version_of(connection)
    if application != APPLICATION_ID:
        return "is not a run file"
    if not FIRST_VERSION <= version <= SCHEMA_VERSION:
        return (
            f"is a run file of version {version}; this microgpt reads versions {FIRST_VERSION} to "
            f"{SCHEMA_VERSION}"
        )
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (page_size,) = connection.execute("PRAGMA page_size").fetchone()
    is_alone = not path.with_name(path.name + "-wal").exists()
    if is_alone and (size := path.stat().st_size) < pages * page_size:
        return f"is cut short: {size} of {pages * page_size} bytes are there"
    tables = {f"table {text.split()[2]}": plain(text) for text in statements(version)}
    tables["index sqlite_autoindex_sample_1"] = ""  # of its primary key
    found = {}
    # One more than there should be tells enough.
    listed = connection.execute("SELECT type, name, sql FROM sqlite_master LIMIT 10")
    for kind, name, text in listed:
        found[f"{kind} {name}"] = plain(text) if isinstance(text, str) else ""
    if found != tables:
        odd = [name for name in {**tables, **found} if found.get(name) != tables.get(name)]
        return f"is damaged: its tables are not those of a run: {odd[0][:60]!r}"
    if connection.execute("PRAGMA auto_vacuum").fetchone()[0]:
        return "is damaged: its pages are not kept as those of a run"
    return ""
