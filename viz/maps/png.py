"""A Map's picture as PNG, without anything from the system: its font is in this package.

Text that the font has no glyphs for is drawn in a font of the system's, if there is one.
"""

from __future__ import annotations

import re
from pathlib import Path

from viz.fonts import SHOWN, WIDEST

ZOOM = 2
"""Pixels of the PNG in one of the SVG: sharp on a projector."""
FONTS = tuple(
    str(Path(__file__).parent / "fonts" / name)
    for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
)
_BEYOND = re.compile(
    r"[^\s\x20-\x7e\xa0-\u024f\u0370-\u03ff\u0400-\u045f\u2010-\u2027\u2030-\u203a\u2070-\u209f"
    r"\u20ac\u2190-\u2199\u2200-\u2265\u25a0-\u25cf\u2713\ufffd]"
)
"""A character that may have no glyph in them; `fonts/README.md` says how they were made."""


def map_png(svg: str) -> bytes:
    """The PNG of a picture made by `viz.maps.svg`, twice as large."""
    import resvg_py  # noqa: PLC0415  # 6 MB that nothing else needs

    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg.replace(SHOWN, WIDEST, 1),
            zoom=ZOOM,
            font_files=list(FONTS),
            font_family=WIDEST,
            skip_system_fonts=_BEYOND.search(svg) is None,
        )
    )
