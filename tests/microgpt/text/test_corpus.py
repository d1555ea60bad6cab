"""Corpora: how a file becomes documents, and what is said when it cannot."""

from __future__ import annotations

import re
import runpy
import shutil
import statistics
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import Corpus, CorpusSummary, InputError, Tokenizer, built_in_corpora, load_corpus
from microgpt.errors import NotFetchedError
from microgpt.text import corpus
from microgpt.text.corpus import corpus_names, original_path
from tests.tui.cli.in_process import run_here

CORPORA = Path(str(resources.files("microgpt.text"))) / "corpora"
LOWER_CASE = set("abcdefghijklmnopqrstuvwxyz")


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
    with pytest.raises(InputError, match=r"cannot read corpus .*: it is a folder, not a file$"):
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
    with pytest.raises(InputError) as caught:
        load_corpus(spec)
    assert str(caught.value) == (
        f"no corpus '{spec}'; there is cities, names, verse, words, original, and a file is given "
        f"with its folder or suffix, as ./{spec or 'FILE'}"
    )


# -- the original ----------------------------------------------------------------------------------


def test_the_original_is_a_name_but_not_built_in() -> None:
    assert corpus_names() == (*built_in_corpora(), "original")
    assert "original" not in built_in_corpora()


def test_an_original_that_was_never_fetched(cache: Path) -> None:
    with pytest.raises(NotFetchedError) as caught:
        load_corpus("original")
    assert str(caught.value) == (
        "corpus 'original' has not been fetched; `microgpt corpora fetch` gets it"
    )
    cache.parent.write_text("a file where a folder should be")
    with pytest.raises(NotFetchedError):
        load_corpus("original")


def test_an_original_that_was_fetched(cache: Path) -> None:
    cache.mkdir(parents=True)
    assert original_path() == cache / "original.txt"
    original_path().write_text("emma\nava\n")
    assert load_corpus("original") == Corpus("original", ("emma", "ava"))


def test_an_original_that_cannot_be_used(cache: Path) -> None:
    original_path().mkdir(parents=True)
    with pytest.raises(
        InputError, match=rf"cannot read corpus '{cache}/original.txt': it is a folder"
    ):
        load_corpus("original")
    original_path().rmdir()
    original_path().write_bytes(b"zo\xe9")
    with pytest.raises(InputError, match="corpus 'original' is not UTF-8"):
        load_corpus("original")


# -- what a corpus consists of ---------------------------------------------------------------------


def test_a_summary() -> None:
    assert CorpusSummary.of(Corpus("mine", ("éva", "ava li", "mia", "é"))) == CorpusSummary(
        num_documents=4, alphabet=" ailmvé", shortest=1, quartiles=(2.5, 3.0, 3.75), longest=6
    )


def test_a_single_document_is_every_quartile() -> None:
    summary = CorpusSummary.of(Corpus("mine", ("emma",)))
    assert (summary.shortest, *summary.quartiles, summary.longest) == (4, 4.0, 4.0, 4.0, 4)


@given(st.lists(st.integers(1, 60), min_size=2, max_size=40))
def test_quartiles_are_the_inclusive_ones(lengths: list[int]) -> None:
    summary = CorpusSummary.of(Corpus("mine", tuple("a" * length for length in lengths)))
    assert list(summary.quartiles) == statistics.quantiles(lengths, method="inclusive")
    assert (summary.shortest, summary.longest) == (min(lengths), max(lengths))


@given(st.lists(st.text(min_size=1), min_size=1))
def test_the_alphabet_is_the_tokenizers(documents: list[str]) -> None:
    summary = CorpusSummary.of(Corpus("mine", tuple(documents)))
    assert summary.alphabet == Tokenizer.of(documents).chars


def test_no_summary_of_nothing() -> None:
    with pytest.raises(InputError, match="corpus 'mine' holds no document"):
        CorpusSummary.of(Corpus("mine", ()))


# -- the built-in ones -----------------------------------------------------------------------------


