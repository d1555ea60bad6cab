"""Run files made to do harm, of a dozen kinds."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from microgpt.runs.schema import checksum

Craft = Callable[[Path, random.Random], None]


def _sql(path: Path, *statements: str, values: tuple[object, ...] = ()) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement, values if "?" in statement else ())


def _resealed(path: Path) -> None:
    """Gives every row of a file the checksum that it would have, as far as it can have one."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        run_id = str(connection.execute("SELECT id FROM run").fetchone()[0])
        counts = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("document", "keyframe", "sample", "validation")
        ]
        connection.execute(
            "UPDATE seal SET documents = ?, keyframes = ?, samples = ?, validations = ?", counts
        )
        for table in ("run", "document", "step", "sample", "validation", "seal"):
            for rowid, *row in connection.execute(f"SELECT rowid, * FROM {table}").fetchall():
                with suppress(TypeError):
                    connection.execute(
                        f"UPDATE {table} SET checksum = ? WHERE rowid = ?",
                        (checksum(run_id, table, *row[:-1]), rowid),
                    )
        for step, *columns, _ in connection.execute("SELECT * FROM keyframe").fetchall():
            digest = hashlib.sha256(str(step).encode())
            for column in columns:
                digest.update(column if isinstance(column, bytes) else str(column).encode())
            connection.execute(
                "UPDATE keyframe SET checksum = ? WHERE step = ?", (digest.digest(), step)
            )


ODD: tuple[Any, ...] = (
    0, -1, 1, 2**31, 2**53, 2**62, 10**18, 1.5, 1e308, -1e308, float("inf"), "", "1", "x" * 100_000,
    "\x1b[2J", "[" * 50_000, b"", b"\xff\xfe", bytes(100_000), None,
)  # fmt: skip


def _odd_value(path: Path, rng: random.Random) -> None:
    table, column = rng.choice((
        *(("run", name) for name in
          ("id", "created", "microgpt", "corpus", "fingerprint", "num_documents", "chars", "model",
           "training", "parent_id", "parent_step")),
        ("document", "place"), ("document", "text"), ("step", "step"), ("step", "loss"),
        ("step", "lr"), ("keyframe", "step"), ("keyframe", "data"), ("keyframe", "m"),
        ("keyframe", "v"), ("keyframe", "rng"), ("sample", "step"), ("sample", "number"),
        ("sample", "temperature"), ("sample", "text"), ("seal", "last_step"), ("seal", "asked"),
        ("seal", "temperature"), ("seal", "samples"), ("seal", "validations"),
        ("validation", "step"), ("validation", "loss"),
    ))  # fmt: skip
    value = rng.choice(ODD)
    where = rng.choice(("", f" WHERE rowid = {rng.randint(0, 8)}"))
    with suppress(sqlite3.Error):  # some cannot be there
        _sql(path, f"UPDATE OR REPLACE {table} SET {column} = ?{where}", values=(value,))
    _resealed(path)


def _no_utf8(path: Path, rng: random.Random) -> None:
    table, column = rng.choice((
        ("run", "id"), ("run", "corpus"), ("run", "model"), ("run", "chars"), ("document", "text"),
        ("sample", "text"),
    ))  # fmt: skip
    _sql(path, f"UPDATE {table} SET {column} = CAST(x'ff80fe' AS TEXT)")
    if rng.random() < 0.5:
        _resealed(path)


def _odd_config(path: Path, rng: random.Random) -> None:
    column = rng.choice(("model", "training"))
    with closing(sqlite3.connect(path)) as connection:
        config = json.loads(connection.execute(f"SELECT {column} FROM run").fetchone()[0])
    name = rng.choice(list(config))
    odd = (
        0, -1, 10**9, 10**18, 10**400, 1.0, 0.5, 1e308, True, None, "4", [4], {}, float("nan"),
        float("inf"), -0.0, 10**9 - 1,
    )  # fmt: skip
    kind = rng.random()
    if kind < 0.7:
        config[name] = rng.choice(odd)
    elif kind < 0.8:
        del config[name]
    elif kind < 0.9:
        config["more"] = 1
    text = json.dumps(config)
    if kind >= 0.9:
        text = rng.choice(("[" * 100_000, "{}", "[]", "1" * 5_000, text[:-1], f"[{text}]", "null"))
    _sql(path, f"UPDATE run SET {column} = ?", values=(text,))
    _resealed(path)


