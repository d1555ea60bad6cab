"""The fonts of pictures: one to draw in, and room for whichever a reader's machine has.

An SVG names fonts and brings none. Graphviz sizes boxes for the font it is told of, and a Linux
without a Helvetica shows a wider one instead, out of which numbers would stick or be cut off. So an
SVG is laid out for the widest of the usual fonts, and shown in the first one there is.
"""

from __future__ import annotations

import re

from graphviz import Digraph

FONT = "Helvetica"
WIDEST = "DejaVu Sans"
SHOWN = f"{FONT},Arial,{WIDEST},sans-serif"

_KINDS = ("graph", "node", "edge")
_SET = re.compile(rf"^\t({'|'.join(_KINDS)}) \[fontname={FONT}\]$", re.MULTILINE)
_NAMED = re.compile(rf'font-family="{WIDEST}[^"]*"')


def set_font(dot: Digraph) -> None:
    """Lets everything in a picture be drawn in `FONT`."""
    for kind in _KINDS:  # each alone in its line, which no text of a label can be
        dot.attr(kind, fontname=FONT)


def laid_out_for_widest(source: str) -> str:
    """DOT text whose boxes will have room for the widest font."""
    return _SET.sub(rf'\t\1 [fontname="{WIDEST}"]', source)


def shown_in_first(svg: str) -> str:
    """An SVG laid out for the widest font that is shown in the first of `SHOWN` there is."""
    return _NAMED.sub(f'font-family="{SHOWN}"', svg)
