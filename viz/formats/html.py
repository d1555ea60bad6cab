"""What is drawn as an HTML page: its own, or its picture on one, to look at larger and smaller."""

from __future__ import annotations

from viz.drawn import Drawn
from viz.films.frames import Frame
from viz.films.page import frames_page


def drawn_html(drawn: Drawn) -> bytes:
    """The page.

    Raises:
        InputError: it would be too large.
    """
    if drawn.page is not None:
        page: str = drawn.part("page")
        return page.encode()
    return frames_page([Frame("", drawn.part("svg"))], drawn.title).encode()
