"""Fetching a corpus: what is taken, what is refused, and that a failure leaves all as it was."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from pathlib import Path

import pytest

from microgpt import InputError, load_corpus
from microgpt.text import fetching
from microgpt.text.fetching import FetchedCorpus, fetch_original
from tests.corpus_server import CONTENT, DOCUMENTS, CorpusServer

TIMEOUT = 0.5
AMPLE = 30.0
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NAMES = Path(__file__).parents[4] / "shared" / "data" / "names.txt"


def fetch(url: str, *, timeout: float = AMPLE, deadline: float = AMPLE) -> FetchedCorpus:
    return fetch_original(url, timeout=timeout, deadline=deadline)


def refusal(url: str, *, timeout: float = AMPLE, deadline: float = AMPLE) -> str:
    with pytest.raises(InputError) as caught:
        fetch(url, timeout=timeout, deadline=deadline)
    return str(caught.value)


@pytest.mark.parametrize("name", ["good", "unsized", "chunked", "left_open", "redirected"])
def test_what_arrives_is_the_original_from_then_on(
    name: str, server: CorpusServer, cache: Path
) -> None:
    fetched = fetch(server.url(name))
    assert fetched == FetchedCorpus(cache / "original.txt", len(DOCUMENTS), SHA256)
    assert not fetched.is_original
    assert fetched.path.read_bytes() == CONTENT
    assert [path.name for path in cache.iterdir()] == ["original.txt"]
    assert load_corpus("original").documents == DOCUMENTS


def test_a_second_fetch_replaces_the_first(server: CorpusServer, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "original.txt").write_text("of an earlier fetch\n")
    fetch(server.url("good"))
    assert load_corpus("original").documents == DOCUMENTS


@pytest.mark.parametrize(("name", "total"), [("good", len(CONTENT)), ("unsized", None)])
def test_progress_is_told(name: str, total: int | None, server: CorpusServer, cache: Path) -> None:
    told: list[tuple[int, int | None]] = []
    fetch_original(
        server.url(name),
        timeout=AMPLE,
        deadline=AMPLE,
        progress=lambda arrived, total: told.append((arrived, total)),
    )
    assert told[0] == (0, total)
    assert told[-1] == (len(CONTENT), total)
    assert told == sorted(told, key=lambda advance: advance[0])


REFUSED = [
    ("missing", "the server answers 404 Not Found"),
    ("nothing", "the server answers 204 No Content"),
    ("page", "it is an HTML page, not a text with one document a line"),
    ("page_as_text", "it is an HTML page, not a text with one document a line"),
    ("to_a_file", "the server answers 302 "),
    ("to_ftp", "unknown url type: ftp"),
    ("in_circles", "the server answers 302 "),
    ("cut", f"cut short, {len(CONTENT)} of 1,000 bytes arrived"),
    ("cut_chunked", f"cut short after {len(CONTENT)} bytes"),
    ("hung_up", "Remote end closed connection without response"),
    ("not_http", "the server does not speak HTTP: "),
    ("too_large", "1,000,000,000,000 bytes; at most 50,000,000 are taken"),
    ("with space", "not a valid address; a space in it is written %20"),
    ("é", "not a valid address; a space in it is written %20"),
]


@pytest.mark.parametrize(("name", "words"), REFUSED, ids=[name for name, _ in REFUSED])
def test_a_refusal_says_why_and_keeps_what_was_there(
    name: str, words: str, server: CorpusServer, cache: Path
) -> None:
    cache.mkdir(parents=True)
    (cache / "original.txt").write_text("of an earlier fetch\n")
    assert refusal(server.url(name)).startswith(f"cannot fetch {server.url(name)!r}: {words}")
    assert load_corpus("original").documents == ("of an earlier fetch",)
    assert [path.name for path in cache.iterdir()] == ["original.txt"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("latin_1", "is not UTF-8: byte 0xe9 on line 2"),
        ("empty", "holds no document: one a line is expected"),
    ],
)
def test_what_is_no_corpus(name: str, words: str, server: CorpusServer, cache: Path) -> None:
    assert refusal(server.url(name)) == f"corpus {server.url(name)!r} {words}"
    assert not cache.exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("silent", "nothing came for 0.5 s"),
        ("stalled", f"nothing came for 0.5 s after {len(CONTENT)} bytes"),
    ],
)
def test_a_server_that_falls_silent(
    name: str, words: str, server: CorpusServer, cache: Path
) -> None:
    began = time.monotonic()
    assert refusal(server.url(name), timeout=TIMEOUT).endswith(f": {words}")
    assert time.monotonic() - began < AMPLE / 2
    assert not cache.exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("dripping", r"not done after 0\.5 s, \d+ bytes have arrived$"),
        ("dripping_headers", r"not done after 0\.5 s, 0 bytes have arrived$"),
        ("silent", r"not done after 0\.5 s, 0 bytes have arrived$"),
    ],
)
def test_a_deadline_ends_what_never_falls_silent(
    name: str, words: str, server: CorpusServer, cache: Path
) -> None:
    began = time.monotonic()
    with pytest.raises(InputError, match=words):
        fetch(server.url(name), deadline=TIMEOUT)
    assert time.monotonic() - began < AMPLE / 2
    assert not cache.exists()


def test_the_thread_ends_once_nobody_waits(server: CorpusServer, cache: Path) -> None:
    receiving: set[threading.Thread] = set()

    def look_and_leave(*_: object) -> None:
        receiving.update(t for t in threading.enumerate() if "_receive" in t.name)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_original(
            server.url("dripping"), timeout=AMPLE, deadline=AMPLE, progress=look_and_leave
        )
    assert receiving
    for thread in receiving:
        thread.join(AMPLE)
        assert not thread.is_alive()


def test_too_much(server: CorpusServer, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MAX_BYTES", 1_000_000)
    assert refusal(server.url("endless")).endswith(": more than 1,000,000 bytes")
    assert not cache.exists()


def test_nobody_listens(cache: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}/names.txt"
    assert refusal(url) == f"cannot fetch {url!r}: Connection refused"
    assert not cache.exists()


@pytest.mark.parametrize(
    "url",
    [
        *("", "names.txt", "file:///etc/passwd", "ftp://127.0.0.1/a", "data:,emma"),
        *("http://", "http:///names.txt", "http://[::1/a", "http://127.0.0.1:http/a"),
    ],
)
def test_what_is_no_address_of_the_web(url: str, cache: Path) -> None:
    assert refusal(url) == (
        f"cannot fetch {url!r}: an address begins with http:// or https:// and a host's name"
    )


def test_the_users_proxy_is_asked(
    server: CorpusServer, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.address)
    assert fetch("http://names.invalid/names.txt").num_documents == len(DOCUMENTS)


# -- the original ----------------------------------------------------------------------------------


def test_from_its_own_address_only_the_original_is_taken(
    server: CorpusServer, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.url("good")
    monkeypatch.setattr(fetching, "ORIGINAL_URL", url)
    assert refusal(url) == (
        f"cannot fetch {url!r}: its sha256 is {SHA256}, the original's {fetching.ORIGINAL_SHA256}"
    )
    assert not cache.exists()
    monkeypatch.setattr(fetching, "ORIGINAL_SHA256", SHA256)
    assert fetch(url).is_original


@pytest.mark.skipif(not NAMES.exists(), reason="the original names.txt is not here")
def test_the_originals_sha256() -> None:
    assert hashlib.sha256(NAMES.read_bytes()).hexdigest() == fetching.ORIGINAL_SHA256


# -- the folder ------------------------------------------------------------------------------------


def test_a_file_where_the_folder_should_be(server: CorpusServer, cache: Path) -> None:
    cache.parent.mkdir()
    cache.write_text("in the way")
    assert refusal(server.url("good")) == f"cannot make folder {str(cache)!r}: File exists"
    assert cache.read_text() == "in the way"


def test_a_file_further_up(server: CorpusServer, cache: Path) -> None:
    cache.parent.write_text("in the way")
    assert refusal(server.url("good")) == f"cannot make folder {str(cache)!r}: Not a directory"


def test_a_folder_where_the_file_should_be(server: CorpusServer, cache: Path) -> None:
    (cache / "original.txt").mkdir(parents=True)
    assert refusal(server.url("good")).startswith(f"cannot write {str(cache / 'original.txt')!r}: ")
    assert [path.name for path in cache.iterdir()] == ["original.txt"]


def test_an_interrupt_leaves_nothing(
    server: CorpusServer, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_original(server.url("good"), timeout=AMPLE, deadline=AMPLE, progress=interrupted)
    assert not cache.exists()
    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch(server.url("good"))
    assert list(cache.iterdir()) == []


def test_a_defect_is_not_taken_for_a_bad_server(
    server: CorpusServer, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defect() -> None:
        raise KeyError("a defect")

    monkeypatch.setattr(fetching, "_opener", defect)
    with pytest.raises(KeyError, match="a defect"):
        fetch(server.url("good"))
