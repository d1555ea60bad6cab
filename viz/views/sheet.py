"""The page that a view is drawn on, as SVG: title, description, background, what stands in it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from viz.fonts import SHOWN
from viz.maps.svg_elements import SMALL, TITLE, box, cut, text_width, words, wrapped, xml
from viz.views.table import Page
from viz.views.themes import Theme

MARGIN = 26
TOP = 74
"""Where what is below the title and its line begins. Units: pixels, as all lengths here."""
BOLD = 'font-weight="600"'


def sheet(page: Page, width: float, height: float, question: str, parts: Iterable[str]) -> str:
    """The whole picture.

    Args:
        question: what it shows, in a sentence: it stands under the title.
        parts: elements.
    """
    theme = page.theme
    size = f'width="{width:.0f}" height="{height:.0f}"'
    seen = f'viewBox="0 0 {width:.0f} {height:.0f}"'
    told = [f"<title>{xml(page.title or question)}</title>", f"<desc>{xml(question)}</desc>"]
    room = width - 2 * MARGIN
    lines = wrapped(question, room, SMALL)[:2]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {seen} font-family="{SHOWN}">',
            *told,
            f'<rect {size} fill="{theme.paper}"/>',
            words(MARGIN, 30, cut(page.title, room, TITLE), theme.ink, TITLE, extra=BOLD),
            *[
                words(MARGIN, 48 + 15 * place, line, theme.muted)
                for place, line in enumerate(lines)
            ],
            *[part for part in parts if part],
            "</svg>\n",
        ]
    )


def titled(element: str, title: str) -> str:
    """An element `<… />` with a tooltip, which holds what it is with all digits."""
    assert element.endswith("/>")
    tag = element[1:].split(" ", 1)[0]
    return f"{element[:-2]}><title>{xml(title)}</title></{tag}>"


def full(number: float) -> str:
    """A number with all its digits."""
    return repr(float(number))


def thinned(count: int, pitch: float, needed: float) -> Iterator[int]:
    """Which of some labels in a row are shown so that they do not touch: every k-th.

    Args:
        pitch: from one to the next.
        needed: room for the widest.

    >>> list(thinned(10, 20, 18)), list(thinned(10, 5, 18))
    ([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [0, 5])
    """
    step = 1
    if pitch < needed:
        step = next((nice for nice in _NICE if nice * pitch >= needed), math.ceil(needed / pitch))
    return iter(range(0, count, step))


_NICE = (2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000)


def column_labels(
    labels: Sequence[str], x: float, y: float, pitch: float, theme: Theme, size: int = SMALL,
    color: str = "",
) -> Iterator[str]:  # fmt: skip
    """Labels in the middle of columns, over or under them; they thin out where they would touch.

    Thinned ones are numbers, counted from 0: single letters without their neighbours say nothing.
    """
    places = [*range(len(labels))]
    if not fits(labels, pitch, size):
        needed = text_width(str(len(labels)), size) + 8
        # The last one would reach into what stands beside.
        right = len(labels) - needed / 2 / pitch
        places = [at for at in thinned(len(labels), pitch, needed) if at < right or not at]
    for place in places:
        text = labels[place] if len(places) == len(labels) else str(place)
        yield words(
            x + (place + 0.5) * pitch, y, text, color or theme.ink, size, "middle"
        )  # fmt: skip


def fits(labels: Sequence[str], pitch: float, size: int) -> bool:
    """Whether labels in the middle of columns stand beside each other without touching."""
    widths = [text_width(label, size) for label in labels]
    return all((a + b) / 2 + 3 <= pitch for a, b in pairwise(widths))


def row_labels(
    labels: Sequence[str], x: float, y: float, pitch: float, theme: Theme, size: int = SMALL,
    color: str = "", *, are_in_order: bool = False,
) -> Iterator[str]:  # fmt: skip
    """The same at the left of rows: they end at `x`.

    Args:
        are_in_order: whether one knows from the labels that are left what stands between them.
    """
    places = [*thinned(len(labels), pitch, size + 1)]
    for place in places:
        text = labels[place] if are_in_order or len(places) == len(labels) else str(place)
        yield words(x, y + (place + 0.5) * pitch + size * 0.36, text, color or theme.muted, size,
                    "end")  # fmt: skip


def frame(x: float, y: float, width: float, height: float, theme: Theme) -> str:
    """A thin line around something."""
    return box(x, y, width, height, "none", f'stroke="{theme.hairline}" stroke-width="0.7"')
