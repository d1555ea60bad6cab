"""Bad input to `microgpt train`: one line that names it, status 2, and nothing half-written."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.tui.cli.command import TINY_MODEL, assert_error, microgpt

BAD_OPTIONS = [
    (["--steps", "0"], "--steps 0: must be at least 1"),
    (["--steps=-3"], "--steps -3: must be at least 1"),
    (["--steps", "x"], "--steps x: must be a whole number, at least 1"),
    (["--steps", "1.5"], "--steps 1.5: must be a whole number, at least 1"),
    (["--lr", "nan"], "--lr nan: must be finite and 0 or more"),
    (["--lr", "-1"], "--lr -1: must be finite and 0 or more"),
    (["--lr", "-1e-5"], "--lr -1e-5: must be finite and 0 or more"),
    (["--lr", "-inf"], "--lr -inf: must be finite and 0 or more"),
    (["--lr", "fast"], "--lr fast: must be a number, finite and 0 or more"),
    (["--beta1", "1"], "--beta1 1: must be at least 0 and less than 1"),
    (["--beta2", "-0.1"], "--beta2 -0.1: must be at least 0 and less than 1"),
    (["--seed", "1.0"], "--seed 1.0: must be a whole number"),
    (["--seed"], "--seed: expected one argument"),
    (["--n-embd", "0"], "--n-embd 0: must be at least 1"),
    (["--n-head", "-1"], "--n-head -1: must be at least 1"),
    (["--n-layer", "0"], "--n-layer 0: must be at least 1"),
    (["--block-size", "0"], "--block-size 0: must be at least 1"),
    (
        ["--n-embd", "10", "--n-head", "4"],
        "--n-embd 10 is not divisible by --n-head 4; --n-head can be 1, 2, 5, 10",
    ),
    (["--validation", "0"], "--validation 0: must be more than 0 and less than 1, a part"),
    (["--validation", "1.0"], "--validation 1.0: must be more than 0 and less than 1, a part"),
    (["--validation", "-0.5"], "--validation -0.5: must be more than 0 and less than 1, a part"),
    (["--validation", "-3"], "--validation -3: must be more than 0 and less than 1, a part"),
    (["--validation", "nan"], "--validation nan: must be more than 0 and less than 1, a part"),
    (["--validation", "much"], "--validation much: must be a number, more than 0 and less than 1"),
    (["--validation", "900"], "--validation 900: the corpus has"),
    (["--preset", "huge"], "--preset: invalid choice: 'huge' (choose from"),
    (["--temperature", "-1"], "--temperature -1: must be finite and 0 or more"),
    (["--temperature", "nan"], "--temperature nan: must be finite and 0 or more"),
    (["--samples", "-1"], "--samples -1: must be at least 0"),
    (["--stop-after", "0"], "--stop-after 0: must be at least 1"),
    (["--stop-after", "2000"], "--stop-after 2000: must be at most 1000, the length of the"),
    (["--steps", "7", "--stop-after", "8"], "--stop-after 8: must be at most 7"),
    (["--steps", "1\n2"], "--steps 1 2: must be a whole number"),
    (["--data", "nams"], "no corpus 'nams'; there is cities, names, verse, words, original, and"),
    (["--data", "./no/such.txt"], "cannot read corpus './no/such.txt': No such file"),
    (["--data", "./"], "cannot read corpus './': it is a folder"),
]


@pytest.mark.parametrize(("options", "words"), BAD_OPTIONS, ids=lambda case: repr(case)[:40])
def test_bad_options(options: list[str], words: str, corpus: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    result = microgpt("train", "--data", corpus, "--log", log, *options)
    assert_error(result, words)
    assert result.stdout == ""
    assert not log.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no document"),
        (b" \n\t\n\n", "holds no document"),
        (b"emma\nJos\xe9\n", "is not UTF-8: byte 0xe9 on line 2"),
    ],
)
def test_bad_corpora(content: bytes, words: str, tmp_path: Path) -> None:
    corpus, log = tmp_path / "corpus.txt", tmp_path / "log.jsonl"
    corpus.write_bytes(content)
    log.write_text("of an earlier run\n")
    result = microgpt("train", "--data", corpus, "--log", log)
    assert_error(result, repr(str(corpus)), words)
    assert result.stdout == ""
    assert log.read_text() == "of an earlier run\n"


def test_a_log_in_no_folder(corpus: Path, tmp_path: Path) -> None:
    log = tmp_path / "missing" / "log.jsonl"
    result = microgpt("train", "--data", corpus, "--log", log)
    assert_error(result, f"cannot write log {str(log)!r}: No such file or directory")
    assert result.stdout == ""
    assert not log.parent.exists()


def test_a_log_that_is_a_folder(corpus: Path, tmp_path: Path) -> None:
    result = microgpt("train", "--data", corpus, "--log", tmp_path)
    assert_error(result, f"cannot write log {str(tmp_path)!r}: it is a folder")
    assert result.stdout == ""


def test_a_log_below_a_file(corpus: Path) -> None:
    result = microgpt("train", "--data", corpus, "--log", corpus / "log.jsonl")
    assert_error(result, f"cannot write log {str(corpus / 'log.jsonl')!r}: Not a directory")
    assert result.stdout == ""


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_log_that_may_not_be_written(corpus: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text("kept\n")
    log.chmod(0o444)
    result = microgpt("train", "--data", corpus, "--log", log)
    assert_error(result, f"cannot write log {str(log)!r}: Permission denied")
    assert log.read_text() == "kept\n"


def test_a_log_that_is_the_corpus(corpus: Path) -> None:
    before = corpus.read_bytes()
    result = microgpt("train", "--data", corpus, "--log", corpus)
    assert_error(result, f"cannot write log {str(corpus)!r}: it is the corpus")
    assert corpus.read_bytes() == before


@pytest.mark.parametrize(
    ("lr", "words"),
    [("1e9", "log(0.0) has no finite real value"), ("1e200", "loss")],
)
def test_training_that_diverges_names_the_step(
    lr: str, words: str, corpus: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log.jsonl"
    result = microgpt("train", "--data", corpus, *TINY_MODEL, "--lr", lr, "--log", log)
    lines = log.read_text(encoding="utf-8").splitlines()
    assert_error(result, f"step {len(lines) + 1}: ", words)
    assert lines
    assert [json.loads(line)["step"] for line in lines] == list(range(1, len(lines) + 1))
    assert result.stdout.count("step ") == len(lines)
    assert "sample" not in result.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ["--lr", "1.7e308", "--seed", "1", "--stop-after", "1"],
            "sample 1, after step 1: the ",
        ),
        (
            ["--temperature", "1e-320", "--stop-after", "1"],
            "sample 1, after step 1: division by 1e-320",
        ),
        (
            ["--lr", "1e200", "--seed", "0", "--stop-after", "2", "--temperature", "0"],
            "step 2: gradient nan of ",
        ),
    ],
)
def test_samples_that_cannot_be_drawn(options: list[str], words: str, corpus: Path) -> None:
    result = microgpt("train", "--data", corpus, *TINY_MODEL, *options)
    assert_error(result, words)
    assert "sample" not in result.stdout
