"""Graphviz's SVG with what it says made findable: tooltips as `<title>`, one for the whole picture.

Graphviz writes a tooltip as a link without an address, and as title the name that a node has in DOT
text. A browser shows a title under the pointer, and a screen reader reads it.
"""

from __future__ import annotations

import re

from viz.maps.svg_elements import xml

_NAME = re.compile(
    r'(<g id="[^"]*" class="(?:graph|node|edge|cluster)"[^>]*>\n)<title>.*?</title>\n'
)
_TOOLTIP = re.compile(r'<g id="a_([^"]*)"><a xlink:title="([^"]*)">\n')
_END = "</a>\n</g>"
_ROOT = re.compile(r"<svg [^>]*>\n")


def with_titles(svg: str) -> str:
    """A drawing of Graphviz with a title for each part that has a tooltip, and for the whole."""
    whole = next((found[2] for found in _TOOLTIP.finditer(svg) if found[1] == "graph0"), "")
    svg = _NAME.sub(r"\1", svg)
    svg = _TOOLTIP.sub(lambda found: f"<g>\n<title>{found[2]}</title>\n", svg)
    svg = svg.replace(_END, "</g>")
    return _ROOT.sub(lambda found: f"{found[0]}<title>{whole}</title>\n", svg, count=1)


def with_description(svg: str, description: str, title: str = "") -> str:
    """The drawing with a sentence that tells what it shows.

    Args:
        title: for the whole, if it shall have another one.
    """

    def told(found: re.Match[str]) -> str:
        first = f"<title>{xml(title)}</title>" if title else found[2]
        return f"{found[1]}{first}\n<desc>{xml(description)}</desc>\n"

    return re.sub(r"(<svg [^>]*>\n)(<title>.*?</title>)\n", told, svg, count=1)
