"""Fetching a corpus from the web into the user's cache folder, whole or not at all.

Whatever may hang (looking up a name, connecting, reading) happens in a thread of its own, so that
a deadline and Ctrl-C end a fetch wherever it is. Nothing is written before all has arrived and was
checked.
"""

from __future__ import annotations

import hashlib
import http.client
import queue
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from microgpt.errors import InputError
from microgpt.files import write_atomically
from microgpt.text.corpus import documents_in, original_path

ORIGINAL_URL = "https://raw.githubusercontent.com/karpathy/makemore/988aa59/names.txt"
ORIGINAL_SHA256 = "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d"

MAX_BYTES = 50_000_000

_BYTES_AT_ONCE = 16_384
_WAIT = 0.25  # seconds; Windows notices Ctrl-C only between two waits
_HTML_TYPES = {"text/html", "application/xhtml+xml"}
_HTML_BEGINS = (b"<!doctype html", b"<html")


@dataclass(frozen=True, slots=True)
class FetchedCorpus:
    """A corpus that arrived and was written."""

    path: Path  # in the cache folder
    num_documents: int
    sha256: str  # of the file's bytes, in hexadecimal

    @property
    def is_original(self) -> bool:
        """Whether it is, byte for byte, the file microgpt itself trains on."""
        return self.sha256 == ORIGINAL_SHA256


def fetch_original(
    url: str = ORIGINAL_URL,
    *,
    timeout: float,
    deadline: float,
    progress: Callable[[int, int | None], None] = lambda *_: None,
) -> FetchedCorpus:
    """Fetches the corpus that `load_corpus("original")` loads from then on.

    What the cache folder held before stays unless all goes well.

    Args:
        url: where it is. From anywhere but `ORIGINAL_URL`, any corpus will do.
        timeout: how long to wait for the server, each time. Units: seconds.
        deadline: how long the whole may take. Units: seconds.
        progress: is called with the bytes that have arrived, and with how many there will be if
            the server said so.

    Raises:
        InputError: the address is not one of the web; the server cannot be reached, is too slow,
            refuses, or sends something else than a corpus, only a part of one or too much; or the
            file cannot be written.
    """
    _check_address(url)
    content = _download(url, timeout, deadline, progress)
    documents = documents_in(content, url)
    sha256 = hashlib.sha256(content).hexdigest()
    if url == ORIGINAL_URL and sha256 != ORIGINAL_SHA256:
        raise _cannot_fetch(url, f"its sha256 is {sha256}, the original's {ORIGINAL_SHA256}")
    path = original_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make folder {str(path.parent)!r}: {error.strerror}") from error
    write_atomically(path, content)
    return FetchedCorpus(path, len(documents), sha256)


def _check_address(url: str) -> None:
    try:
        address = urllib.parse.urlsplit(url)
        valid = address.scheme in {"http", "https"} and bool(address.hostname) and address.port != 0
    except ValueError:  # a port that is no number, brackets without an address
        valid = False
    if not valid:
        raise _cannot_fetch(url, "an address begins with http:// or https:// and a host's name")


def _cannot_fetch(url: str, reason: str) -> InputError:
    return InputError(f"cannot fetch {url!r}: {reason}")


# -- the thread that asks, and the one that waits --------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Head:
    status: str  # "" for 200, as "204 No Content" for any other
    content_type: str
    total: int | None


_Part: TypeAlias = "_Head | bytes | BaseException"  # in this order; b"" or an exception comes last


def _download(
    url: str, timeout: float, deadline: float, progress: Callable[[int, int | None], None]
) -> bytes:
    """All that the address holds, checked as far as bytes tell."""
    parts: queue.SimpleQueue[_Part] = queue.SimpleQueue()
    given_up = threading.Event()
    threading.Thread(target=_receive, args=(url, timeout, parts, given_up), daemon=True).start()
    content = bytearray()
    total: int | None = None
    ends = time.monotonic() + deadline
    try:
        while True:
            left = ends - time.monotonic()
            if left <= 0:
                raise _cannot_fetch(
                    url, f"not done after {deadline:g} s, {len(content):,} bytes have arrived"
                )
            try:
                part = parts.get(timeout=min(left, _WAIT))
            except queue.Empty:
                continue
            if isinstance(part, BaseException):
                raise _cannot_fetch(url, _reason(part, timeout, len(content))) from part
            if isinstance(part, _Head):
                _check_head(url, part)
                total = part.total
            else:
                content += part
                if len(content) > MAX_BYTES:
                    raise _cannot_fetch(url, f"more than {MAX_BYTES:,} bytes")
            progress(len(content), total)
            if part == b"":
                break
    finally:
        given_up.set()
    if total is not None and len(content) < total:
        raise _cannot_fetch(url, f"cut short, {len(content):,} of {total:,} bytes arrived")
    if content.removeprefix(b"\xef\xbb\xbf").lstrip()[:14].lower().startswith(_HTML_BEGINS):
        raise _cannot_fetch(url, "it is an HTML page, not a text with one document a line")
    return bytes(content)


def _check_head(url: str, head: _Head) -> None:
    if head.status:
        raise _cannot_fetch(url, f"the server answers {head.status}")
    if head.content_type in _HTML_TYPES:
        raise _cannot_fetch(url, "it is an HTML page, not a text with one document a line")
    if head.total is not None and head.total > MAX_BYTES:
        raise _cannot_fetch(url, f"{head.total:,} bytes; at most {MAX_BYTES:,} are taken")


def _receive(
    url: str, timeout: float, parts: queue.SimpleQueue[_Part], given_up: threading.Event
) -> None:
    """Asks the server and hands on what comes, until its end or until nobody wants it any more."""
    try:
        with _opener().open(url, timeout=timeout) as response:
            total = response.length
            status = "" if response.status == 200 else f"{response.status} {response.reason}"
            parts.put(_Head(status, response.headers.get_content_type(), total))
            arrived = 0
            # Not until a read gives nothing: a server may keep the connection open.
            while arrived != total and not given_up.is_set():
                chunk = response.read1(
                    _BYTES_AT_ONCE
                )  # read() would wait until a dripping server is done
                if not chunk:
                    break
                arrived += len(chunk)
                parts.put(chunk)
        parts.put(b"")
    except urllib.error.HTTPError as error:
        with error:  # it holds the connection
            parts.put(_Head(f"{error.code} {error.reason}", "", None))
    except BaseException as error:  # noqa: BLE001  # whoever waits says what it is, or raises it
        parts.put(error)


def _opener() -> urllib.request.OpenerDirector:
    """Knows the web, its redirects and the user's proxies; not ftp:, file: and data:."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _reason(error: BaseException, timeout: float, arrived: int) -> str:
    """Why nothing more came. Raises what is a defect and not the server's or the user's doing."""
    if isinstance(error, urllib.error.URLError):
        if isinstance(error.reason, str):
            return error.reason
        error = error.reason
    if isinstance(error, TimeoutError):
        after = f" after {arrived:,} bytes" if arrived else ""
        return f"nothing came for {timeout:g} s{after}"
    if isinstance(error, http.client.IncompleteRead):
        return f"cut short after {arrived:,} bytes"
    if isinstance(error, http.client.InvalidURL | UnicodeError):
        return "not a valid address; a space in it is written %20, what is not ASCII likewise"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, http.client.HTTPException):
        return f"the server does not speak HTTP: {error!r}"
    raise error