def _odd_corpus(path: Path, rng: random.Random) -> None:
    pipe = path.with_name("pipe")
    if not pipe.exists():
        os.mkfifo(pipe)
    loop = path.with_name("loop.txt")
    if not loop.is_symlink():
        loop.symlink_to(loop)
    places = (
        str(pipe), "/dev/zero", "/dev/random", "/dev/tty", str(path.parent), "", "./", "a/" * 900,
        "/proc/self/mem", str(loop), "x" * 500 + ".txt", "a\0b/", str(path),
    )  # fmt: skip
    _sql(path, "UPDATE run SET corpus = ?", values=(rng.choice(places),))
    _resealed(path)


def _odd_generator(path: Path, rng: random.Random) -> None:
    with closing(sqlite3.connect(path)) as connection:
        version, numbers, following = json.loads(
            connection.execute("SELECT rng FROM keyframe").fetchone()[0]
        )
    states = (
        [version, numbers[:-1], following], [version, [*numbers, 1], following],
        [version, [-1, *numbers[1:]], following], [version, [2 ** 32, *numbers[1:]], following],
        [version, [*numbers[:-1], 625], following], [version, [*numbers[:-1], -1], following],
        [2, numbers, following], [version, numbers, "x"], [version, numbers, float("nan")],
        [version, [1.5] * 625, None], [version, ["1"] * 625, None], [version, {}, None],
        [version, [0] * 625, None], {}, [], 5, None, [version, numbers, 10**400],
    )  # fmt: skip
    texts = [json.dumps(state) for state in states]
    content = rng.choice(
        (*texts, "[" * 100_000, "\ud800".encode("utf-8", "surrogatepass"), b"\xff")
    )
    _sql(path, "UPDATE keyframe SET rng = ?", values=(_as_bytes(content),))
    _resealed(path)


def _as_bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _odd_state(path: Path, rng: random.Random) -> None:
    column = rng.choice(("data", "m", "v"))
    size = rng.choice((0, 7, 8, 800, 80_000))
    rng.choice(("zeroblob(?)", "CAST(substr(data, 1, 0) || zeroblob(?) AS BLOB)"))
    fill = rng.choice((b"\x00", b"\xff", b"\x7f", b"\xfe"))
    if rng.random() < 0.5:
        _sql(path, f"UPDATE keyframe SET {column} = zeroblob(?)", values=(size,))
    else:
        with closing(sqlite3.connect(path)) as connection:
            ((length,),) = connection.execute(
                "SELECT length(data) FROM keyframe LIMIT 1"
            ).fetchall()
        _sql(path, f"UPDATE keyframe SET {column} = ?", values=(fill * length,))
    _resealed(path)


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i"
"""What would be asked of it, and from where, follows."""
SCHEMAS = (
    ("ALTER TABLE step RENAME TO s", f"CREATE VIEW step AS {ENDLESS}, 1.0, 1.0, x'00' FROM n"),
    ("ALTER TABLE run RENAME TO r", "CREATE VIEW run AS SELECT * FROM r"),
    ("ALTER TABLE seal RENAME TO s", f"CREATE VIEW seal AS {ENDLESS} AS id FROM n"),
    ("CREATE TRIGGER t AFTER INSERT ON step BEGIN DELETE FROM keyframe; END",),
    (f"CREATE TRIGGER t AFTER INSERT ON keyframe BEGIN {ENDLESS}, 1, 1, x'' FROM n; END",),
    ("CREATE TABLE more (a)",),
    ("CREATE VIEW more AS SELECT 1",),
    ("CREATE INDEX i ON step (abs(loss))",),
    ("ALTER TABLE step ADD COLUMN more DEFAULT 1",),
    ("ALTER TABLE document ADD COLUMN more AS (upper(text))",),
    ("DROP TABLE sample",),
    ("DROP TABLE seal",),
    ("CREATE VIRTUAL TABLE f USING fts5(a)",),
    ("ANALYZE",),
)  # fmt: skip


