"""A Map as something drawn, in all the ways that it can be written."""

from __future__ import annotations

from collections.abc import Sequence

from viz.drawn import Drawn
from viz.kinds import MAP, MAPS
from viz.maps.lenses import Look
from viz.maps.network import map_network
from viz.maps.svg import maps_svg
from viz.maps.text import TextMap

PRINTED_WIDTH = 120
"""Of the text. Units: characters."""


def drawn_map(look: Look, title: str = "") -> Drawn:
    """A Map through a lens."""

    def as_json() -> str:
        from viz.maps.as_json import map_json  # noqa: PLC0415  # the debugger takes 100 ms

        return map_json(look)

    def page() -> str:
        from viz.page.page import page_html  # noqa: PLC0415  # likewise

        return page_html(look, title)

    def text() -> str:
        lines = TextMap(look, PRINTED_WIDTH).all_lines()
        printed = ("".join(span.text for span in line).rstrip() for line in lines)
        return "\n".join(filter(None, (title, *printed)))

    return Drawn(
        kind=MAP,
        title=title or "Map",
        svg=lambda: maps_svg([look], [""], title),
        json=as_json,
        page=page,
        network=lambda: map_network(look, title),
        text=text,
        smaller=lambda: "a shorter text has fewer",
    )


def drawn_maps(looks: Sequence[Look], names: Sequence[str], title: str = "") -> Drawn:
    """Maps of several steps: in pictures side by side, in JSON as a list.

    Args:
        names: what each of them is called.
    """
    if len(looks) == 1 and not names[0]:
        return drawn_map(looks[0], title)

    def as_json() -> str:
        from viz.maps.as_json import maps_json  # noqa: PLC0415  # the debugger takes 100 ms

        return maps_json(looks)

    return Drawn(
        kind=MAPS,
        title=title or "Maps",
        svg=lambda: maps_svg(looks, names, title),
        json=as_json,
    )
