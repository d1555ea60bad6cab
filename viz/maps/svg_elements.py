"""Pieces of SVG as text: words that fit, short numbers, what XML may hold. Knows no Map."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from html import escape

from microgpt.printable import printable
from viz.maps.spans import cell_number

SMALL, PLAIN, LARGE, TITLE = 12, 13, 16, 20
"""Sizes of text; none is smaller. Units: pixels, as all lengths here."""

_NARROW, _WIDE = frozenset("fijlrtI .,:;'|!()[]/-"), frozenset("mwMW%@—…→×")


@lru_cache(10_000)
def text_width(text: str, size: float) -> float:
    """About the width of a text in the widest of the fonts that it may be shown in."""
    return size * sum(map(_width, text))


def _width(char: str) -> float:
    if char in _NARROW:
        return 0.42
    if char in _WIDE or unicodedata.east_asian_width(char) in {"W", "F"}:
        return 1.0
    return 0.77 if char.isupper() else 0.64


def cut(text: str, room: float, size: float) -> str:
    """A text shortened at its end until it fits.

    >>> cut("lm_head", 200, 12), cut("lm_head", 40, 12)
    ('lm_head', 'lm_…')
    """
    if text_width(text, size) <= room:
        return text
    while text and text_width(f"{text}…", size) > room:
        text = text[:-1]
    return f"{text}…"


def wrapped(text: str, room: float, size: float) -> list[str]:
    """A text's words in lines that fit."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def short(number: float) -> str:
    """A number with at most four decimals.

    >>> short(0.0231), short(-0.00123), short(3.371)
    ('.0231', '−.0012', '3.37')
    """
    return f"−{cell_number(-number)}" if number < 0 else cell_number(number)


def xml(text: str) -> str:
    """Text for an element, with codes for characters that one cannot see, or that XML lacks."""
    return escape(printable(text), quote=False)


def words(
    x: float, y: float, text: str, color: str, size: int = SMALL, anchor: str = "start",
    extra: str = "",
) -> str:  # fmt: skip
    """A text whose baseline is at `y`."""
    if not text:
        return ""
    more = "" if anchor == "start" else f' text-anchor="{anchor}"'
    more += f" {extra}" if extra else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{color}"{more}>{xml(text)}</text>'
    )


def box(x: float, y: float, width: float, height: float, fill: str, extra: str = "") -> str:
    """A rectangle."""
    more = f" {extra}" if extra else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'fill="{fill}"{more}/>'
    )
