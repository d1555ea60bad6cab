"""A frame as pixels: shapes drawn from its SVG, its numbers and labels put on them as text.

Words take an SVG's renderer four fifths of its time, and most of them stand in many frames. So
those that `words()` makes are drawn apart, each once, and kept. What is not as plain as they are,
such as turned text, or a letter that our font does not have, stays with the shapes.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from html import unescape
from io import BytesIO
from typing import TYPE_CHECKING

from viz.formats.png import BEYOND, FONTS, svg_png

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from PIL.ImageFont import FreeTypeFont

KEPT = 20_000
"""So many texts of numbers and labels, of a few hundred bytes each."""
_WORDS = re.compile(
    r'<text x="(-?[\d.]+)" y="(-?[\d.]+)" font-size="(\d+)" fill="(#[0-9a-f]{6})"'
    r'(?: text-anchor="(middle|end)")?( font-weight="600")?>([^<]*)</text>'
)
_MOVED = re.compile(r"<(?:g|svg) [^>]*(?:transform|opacity)=")
"""A group whose words are not where, or as dark as, they say themselves."""


def frame_pixels(svg: str) -> Picture:
    """The picture of an SVG that this package made, in the colours it has, one pixel for each."""
    from PIL import Image  # noqa: PLC0415  # not always there

    shapes, texts = _parted(svg)
    picture = Image.open(BytesIO(svg_png(shapes, 1.0))).convert("RGB")
    for x, y, size, color, anchor, weight, text in texts:
        mask, reach = _drawn(unescape(text), int(size), bool(weight))
        width = mask.width - 2 * reach
        start = float(x) - {"": 0.0, "middle": width / 2, "end": width}[anchor]
        picture.paste(color, (round(start) - reach, round(float(y)) - int(size) - reach), mask)
    return picture


def _parted(svg: str) -> tuple[str, list[tuple[str, ...]]]:
    """The SVG without those words that are drawn apart, and these, as `_WORDS` finds them."""
    if _MOVED.search(svg):
        return svg, []
    texts: list[tuple[str, ...]] = []

    def kept_or_not(found: re.Match[str]) -> str:
        if BEYOND.search(unescape(found[7])):
            return found[0]
        texts.append(found.groups(""))
        return ""

    return _WORDS.sub(kept_or_not, svg), texts


@lru_cache(KEPT)
def _drawn(text: str, size: int, bold: bool) -> tuple[Picture, int]:
    """How dark each pixel of a text is, its baseline at `size` from the top, but for a margin."""
    from PIL import Image, ImageDraw  # noqa: PLC0415  # not always there

    font, reach = _font(size, bold), size // 3 + 1
    mask = Image.new("L", (round(font.getlength(text)) + 2 * reach, size + 3 * reach))
    ImageDraw.Draw(mask).text((reach, size + reach), text, 255, font, anchor="ls")
    return mask, reach


@cache
def _font(size: int, bold: bool) -> FreeTypeFont:
    from PIL import ImageFont  # noqa: PLC0415  # not always there

    # The other way to lay out text is not in every Pillow, and would give other pixels.
    return ImageFont.truetype(FONTS[bold], size, layout_engine=ImageFont.Layout.BASIC)
