"""Frames as one HTML file: a picture to look at larger and smaller, and a slider through steps."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.resources import files

from microgpt.errors import InputError
from microgpt.printable import printable
from viz.escaping import script_json
from viz.films.frames import Frame, drawing, shared_lines
from viz.html_page import html_page

LEVEL = 6
"""Of the compression."""
MOST_BYTES = 60_000_000
"""Of all lines of a page. A browser keeps them, and two bytes for each."""
_STYLE = ' style="image-rendering:pixelated"'
"""What the page's policy refuses and its own style says of all images."""


def frames_page(frames: Sequence[Frame], title: str) -> str:
    """A page that shows one frame at a time; of a single one, without a slider.

    The first frame stands in the page as it is, so that it is there without its script, and is
    found by a search in the page.

    Raises:
        InputError: they are too much for a page.
    """
    frames = [Frame(frame.name, frame.svg.replace(_STYLE, "")) for frame in frames]
    shared = shared_lines(frames)
    size = sum(len(line) for line in shared.lines)
    if size > MOST_BYTES:
        raise InputError(
            f"{len(frames):,} frames of {size / 1e6:,.0f} MB are too many for a page, which holds "
            f"{MOST_BYTES / 1e6:,.0f} MB: fewer frames fit (--frames "
            f"{max(1, int(len(frames) * MOST_BYTES / size))})"
        )
    is_film = len(frames) > 1
    about = {"title": printable(title), "names": [printable(frame.name) for frame in frames]}
    data = json.dumps({"lines": shared.lines, "frames": shared.frames}, ensure_ascii=False)
    packed = gzip.compress(data.encode(), LEVEL, mtime=0) if is_film else b""
    parts = {"TITLE": escape(printable(title)), "PICTURE": drawing(frames[0].svg)}
    # At once: a title may be "PICTURE", and the picture says the title, too.
    whole = re.sub("|".join(parts), lambda found: parts[found[0]], _asset("film.html"))
    body = (
        whole + f'<script type="application/json" id="about">{script_json(about)}</script>\n'
        f'<script type="text/plain" id="frames">{base64.b64encode(packed).decode()}</script>'
    )
    return html_page(title, _asset("film.css"), _asset("film.js"), body)


@cache
def _asset(name: str) -> str:
    return files("viz.films").joinpath("assets", name).read_text(encoding="utf-8")
