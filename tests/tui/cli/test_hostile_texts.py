"""Texts of files, and what was typed: shown with codes, repeated in part, and orders nothing."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from microgpt import Graph, Value, scope
from microgpt.debugger.verbs import VERBS
from microgpt.runs.schema import checksum
from tests.tui.cli.command import TINY_MODEL, assert_error
from tests.tui.cli.in_process import run_here
from tests.tui.debugger.test_hostile_texts import PROGRAM

HOSTILE = "\x1b[31m\tx\x9b31m\u202e\x07"
ESCAPED = r"\x1b[31m\tx\x9b31m\u202e\x07"
DIGITS = "1" * 5_000
"""Python reads no whole number of so many."""
LONGEST_LINE = 700
"""What was typed is repeated once or twice, as at most a line."""


def assert_shown(result: CompletedProcess[str], *written: str) -> None:
    """Nothing but lines of what can be seen, with these among them."""
    for line in (result.stdout + result.stderr).split("\n"):
        assert line.isprintable(), line
    for text in written:
        assert text in result.stdout + result.stderr, result
    assert "Traceback" not in result.stderr


@pytest.fixture
def hostile_corpus(tmp_path: Path) -> Path:
    path = tmp_path / f"co{HOSTILE}.txt"
    path.write_text(f"em{HOSTILE}\nav{HOSTILE}a\n", encoding="utf-8")
    return path


def test_corpora_and_documents(hostile_corpus: Path, tmp_path: Path) -> None:
    model = (*TINY_MODEL, "--block-size", "20", "--data", hostile_corpus)
    assert_shown(run_here("corpora", "--data", hostile_corpus), "\\x1b")
    verbs = ("where", "goto end", "where", "why layer0.mlp_fc1[0][0]", "print pos3/loss")
    result = run_here("debug", f"em{HOSTILE}", *model, *(w for v in verbs for w in ("-c", v)))
    assert_shown(result, r"\x1b", "softmax p6(m)")
    assert_shown(run_here("map", f"em{HOSTILE}", *model), ESCAPED)
    assert_error(run_here("debug", f"{HOSTILE}!", *model), r"'\x1b[31m\tx\x9b31m\u202e\x07!'")
    picture = tmp_path / f"{HOSTILE}.svg"
    assert_shown(run_here("map", f"em{HOSTILE}", *model, "-o", picture), ESCAPED)
    assert r"\x9b" in picture.read_text(encoding="utf-8")


def test_samples_are_exact_where_nobody_sees_them(hostile_corpus: Path) -> None:
    result = run_here(
        "sample", *TINY_MODEL, "--data", hostile_corpus, "--train", "2", "--count", "9"
    )
    assert any(char in result.stdout for char in HOSTILE)


def test_run_files(hostile_corpus: Path, tmp_path: Path) -> None:
    path = tmp_path / f"r{HOSTILE}.run"
    small = (*TINY_MODEL, "--steps", "2", "--samples", "1", "--quiet")
    assert run_here("train", *small, "--data", hostile_corpus, "--run", path).returncode == 0
    for more in ((), ("--verify",), ("--copy", tmp_path / f"{HOSTILE}.run")):
        assert_shown(run_here("runs", path, *more), ESCAPED)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE run SET microgpt = ?, created = ?", (HOSTILE, HOSTILE))
        *row, _ = connection.execute("SELECT * FROM run").fetchone()
        digest = checksum(row[0], "run", *row)
        connection.execute("UPDATE run SET checksum = ?", (digest,))
    for more in ((), ("--verify",), ("--salvage", tmp_path / "out.run")):
        assert_shown(run_here("runs", path, *more))
    for command in (("train", "--resume", path), ("sample", "--run", path)):
        result = run_here(*command)
        assert "Traceback" not in result.stderr


def test_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f"p{HOSTILE}.py"
    path.write_text(
        PROGRAM.replace("    print(", "    (").replace("grad += local", "grad = local"),
        encoding="utf-8",
    )
    verbs = [word for verb in ("where", "list #4", "print #0", "diagnose", "why #0", "run")
             for word in ("-c", verb)]  # fmt: skip
    assert_shown(run_here("debug", path, *verbs), ESCAPED)
    assert_shown(run_here("diagnose", path), ESCAPED)


def test_names_of_nodes_are_shown_with_codes_and_found_by_them() -> None:
    with scope("out\ter"):
        weight = Value(2.0, name=f"we{HOSTILE}ight")
        loss = weight * weight
    loss.backward()
    graph = Graph.from_value(loss)
    assert graph.name(0) == f"we{ESCAPED}ight"
    assert graph.find(f"we{ESCAPED}ight") == 0
    assert graph.scope(1) == r"out\ter"


# -- what was typed --------------------------------------------------------------------------------

FORMS = (
    DIGITS, f"#{DIGITS}", f"#1 = {DIGITS}", f"grad > {DIGITS}", f"a[{DIGITS}]", f"{DIGITS}.5",
    "1_" * 3_000, "٣" * 5_000, f"pos{DIGITS}/loss", "x" * 5_000, "x y " * 2_000,
    f"name == '{'x' * 900}'", f"name ~ '{'(' * 900}'", "#" + "1" * 900, HOSTILE,
)  # fmt: skip


def test_no_verb_repeats_more_than_a_line(corpus: Path, tmp_path: Path) -> None:
    lines = [f"{verb.name} {form}" for verb in VERBS if verb.name != "quit" for form in FORMS]
    script = tmp_path / "verbs.txt"
    script.write_text("\n".join(lines), encoding="utf-8")
    result = run_here("debug", "emma", *TINY_MODEL, "--data", corpus, "--script", script)
    assert result.returncode == 2
    assert_shown(result)
    assert max(map(len, (result.stdout + result.stderr).splitlines())) < LONGEST_LINE
    assert result.stdout.count("(microgpt) ") == len(lines)


NUMBERS = (
    ("train", "--steps"), ("train", "--lr"), ("train", "--seed"), ("train", "--n-embd"),
    ("train", "--beta1"), ("train", "--samples"), ("train", "--temperature"),
    ("train", "--stop-after"), ("sample", "--count"), ("sample", "--train"), ("sample", "--step"),
    ("graph", "emma", "--depth"), ("graph", "emma", "--node"), ("graph", "emma", "--hops"),
    ("graph", "emma", "--open"), ("map", "emma", "--steps"), ("map", "emma", "--why"),
    ("map", "emma", "--lens"), ("map", "emma", "--change"), ("map", "emma", "--columns"),
    ("debug", "emma", "--train"), ("debug", "x.py", "--pass"), ("debug", "x.py", "--when"),
    ("diagnose", "x.py", "--passes"), ("attention", "emma", "--layer"), ("runs", "--verify"),
    ("nothing",),
)  # fmt: skip


@pytest.mark.parametrize("text", [DIGITS, "1," * 3_000, "x" * 3_000, f"-{DIGITS}", HOSTILE])
@pytest.mark.parametrize("words", NUMBERS, ids=" ".join)
def test_no_option_repeats_more_than_a_line(
    words: tuple[str, ...], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for typed in ((*words, text), (*words[:-1], f"{words[-1]}={text}")):
        result = run_here(*typed)
        first, *_ = result.stderr.splitlines()
        assert result.returncode == 2
        assert re.match("microgpt: error: ", first)
        assert len(first) < LONGEST_LINE
        assert_shown(result)
