"""A picture as PDF, drawn by svglib and reportlab: shapes stay shapes, and text stays text.

Nothing comes from the system, so the same picture gives the same bytes. A character that the font
in this package has no glyph for is written as its code.
"""

from __future__ import annotations

from functools import cache
from io import BytesIO

from microgpt.errors import InputError
from microgpt.printable import printable
from viz.drawn import Drawn
from viz.fonts import SHOWN, WIDEST
from viz.formats.png import BEYOND, FONTS

MOST_POINTS = 14_400
"""Readers show no larger page. Units: points, of which there are 72 in an inch."""
_WEIGHTS = ("normal", "bold", "600")
"""Of text in our pictures."""


def drawn_pdf(drawn: Drawn) -> bytes:
    """What is drawn as a PDF of one page, as large as the picture.

    Raises:
        InputError: it is larger than a page can be.
    """
    from reportlab.graphics import renderPDF  # noqa: PLC0415  # 150 ms, and not always there
    from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415
    from svglib.svglib import svg2rlg  # noqa: PLC0415

    _use_fonts()
    svg: str = drawn.part("svg")
    shown = BEYOND.sub(lambda found: ascii(found[0])[1:-1], svg.replace(SHOWN, WIDEST))
    drawing = svg2rlg(BytesIO(shown.encode()))
    assert drawing is not None  # it is for text that is no SVG
    if max(drawing.width, drawing.height) > MOST_POINTS:
        raise InputError(
            f"a PDF of {drawing.width:,.0f} × {drawing.height:,.0f} points is too large (at most "
            f"{MOST_POINTS:,} each way): .svg and .html hold it{drawn.or_smaller}"
        )
    file = BytesIO()
    # Without the first, the time is in it; compressed it takes a fifth.
    page = Canvas(file, pagesize=(drawing.width, drawing.height), invariant=1, pageCompression=1)
    page.setTitle(printable(drawn.title))
    page.setCreator("microgpt-tui")
    renderPDF.draw(drawing, page, 0, 0)
    page.showPage()
    page.save()
    return file.getvalue()


@cache
def _use_fonts() -> None:
    """Lets svglib find the font of pictures, once in a process."""
    from svglib.fonts import register_font  # noqa: PLC0415

    plain, bold = FONTS
    for weight in _WEIGHTS:
        register_font(WIDEST, plain if weight == "normal" else bold, weight=weight)
