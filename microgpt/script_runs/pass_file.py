"""The file of a script's passes: records one behind the other, each with a checksum of its own.

A column or a text that several passes have, such as who is whose operand, is stored once. Nothing
is ever changed, so a program that is killed leaves all but its last record.
"""

from __future__ import annotations

import hashlib
import json
import threading
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from microgpt.errors import RunFileError
from microgpt.files import kind_of
from microgpt.graph.debuggee import Stop
from microgpt.script_runs.graph_columns import FlatGraph
from microgpt.script_runs.update_columns import FlatUpdates

MAGIC = b"microgpt script run 1\n"
_BEGINS = MAGIC[: MAGIC.index(b"1")]
DIGEST = 20
"""Units: bytes, as all sizes here."""
_HEAD = 1 + 8 + DIGEST
_COLUMN, _TEXT, _PASS, _SCRIPT = b"C", b"T", b"P", b"S"
LARGEST_RECORD = 1 << 30
"""Unpacked, too."""


def is_pass_file(path: Path) -> bool:
    """Whether a file begins as one of these, of any version."""
    if kind_of(path):
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(_BEGINS)) == _BEGINS
    except (OSError, ValueError):
        return False


class PassWriter:
    """Writes passes to a new file."""

    def __init__(self, path: Path, script: str, arguments: list[str]) -> None:
        """Makes the file.

        Raises:
            RunFileError: there is one of that name already, or it cannot be made.
        """
        self.path, self.size, self.n_passes = path, 0, 0
        self._kept = set[bytes]()
        self._sources: dict[str, str | None] = {}
        try:
            self._file: BinaryIO = path.open("xb")
        except FileExistsError:
            raise RunFileError(
                f"{str(path)!r} is there already: a recording needs a new file"
            ) from None
        except (OSError, ValueError) as error:
            raise RunFileError(f"cannot make {str(path)!r}: {error}") from None
        self._write(MAGIC)
        self._record(_SCRIPT, _packed_json({"script": script, "arguments": arguments}))

    def close(self) -> None:
        """Ends the file."""
        self._file.close()

    def add(self, stop: Stop, most: int) -> bool:
        """Writes a pass, unless the file would be larger than so many bytes; whether it did.

        Raises:
            RunFileError: it cannot be written.
        """
        assert stop.graph is not None
        flat = FlatGraph.of(stop.graph)
        moved = FlatUpdates.of(stop.updates) if stop.updates is not None else None
        records, columns = list[tuple[bytes, bytes, bytes]](), dict[str, str]()
        for name, column in {**flat.columns, **(moved.columns if moved else {})}.items():
            raw = column.dtype.kind.encode() + np.ascontiguousarray(column).tobytes()
            columns[name] = self._once(_COLUMN, raw, records)
        about = self._once(_TEXT, json.dumps(flat.about).encode(), records)
        updates = ""
        if moved is not None:
            updates = self._once(_TEXT, json.dumps(moved.about).encode(), records)
        files = {}
        lines = [*stop.graph.source_lines, *(moved.about["places"] if moved else ())]
        for name in dict.fromkeys(file for file, _ in lines):
            if name not in self._sources:  # as it was when it ran: it may be edited meanwhile
                self._sources[name] = _source(name)
            if (text := self._sources[name]) is not None:
                files[name] = self._once(_TEXT, json.dumps(text).encode(), records)
        told = {
            "number": stop.number, "loss": repr(float(stop.loss)), "file": stop.file,
            "line": stop.line, "columns": columns, "about": about, "files": files,
            "updates": updates,
        }  # fmt: skip
        last = _packed_json(told)
        size = sum(_HEAD + len(packed) for _, _, packed in records) + _HEAD + len(last)
        if self.size + size > most:
            return False
        for kind, digest, packed in records:
            self._record(kind, packed, digest)
            self._kept.add(digest)
        self._record(_PASS, last)
        self._file.flush()
        self.n_passes += 1
        return True

    def _once(self, kind: bytes, raw: bytes, records: list[tuple[bytes, bytes, bytes]]) -> str:
        """Adds what is not in the file yet to the records to write; gives its digest."""
        digest = _digest(raw)
        if digest not in self._kept and all(digest != known for _, known, _ in records):
            records.append((kind, digest, zlib.compress(raw, 1)))
        return digest.hex()

    def _record(self, kind: bytes, packed: bytes, digest: bytes | None = None) -> None:
        checked = _digest(packed) if digest is None else digest
        self._write(kind + len(packed).to_bytes(8, "little") + checked + packed)

    def _write(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            raise RunFileError(f"cannot write {str(self.path)!r}: {error.strerror}") from error
        self.size += len(data)


@dataclass(frozen=True)
class StoredPass:
    """What is known of a pass before its graph is read."""

    number: int
    loss: float
    file: str
    line: int
    columns: Mapping[str, str]
    about: str
    files: Mapping[str, str]
    updates: str = ""  # of what was done before it, `""` if that is not known


class PassReader:
    """Reads such a file as far as it is whole when it is opened."""

    def __init__(self, path: Path) -> None:
        """Looks through it.

        Raises:
            RunFileError: it is no such file, of another version, or damaged.
        """
        self.path = path
        self._places: dict[str, tuple[int, int]] = {}
        self._one_at_a_time = threading.Lock()  # a screen and its doctor read at once
        self.passes: list[StoredPass] = []
        self.script, self.arguments = "", list[str]()
        try:
            self._file = path.open("rb")
        except (OSError, ValueError) as error:
            raise RunFileError(f"cannot read {str(path)!r}: {error}") from None
        try:
            self._scan(self._file.read(len(MAGIC)))
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Lets the file go."""
        self._file.close()

    def _scan(self, begin_of_file: bytes) -> None:
        if begin_of_file != MAGIC:
            is_other = begin_of_file.startswith(_BEGINS)
            what = "of another version" if is_other else "no recording of a script"
            raise RunFileError(f"{str(self.path)!r} is {what}")
        size = self._file.seek(0, 2)
        at = len(MAGIC)
        while at + _HEAD <= size:
            self._file.seek(at)
            head = self._file.read(_HEAD)
            kind, length, digest = head[:1], int.from_bytes(head[1:9], "little"), head[9:]
            begin = at + _HEAD
            at = begin + length
            if at > size:
                return  # the last one is not whole: it is being written, or was never finished
            if kind in {_COLUMN, _TEXT}:
                self._places[digest.hex()] = (begin, length)
            elif kind in {_PASS, _SCRIPT}:
                self._take(kind, digest, self._read(begin, length))
            else:
                raise self._damaged("a record of no known kind")

    def _take(self, kind: bytes, digest: bytes, packed: bytes) -> None:
        if _digest(packed) != digest:
            raise self._damaged("a record has another checksum than it had")
        told = self._json(self._unpacked(packed))
        try:
            if kind == _SCRIPT:
                self.script, self.arguments = (
                    str(told["script"]),
                    [str(x) for x in told["arguments"]],
                )
                return
            stored = StoredPass(
                int(told["number"]), float(told["loss"]), str(told["file"]), int(told["line"]),
                _texts(told["columns"]), str(told["about"]), _texts(told["files"]),
                str(told.get("updates", "")),
            )  # fmt: skip
        except (TypeError, KeyError, ValueError, OverflowError):
            raise self._damaged("what is told of a pass is not whole") from None
        if stored.number <= (self.passes[-1].number if self.passes else 0):
            raise self._damaged("its passes are not in order")
        self.passes.append(stored)

    def flat(self, stored: StoredPass) -> FlatGraph:
        """A pass's graph, not put together yet.

        Raises:
            RunFileError: the file is damaged.
        """
        names = stored.columns.keys() - FlatUpdates.columns_among(stored.columns)
        return FlatGraph(self._columns(stored, names), self._told(stored.about))

    def flat_updates(self, stored: StoredPass) -> FlatUpdates | None:
        """What was done before a pass, not put together yet; None if that is not known.

        Raises:
            RunFileError: the file is damaged.
        """
        if not stored.updates:
            return None
        names = FlatUpdates.columns_among(stored.columns)
        return FlatUpdates(self._columns(stored, names), self._told(stored.updates))

    def _columns(self, stored: StoredPass, names: Collection[str]) -> dict[str, NDArray[Any]]:
        return {name: self._column(d) for name, d in stored.columns.items() if name in names}

    def _told(self, digest: str) -> dict[str, Any]:
        about = self._json(self._content(digest))
        if not isinstance(about, dict):
            raise self._damaged("what is told of a pass is not whole")
        return about

    def source(self, digest: str) -> str:
        """The text of a file."""
        return str(self._json(self._content(digest)))

    def _column(self, digest: str) -> NDArray[Any]:
        raw = self._content(digest)
        kind = {b"u": np.uint8, b"f": np.float64, b"i": np.int64}.get(raw[:1])
        if kind is None or (len(raw) - 1) % np.dtype(kind).itemsize:
            raise self._damaged("a column is not whole")
        return np.frombuffer(raw, kind, offset=1) if raw[1:2] else np.empty(0, kind)

    def _content(self, digest: str) -> bytes:
        if digest not in self._places:
            raise self._damaged("something that a pass is made of is not there")
        raw = self._unpacked(self._read(*self._places[digest]))
        if _digest(raw).hex() != digest:
            raise self._damaged("a record has another checksum than it had")
        return raw

    def _read(self, begin: int, length: int) -> bytes:
        if length > LARGEST_RECORD:
            raise self._damaged("a record is far too large")
        with self._one_at_a_time:
            self._file.seek(begin)
            return self._file.read(length)

    def _unpacked(self, packed: bytes) -> bytes:
        unpacking = zlib.decompressobj()
        try:
            raw = unpacking.decompress(packed, LARGEST_RECORD)
        except zlib.error:
            raise self._damaged("a record cannot be unpacked") from None
        if not unpacking.eof:
            raise self._damaged("a record cannot be unpacked")
        return raw

    def _json(self, text: bytes) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise self._damaged("a record is no JSON") from None

    def _damaged(self, why: str) -> RunFileError:
        return RunFileError(f"{str(self.path)!r} is damaged: {why}")


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=DIGEST).digest()


def _packed_json(told: Mapping[str, Any]) -> bytes:
    return zlib.compress(json.dumps(told).encode())


def _texts(told: Any) -> dict[str, str]:
    """Raises `TypeError` if it is anything but texts by name."""
    if not isinstance(told, dict) or not all(isinstance(text, str) for text in told.values()):
        raise TypeError
    return told


def _source(file: str) -> str | None:
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return None
