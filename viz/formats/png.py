"""A picture as PNG, without anything from the system: its font is in this package.

Text that the font has no glyphs for is drawn in a font of the system's, if there is one.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from microgpt.errors import InputError
from viz.fonts import SHOWN, WIDEST

if TYPE_CHECKING:
    from resvg.usvg import Options

    from viz.drawn import Drawn

ZOOM = 2
"""Pixels of the PNG in one of the SVG: sharp on a projector."""
MOST_PIXELS = 120_000_000
"""A larger picture takes half a gigabyte to draw, and few programs open it."""
FONTS = tuple(
    str(Path(__file__).parent / "fonts" / name)
    for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
)
BEYOND = re.compile(
    r"[^\s\x20-\x7e\xa0-\u024f\u0370-\u03ff\u0400-\u045f\u2010-\u2027\u2030-\u203a\u2070-\u209f"
    r"\u20ac\u2190-\u2199\u2200-\u2265\u25a0-\u25cf\u2713\ufffd]"
)
"""A character that may have no glyph in them; `fonts/README.md` says how they were made."""
_SIZE = re.compile(r'<svg[^>]*?\swidth="([\d.]+)(pt)?"[^>]*?\sheight="([\d.]+)(?:pt)?"', re.DOTALL)


def drawn_png(drawn: Drawn) -> bytes:
    """What is drawn as PNG.

    Raises:
        InputError: it would be too large.
    """
    svg: str = drawn.part("svg")
    width, height = svg_size(svg)
    if (pixels := width * height * ZOOM**2) > MOST_PIXELS:
        raise InputError(
            f"a PNG of {width * ZOOM:,.0f} × {height * ZOOM:,.0f} pixels is too large "
            f"({pixels / 1e6:,.0f} million; at most {MOST_PIXELS / 1e6:,.0f} million): .svg, .pdf "
            f"and .html hold it{drawn.or_smaller}"
        )
    return svg_png(svg)


def svg_png(svg: str, zoom: float = ZOOM) -> bytes:
    """The PNG of an SVG that this package made."""
    from resvg import render, usvg  # noqa: PLC0415  # 6 MB that nothing else needs

    options = _options(BEYOND.search(svg) is not None)
    tree = usvg.Tree.from_str(svg.replace(SHOWN, WIDEST), options)
    width, height = tree.int_size()
    scale = zoom, 0.0, 0.0, 0.0, zoom, 0.0  # row by row
    return render(tree, scale, bg_size=(round(width * zoom), round(height * zoom)))


@cache
def _options(with_system_fonts: bool) -> Options:
    """How an SVG is read, with its fonts, which are read once."""
    from resvg import usvg  # noqa: PLC0415  # likewise

    options = usvg.Options.default()
    options.dpi = 96  # what a point is in pixels
    options.font_family = WIDEST
    if with_system_fonts:
        options.load_system_fonts()
    for path in FONTS:
        options.load_font_file(path)
    return options


def svg_size(svg: str) -> tuple[float, float]:
    """Width and height of an SVG that this package made. Units: pixels."""
    found = _SIZE.search(svg)
    assert found is not None
    unit = 4 / 3 if found[2] else 1.0
    return float(found[1]) * unit, float(found[3]) * unit
