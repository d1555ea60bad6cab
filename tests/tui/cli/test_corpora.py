"""`microgpt corpora` and `microgpt corpora fetch`: the list, the fetch, and what each refuses."""

from __future__ import annotations

import hashlib
import shlex
import socket
from pathlib import Path

import pytest
from rich.cells import cell_len

from microgpt import CorpusSummary
from tests.corpus_server import CONTENT, CorpusServer
from tests.tui.cli.command import TINY_MODEL, assert_error, microgpt
from tests.tui.cli.in_process import run_here
from tui.cli.commands import corpora
from tui.cli.corpus_table import table
from tui.cli.main import command_parser

SHA256 = hashlib.sha256(CONTENT).hexdigest()
HEADINGS = "corpus    documents  shortest  q1  median  q3  longest  characters"
BUILT_IN = [
    "cities        4,000         2   6       8  10       34          29",
    "  ␣'-abcdefghijklmnopqrstuvwxyz",
    "names         8,000         2   5       6   7       13          26",
    "  abcdefghijklmnopqrstuvwxyz",
    "verse         2,740        20  39      42  45       66          37",
    "  ␣!'(),-.:;?abcdefghijklmnopqrstuvwxyz",
    "words         3,973         1   5       7   8       16          26",
    "  abcdefghijklmnopqrstuvwxyz",
]

pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def env(cache: Path) -> dict[str, str]:
    """For processes of their own, what `cache` sets for this one."""
    proxies = {f"{scheme}_proxy": "" for scheme in ("http", "https", "all")}
    return {"XDG_CACHE_HOME": str(cache.parent), **proxies}


# -- the list --------------------------------------------------------------------------------------


def test_the_list(env: dict[str, str]) -> None:
    result = microgpt("corpora", env=env)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        HEADINGS,
        *BUILT_IN,
        "original  not fetched: microgpt corpora fetch gets it",
    ]


def test_the_list_after_a_fetch(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "original.txt").write_text("emma\nava\nmia\nanna\nivo\n")
    assert run_here("corpora").stdout.splitlines() == [
        HEADINGS,
        *BUILT_IN,
        "original          5         3   3       3   4        4           7",
        "  aeimnov",
    ]


def test_a_corpus_of_your_own(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(corpus.parent)
    assert run_here("corpora", "--data", "corpus.txt").stdout.splitlines() == [
        "corpus      documents  shortest  q1  median   q3  longest  characters",
        "corpus.txt          4         3   3     3.5  4.5        6           8",
        "  ␣aeilmvé",
    ]


def test_the_built_in_corpora_by_name() -> None:
    for row, characters in zip(BUILT_IN[::2], BUILT_IN[1::2], strict=True):
        lines = run_here("corpora", "--data", row.split()[0]).stdout.splitlines()
        assert [line.split() for line in lines[1:]] == [row.split(), characters.split()]


@pytest.mark.parametrize(
    "alphabet",
    [
        "".join(map(chr, range(32, 127))),
        "".join(map(chr, range(0x4E00, 0x4F00))),
        "".join(map(chr, range(64))),
    ],
    ids=["ascii", "two cells each", "escapes"],
)
def test_a_long_alphabet_is_cut_to_the_width(alphabet: str) -> None:
    summary = CorpusSummary(2_000_000, alphabet, 1, (10.25, 120.5, 3000.75), 100_000)
    name = "./a/folder/with/a/long/name/and/below/that/another/corpus.txt"
    heading, row, characters = table({name: summary})
    assert max(map(cell_len, (heading, row, characters))) <= 80
    assert row.startswith("…")
    assert "corpus.txt  2,000,000  " in row
    assert row.endswith(f" {len(alphabet)}")
    assert cell_len(characters) >= 76
    assert characters.endswith("…")


def test_a_list_wider_than_the_width_comes_to_an_end() -> None:
    summary = CorpusSummary(10**30, "a", 10**30, (1e300, 1e300, 1e300), 10**30)
    assert table({"./a/long/name.txt": summary})[1].startswith("…e.txt ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--data", "nams"], "no corpus 'nams'; there is cities, names, verse, words, original, "),
        (["--data", "original"], "has not been fetched; `microgpt corpora fetch` gets it"),
        (["--data", "no/such.txt"], "cannot read corpus 'no/such.txt': No such file"),
        (["--data", "a.txt", "fetch"], "--data a.txt: cannot be combined with fetch"),
        (["feth"], "invalid choice: 'feth'"),
        (["fetch", "--data", "names"], "unrecognized arguments: --data names"),
    ],
)
def test_what_cannot_be_listed(arguments: list[str], words: str) -> None:
    result = run_here("corpora", *arguments)
    assert_error(result, words)
    assert result.stdout == ""