def _odd_schema(path: Path, rng: random.Random) -> None:
    with suppress(sqlite3.Error):  # a SQLite without fts5, say
        _sql(path, *rng.choice(SCHEMAS))


def _odd_pages(path: Path, rng: random.Random) -> None:
    """Interior pages of a tree that lead to themselves and to each other."""
    content = bytearray(path.read_bytes())
    size = int.from_bytes(content[16:18], "big")
    count = len(content) // size
    for _ in range(rng.randint(1, 4)):
        page = rng.randrange(1, count)
        cells = rng.choice((1, 50, 300))
        header = bytes((rng.choice((5, 5, 2)), 0, 0)) + cells.to_bytes(2, "big")
        end = size - 16 * cells if 16 * cells + 2 * cells + 12 < size else size // 2
        header += end.to_bytes(2, "big") + b"\0" + rng.randint(1, count).to_bytes(4, "big")
        body = bytearray(size)
        body[: len(header)] = header
        for cell in range(min(cells, (size - end) // 16)):
            place = end + 16 * cell
            body[12 + 2 * cell : 14 + 2 * cell] = place.to_bytes(2, "big")
            body[place : place + 4] = rng.randint(1, count).to_bytes(4, "big")
            body[place + 4] = cell % 127
        content[page * size : (page + 1) * size] = body
    path.write_bytes(content)


def _odd_header(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(rng.randint(1, 3)):
        content[rng.randrange(16, 100)] = rng.choice((0, 1, 2, 3, 4, 127, 128, 255))
    path.write_bytes(content)


def _odd_neighbours(path: Path, rng: random.Random) -> None:
    """What SQLite looks for beside the file is something else."""
    beside = path.with_name(path.name + rng.choice(("-wal", "-journal", "-shm", "-writer")))
    kind = rng.randrange(4)
    if kind == 0:
        os.mkfifo(beside)
    elif kind == 1:
        beside.mkdir()
    elif kind == 2:
        beside.symlink_to("/dev/zero")
    else:
        beside.write_bytes(rng.randbytes(rng.choice((0, 32, 5_000))))
    if rng.random() < 0.5:
        content = bytearray(path.read_bytes())
        content[18:20] = b"\x02\x02"  # as if it were being written
        path.write_bytes(content)


def _no_file(path: Path, rng: random.Random) -> None:
    """Something else has its name."""
    header = path.read_bytes()[:100]
    path.unlink()
    kind = rng.randrange(6)
    if kind == 0:
        os.mkfifo(path)
    elif kind == 1:
        path.mkdir()
    elif kind == 2:
        path.symlink_to(rng.choice(("/dev/zero", "/dev/full", "/dev/random", path.name)))
    elif kind == 3:
        path.write_bytes(header)
    elif kind == 4:
        path.write_bytes(b"")
    else:
        path.write_bytes(header)
        os.truncate(path, 1 << 40)


def _large_documents(path: Path, rng: random.Random) -> None:
    _sql(
        path, "UPDATE document SET text = ?", values=("emma" * rng.choice((1, 10_000, 5_000_000)),)
    )
    _resealed(path)


CRAFTS: dict[str, Craft] = {
    "odd values": _odd_value,
    "no UTF-8": _no_utf8,
    "odd configurations": _odd_config,
    "odd corpora": _odd_corpus,
    "odd generators": _odd_generator,
    "odd states": _odd_state,
    "views, triggers, other tables": _odd_schema,
    "trees in circles": _odd_pages,
    "odd headers": _odd_header,
    "odd neighbours": _odd_neighbours,
    "something else than a file": _no_file,
    "large documents": _large_documents,
}


def crafted(whole: Path, folder: Path, seed: int) -> tuple[str, Path]:
    """A file made to do harm, in a folder of its own; and of which kind it is."""
    names = list(CRAFTS)
    name = names[seed % len(names)]
    place = folder / f"crafted-{seed}"
    place.mkdir()
    path = place / "crafted.run"
    shutil.copy(whole, path)
    CRAFTS[name](path, random.Random(seed))
    return name, path
