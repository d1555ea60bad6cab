"""The tables of a run file, in all versions, and the checksums of their rows.

From version 2 on every row vouches for itself, and the one row of `seal`, written anew with every
transaction, for what rows there are. A file of version 1 vouches for its keyframes alone. Version 3
adds the losses of documents held out.
"""

from __future__ import annotations

import hashlib
import json
import re

APPLICATION_ID = 0x6D475054  # "mGPT"
SCHEMA_VERSION = 3
"""Of the files that are begun."""
FIRST_VERSION = 1
"""The oldest that is read, and written on."""
SUFFIXES = ("-wal", "-shm", "-journal")
"""Of the files that SQLite keeps beside a database."""

_RUN = """CREATE TABLE run (
    id TEXT NOT NULL,             -- unique
    created TEXT NOT NULL,        -- UTC, ISO 8601
    microgpt TEXT NOT NULL,       -- version that wrote it
    corpus TEXT NOT NULL,         -- name, or path
    fingerprint TEXT NOT NULL,    -- SHA-256 of the corpus
    num_documents INTEGER NOT NULL,  -- trained on: those held out are not among them
    chars TEXT NOT NULL,          -- of the tokenizer
    model TEXT NOT NULL,          -- JSON
    training TEXT NOT NULL,       -- JSON
    parent_id TEXT,               -- of the run this one branched off
    parent_step INTEGER{}
)"""
_DOCUMENT = """CREATE TABLE document (           -- those used, by place in the order trained on
    place INTEGER PRIMARY KEY,
    text TEXT NOT NULL{}
)"""
_STEP = """CREATE TABLE step (
    step INTEGER PRIMARY KEY,     -- counted from 1
    loss REAL NOT NULL,           -- nats
    lr REAL NOT NULL{}
)"""
_KEYFRAME = """CREATE TABLE keyframe (           -- the state after a step's update
    step INTEGER PRIMARY KEY,
    data BLOB NOT NULL,           -- float64, little-endian, as are the moments
    m BLOB NOT NULL,
    v BLOB NOT NULL,
    rng BLOB NOT NULL,            -- JSON
    checksum BLOB NOT NULL        -- SHA-256
)"""
_SAMPLE = """CREATE TABLE sample (
    step INTEGER NOT NULL,
    number INTEGER NOT NULL,
    temperature REAL NOT NULL,
    text TEXT NOT NULL{},
    PRIMARY KEY (step, number)
)"""
_VALIDATION = """CREATE TABLE validation (
    step INTEGER PRIMARY KEY,     -- after whose update it was measured
    loss REAL NOT NULL,           -- mean of documents held out, nats
    checksum BLOB NOT NULL
)"""
_SEAL = """CREATE TABLE seal (               -- one row: what the others hold
    id INTEGER PRIMARY KEY,       -- 1
    last_step INTEGER NOT NULL,
    documents INTEGER NOT NULL,   -- rows of that table, as those below
    keyframes INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    asked INTEGER NOT NULL,       -- samples to be drawn where training ends
    temperature REAL NOT NULL,    -- of these{}
    checksum BLOB NOT NULL
)"""
_VALIDATIONS = "\n    validations INTEGER NOT NULL, -- rows of that table"
_CHECKSUM = ",\n    checksum BLOB NOT NULL"


def statements(version: int) -> tuple[str, ...]:
    """What makes the tables.

    >>> [text.split()[2] for text in statements(1)]
    ['run', 'document', 'step', 'keyframe', 'sample']
    """
    more = _CHECKSUM if version >= 2 else ""
    tables = [text.format(more) for text in (_RUN, _DOCUMENT, _STEP, _KEYFRAME, _SAMPLE)]
    if version >= 3:
        tables.append(_VALIDATION)
    if version >= 2:
        tables.append(_SEAL.format(_VALIDATIONS if version >= 3 else ""))
    return tuple(tables)


def plain(statement: str) -> str:
    r"""A statement without its comments, and with single spaces: what it does, in one form.

    >>> plain("CREATE TABLE a (  -- one\n    b INTEGER\n)")
    'CREATE TABLE a ( b INTEGER )'
    """
    return " ".join(re.sub(r"--[^\n]*", "", statement).split())


def checksum(run_id: str, table: str, *values: float | str | None) -> bytes:
    """Of one row: of its values, but also of whose it is, so that no other can take its place.

    >>> checksum("r", "step", 1, 3.5) == checksum("r", "step", 1, 3.5 + 1e-15)
    False
    """
    content = json.dumps((run_id, table, *values))
    return hashlib.blake2b(content.encode(), digest_size=16).digest()


def stored(version: int, run_id: str, table: str, *values: float | str) -> tuple[object, ...]:
    """A row of any table but `run` and `keyframe` as a file of some version has it."""
    return (*values, checksum(run_id, table, *values)) if version >= 2 else values


def insertion(table: str, row: tuple[object, ...]) -> str:
    """The statement that puts a row into a table, in place of one with its key."""
    return f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * len(row))})"  # noqa: S608  # a table of ours