def test_training_on_what_was_not_fetched() -> None:
    assert_error(run_here("train", "--data", "original"), "corpus 'original' has not been fetched")


# -- the fetch -------------------------------------------------------------------------------------


def test_a_fetch_and_training_on_it(server: CorpusServer, cache: Path, env: dict[str, str]) -> None:
    result = microgpt("corpora", "fetch", "--url", server.url("good"), env=env)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"wrote {cache / 'original.txt'}",
        "documents: 4",
        f"sha256: {SHA256}",
        "same as the original: no",
    ]
    result = microgpt("train", "--data", "original", *TINY_MODEL, "--steps", "2", env=env)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("num docs: 4\nvocab size: 9\n")


def test_the_original_is_told_from_others(
    server: CorpusServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("microgpt.text.fetching.ORIGINAL_URL", server.url("good"))
    monkeypatch.setattr("microgpt.text.fetching.ORIGINAL_SHA256", SHA256)
    assert run_here("corpora", "fetch").stdout.endswith("\nsame as the original: yes\n")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing", "the server answers 404 Not Found"),
        ("page", "it is an HTML page"),
        ("latin_1", "is not UTF-8: byte 0xe9 on line 2"),
        ("cut", "cut short, 21 of 1,000 bytes arrived"),
        ("stalled", "nothing came for 0.5 s after 21 bytes"),
    ],
)
def test_a_fetch_that_fails(name: str, words: str, server: CorpusServer, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "original.txt").write_text("of an earlier fetch\n")
    timeout = "0.5" if name == "stalled" else "60"
    result = run_here("corpora", "fetch", "--url", server.url(name), "--timeout", timeout)
    assert_error(result, repr(server.url(name)), words)
    assert result.stdout == ""
    assert (cache / "original.txt").read_text() == "of an earlier fetch\n"
    assert [path.name for path in cache.iterdir()] == ["original.txt"]


def test_the_whole_may_take_ten_times_the_timeout(
    server: CorpusServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert corpora._TIMEOUTS_TO_DEADLINE == 10
    monkeypatch.setattr(corpora, "_TIMEOUTS_TO_DEADLINE", 0.01)
    result = run_here("corpora", "fetch", "--url", server.url("dripping"), "--timeout", "50")
    assert_error(result, "not done after 0.5 s, ")


def test_nobody_listens(cache: Path, env: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}/names.txt"
    result = microgpt("corpora", "fetch", "--url", url, env=env)
    assert_error(result, f"cannot fetch {url!r}: Connection refused")
    assert not cache.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--url", ""], "cannot fetch '': an address begins with http:// or https://"),
        (["--url", "names.txt"], "cannot fetch 'names.txt': an address begins with"),
        (["--timeout", "0"], "--timeout 0: must be more than 0 and at most 3600"),
        (["--timeout", "nan"], "--timeout nan: must be more than 0 and at most 3600"),
        (["--timeout", "1e9"], "--timeout 1e9: must be more than 0 and at most 3600"),
        (["--timeout", "soon"], "--timeout soon: must be a number, more than 0 and at most 3600"),
    ],
)
def test_bad_options(options: list[str], words: str, cache: Path) -> None:
    assert_error(run_here("corpora", "fetch", *options), words)
    assert not cache.exists()


def test_a_file_where_the_folder_should_be(server: CorpusServer, cache: Path) -> None:
    cache.parent.write_text("in the way")
    result = run_here("corpora", "fetch", "--url", server.url("good"))
    assert_error(result, f"cannot make folder {str(cache)!r}: Not a directory")


def test_the_help_of_fetch_has_examples_that_parse() -> None:
    text = run_here("corpora", "fetch", "--help").stdout
    assert all(len(line) < 80 for line in text.splitlines())
    examples = [line for line in text.splitlines() if line.startswith("  microgpt corpora fetch")]
    assert len(examples) == 2
    for example in examples:
        assert command_parser().parse_args(shlex.split(example)[1:]).run is corpora.run_fetch
