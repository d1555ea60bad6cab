"""The server of the app in a browser: Textual's, with a guard before all that it serves.

A page of another site must not get at the app: whatever a browser shows may try to open a WebSocket
to this machine. So both the name that was asked for and the origin of the page are looked at, and
the page may fetch nothing from elsewhere.
"""

from __future__ import annotations

import logging
import re

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from textual_serve.server import Server

from tui.cli.terminal.output import say

NAME = re.compile(r"[\w.:\[\]-]+")
"""A host's name or number, with its port."""
LINK_ELSEWHERE = re.compile(r'<link\b[^>]*"https://[^>]*>')
"""To a font, which a machine without a network would wait for; a terminal's own will do."""
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self' {socket}; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""Scripts and styles of textual-serve's page stand in the page itself."""


class GuardedServer(Server):
    """Runs a command for each tab, and shows its screen there."""

    def __init__(self, command: str, host: str, port: int, *, only_here: bool) -> None:
        """Serves at an address.

        Args:
            only_here: whether nobody but this machine can reach it: it has two names then.
        """
        told = f"[{host}]" if ":" in host else host
        self._address = f"http://{told}:{port}"
        self._names = (f"{told}:{port}", f"localhost:{port}") if only_here else ()
        super().__init__(command, host, port, title="microgpt-tui", public_url=self._address)

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(guarded(self._names))
        return app

    async def handle_index(self, request: web.Request) -> web.StreamResponse:
        """The page, whose parts have the name that was asked for."""
        self.public_url = f"http://{request.headers['Host']}"
        page = await super().handle_index(request)
        assert isinstance(page, web.Response)
        page.text = LINK_ELSEWHERE.sub("", page.text or "")
        return page

    def initialize_logging(self) -> None:
        """Requests are nobody's concern; what goes wrong is."""
        logging.basicConfig(level="WARNING", format="%(message)s")

    async def on_startup(self, app: web.Application) -> None:  # noqa: ARG002  # aiohttp's
        """Says where it is."""
        say(f"microgpt-tui is at {self._address}; ctrl-C ends it")


def guarded(
    names: tuple[str, ...],
) -> Middleware:
    """What every request passes.

    Args:
        names: under which it may be asked for, with the port; any, where there are none.
    """

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        asked = request.headers.get("Host", "")
        if not NAME.fullmatch(asked) or (names and asked not in names):
            raise web.HTTPForbidden(text="it is not served under this name")
        origin = request.headers.get("Origin")
        if request.path == "/ws" and origin != f"http://{asked}":
            raise web.HTTPForbidden(text="a page of another site may not use it")
        response = await handler(request)
        if not response.prepared:
            response.headers["Content-Security-Policy"] = POLICY.format(socket=f"ws://{asked}")
            response.headers["X-Content-Type-Options"] = "nosniff"
            response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return guard
