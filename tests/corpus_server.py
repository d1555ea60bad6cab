"""A web server on this machine that serves one corpus in every way a fetch has to cope with."""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

DOCUMENTS = ("emma", "ava li", "éva", "mia")
CONTENT = "".join(f"{document}\n" for document in DOCUMENTS).encode()
PAGE = b"\n<!DOCTYPE html><html><body>Please sign in</body></html>"
DRIP = 0.02
"""Units: seconds."""


class CorpusServer:
    """Serves as long as it is open. What an address does is said by `_Handler`'s method."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.closing = threading.Event()
        self._server.closing = self.closing  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def url(self, name: str) -> str:
        return f"{self.address}/{name}"


class _Handler(BaseHTTPRequestHandler):
    """`/good` is answered by `good`, and so on; `/a.b` by `a`. Through a proxy, by `good`."""

    def do_GET(self) -> None:
        name = "good" if self.path.startswith("http://") else self.path[1:].partition(".")[0]
        with contextlib.suppress(ConnectionError):  # whoever fetches may leave
            getattr(self, name)()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name above
        pass

    def answer(
        self, content: bytes, *, status: int = 200, length: int | None = None, **headers: str
    ) -> None:
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header.replace("_", "-"), value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(content)

    def wait(self, seconds: float | None = None) -> bool:
        """Whether the server is being closed."""
        return self.server.closing.wait(seconds)  # type: ignore[attr-defined]

    # -- as it should be -----------------------------------------------------------------------

    def good(self) -> None:
        self.answer(CONTENT, length=len(CONTENT), Content_Type="text/plain; charset=utf-8")

    def unsized(self) -> None:
        self.answer(CONTENT)

    def chunked(self) -> None:
        self.protocol_version = "HTTP/1.1"
        self.answer(b"%x\r\n%s\r\n0\r\n\r\n" % (len(CONTENT), CONTENT), Transfer_Encoding="chunked")

    def left_open(self) -> None:
        self.good()
        self.wait()

    def redirected(self) -> None:
        self.answer(b"", status=302, Location="/good")

    # -- what is no corpus ---------------------------------------------------------------------

    def missing(self) -> None:
        self.answer(b"not here\n", status=404)

    def nothing(self) -> None:
        self.answer(b"", status=204)

    def page(self) -> None:
        self.answer(CONTENT, length=len(CONTENT), Content_Type="text/html; charset=utf-8")

    def page_as_text(self) -> None:
        self.answer(PAGE, length=len(PAGE), Content_Type="text/plain")

    def latin_1(self) -> None:
        self.answer("mia\néva\n".encode("latin-1"))

    def empty(self) -> None:
        self.answer(b" \n\n", length=3)

    def to_a_file(self) -> None:
        self.answer(b"", status=302, Location="file:///etc/passwd")

    def to_ftp(self) -> None:
        self.answer(b"", status=302, Location="ftp://127.0.0.1/names.txt")

    def in_circles(self) -> None:
        self.answer(b"", status=302, Location="/in_circles")

    # -- what does not arrive ------------------------------------------------------------------

    def silent(self) -> None:
        self.wait()

    def stalled(self) -> None:
        self.answer(CONTENT, length=1000)
        self.wait()

    def dripping(self) -> None:
        self.answer(b"", length=1_000_000)
        while not self.wait(DRIP):
            self.wfile.write(b"a")

    def dripping_headers(self) -> None:
        self.send_response(200)
        self.flush_headers()
        while not self.wait(DRIP):
            self.wfile.write(b"X")

    def cut(self) -> None:
        self.answer(CONTENT, length=1000)

    def cut_chunked(self) -> None:
        self.protocol_version = "HTTP/1.1"
        self.answer(b"ff\r\n" + CONTENT, Transfer_Encoding="chunked")

    def hung_up(self) -> None:
        pass

    def not_http(self) -> None:
        self.wfile.write(b"220 welcome\r\n")

    def too_large(self) -> None:
        self.answer(b"", length=10**12)

    def endless(self) -> None:
        self.answer(b"")
        while not self.wait(0):
            self.wfile.write(CONTENT * 1000)