def test_built_in_names() -> None:
    assert built_in_corpora() == ("cities", "names", "verse", "words")
    corpus = load_corpus()
    assert (corpus.name, len(corpus.documents)) == ("names", 8000)
    assert set("".join(corpus.documents)) == LOWER_CASE
    assert len(set(corpus.documents)) == 8000
    assert "emma" in corpus.documents
    assert max(map(len, corpus.documents)) < 16  # each fits the default block with its BOS


def test_built_in_cities() -> None:
    cities = load_corpus("cities").documents
    assert len(set(cities)) == len(cities)
    assert set("".join(cities)) == LOWER_CASE | set(" '-")
    assert {"sao paulo", "xi'an", "ulan-ude", "new york city"} <= set(cities)
    assert all(city[0] in LOWER_CASE for city in cities)
    assert cities.index("shanghai") < cities.index("lyon") < cities.index("oxford")


def test_built_in_words() -> None:
    words = load_corpus("words").documents
    assert list(words) == sorted(set(words))
    assert set("".join(words)) == LOWER_CASE
    assert {"the", "color", "computer"} <= set(words)


def test_built_in_verse() -> None:
    verse = load_corpus("verse").documents
    assert verse[0] == "from fairest creatures we desire increase,"
    assert verse[-1] == "and new pervert a reconciled maid.'"
    assert set("".join(verse)) == LOWER_CASE | set(" !'(),-.:;?")
    assert "in a mutual flame from hence." in verse
    assert "a lily pale, with damask die to grace her," in verse
    sonnets = verse.index("did not the heavenly rhetoric of thine eye,")
    assert sonnets == 154 * 14 + 1 - 2  # one has a line more, one has two less
    for line in verse:
        assert not re.fullmatch(r"[ivxlc]+\.?|threnos\.|.*  .*", line)
        assert not re.search(r"\b(gutenberg|shakespeare|the end|finis|etext)\b", line)


@pytest.mark.parametrize("name", ["cities", "names", "verse", "words"])
def test_a_built_in_corpus_is_ascii_one_stripped_document_a_line(name: str) -> None:
    raw = (CORPORA / f"{name}.txt").read_bytes()
    documents = load_corpus(name).documents
    assert raw == "".join(f"{document}\n" for document in documents).encode("ascii")
    assert raw == raw.lower()


def test_the_readmes_table_counts_the_documents() -> None:
    readme = (CORPORA / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)\.txt` \| ([\d,]+) \|", readme, re.MULTILINE)
    assert {name: int(count.replace(",", "")) for name, count in rows} == {
        name: len(load_corpus(name).documents) for name in built_in_corpora()
    }


def test_the_built_in_corpora_stay_small() -> None:
    assert sum(path.stat().st_size for path in CORPORA.glob("*.txt")) < 300_000


def test_the_notices_of_the_words_are_beside_them() -> None:
    readme = (CORPORA / "README.md").read_text(encoding="utf-8")
    for holder in ("2000-2018 by Kevin Atkinson", "1993, Geoff Kuenning", "2016 by Benjamin Titze"):
        assert f"\n  Copyright {holder}" in readme
    assert "CC BY 4.0" in readme


def test_a_new_corpus_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "corpora"
    shutil.copytree(CORPORA, copy)
    (copy / "rivers.txt").write_text("nile\nama zon\n", encoding="utf-8")
    monkeypatch.setattr(corpus, "corpora_folder", lambda: copy)
    assert built_in_corpora() == ("cities", "names", "rivers", "verse", "words")
    assert load_corpus("rivers") == Corpus("rivers", ("nile", "ama zon"))
    table = run_here("corpora").stdout.splitlines()
    row = next(place for place, line in enumerate(table) if line.startswith("rivers "))
    assert table[row].split() == ["rivers", "2", "4", "4.75", "5.5", "6.25", "7", "9"]
    assert table[row + 1] == "  ␣aeilmnoz"
    assert run_here("train", "--data", "rivers", "--steps", "1", "--quiet").returncode == 0


def test_every_corpus_says_how_it_is_made() -> None:
    made = runpy.run_path(str(CORPORA / "make_corpora.py"))["CORPORA"]
    assert {function.__name__ for function in made} == set(built_in_corpora())
    described = (CORPORA / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)\.txt`", described, re.MULTILINE)) == set(built_in_corpora())
