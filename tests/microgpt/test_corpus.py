"""Corpora: how a file becomes documents, and what is said when it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from microgpt import InputError, built_in_corpora, load_corpus


def load_bytes(folder: Path, raw: bytes) -> tuple[str, ...]:
    path = folder / "corpus.txt"
    path.write_bytes(raw)
    return load_corpus(str(path)).documents


@pytest.mark.parametrize(
    ("raw", "documents"),
    [
        (b"emma\nava\n", ("emma", "ava")),
        (b"emma\nava", ("emma", "ava")),
        (b"ava\nemma\nava\n", ("ava", "emma", "ava")),
        (b"  emma \n\n \t\nava lee\n", ("emma", "ava lee")),
        (b"emma\r\nava\r\n", ("emma", "ava")),
        (b"\xef\xbb\xbfemma\n", ("emma",)),
        ("zoë\n明\n".encode(), ("zoë", "明")),
        (b"em\x0cma\x0b\x1c\na\n", ("em\x0cma", "a")),
        ("a\u2028b\x85c\rd\n".encode(), ("a\u2028b\x85c\rd",)),
    ],
    ids=[
        "lines", "no last newline", "order and repeats stay", "stripped, blank ones dropped",
        "crlf", "byte order mark", "not ascii", "form feeds do not split",
        "other separators do not split",
    ],
)  # fmt: skip
def test_documents(tmp_path: Path, raw: bytes, documents: tuple[str, ...]) -> None:
    assert load_bytes(tmp_path, raw) == documents


@pytest.mark.parametrize("raw", [b"", b"\n", b" \r\n\t\n\n", b"\xef\xbb\xbf"])
def test_empty(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(InputError, match=r"corpus '.*corpus\.txt' holds no document"):
        load_bytes(tmp_path, raw)


def test_not_utf8_names_the_byte_and_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"corpus\.txt' is not UTF-8: byte 0xe9 on line 3$"):
        load_bytes(tmp_path, b"emma\nava\nzo\xe9\n")


def test_utf16_is_not_utf8(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="byte 0xff on line 1"):
        load_bytes(tmp_path, "emma".encode("utf-16"))


def test_missing_file(tmp_path: Path) -> None:
    path = str(tmp_path / "none.txt")
    with pytest.raises(InputError) as caught:
        load_corpus(path)
    assert str(caught.value) == f"cannot read corpus {path!r}: No such file or directory"


def test_directory(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read corpus .*: Is a directory$"):
        load_corpus(str(tmp_path))


def test_a_suffix_makes_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "names.txt").write_text("zed\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert load_corpus("names.txt").documents == ("zed",)
    assert len(load_corpus("names").documents) > 1


def test_a_slash_makes_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "names").write_text("zed\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert load_corpus("./names").documents == ("zed",)


@pytest.mark.parametrize("spec", ["nams", "Names", ""])
def test_unknown_name_lists_what_there_is(spec: str) -> None:
    with pytest.raises(InputError, match=rf"no built-in corpus '{spec}'; there is .*\bnames\b"):
        load_corpus(spec)


def test_built_in_names() -> None:
    assert "names" in built_in_corpora()
    corpus = load_corpus()
    assert (corpus.name, len(corpus.documents)) == ("names", 8000)
    assert set("".join(corpus.documents)) == set("abcdefghijklmnopqrstuvwxyz")
    assert len(set(corpus.documents)) == 8000
    assert "emma" in corpus.documents
    assert max(map(len, corpus.documents)) < 16  # each fits the default block with its BOS


def test_every_built_in_corpus_loads() -> None:
    assert all(load_corpus(name).documents for name in built_in_corpora())
