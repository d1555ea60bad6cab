"""The kinds of files that a picture can go to, a row each: errors and helps are made from them.

A command's help reads this table, so nothing here is slow to import; how a file is written and
checked is told in `viz.export`. To add a format, give it a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphviz import Digraph

    from viz.view import View


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file, told by its suffix. One of the three ways to write it is given."""

    suffix: str  # in lower case, with its dot
    drawn_as: str = ""  # what Graphviz calls it, if that draws it
    of_picture: Callable[[Digraph], bytes] | None = None
    of_view: Callable[[View, str], bytes] | None = None  # of a view and its caption
    needs: str = ""  # what has to be there for it besides this package

    @property
    def is_picture(self) -> bool:
        """Whether any picture can be written so, and not only a view of a graph."""
        return self.of_view is None


def _dot_text(dot: Digraph) -> bytes:
    source: str = dot.source
    return source.encode()


def _json_text(view: View, caption: str) -> bytes:
    from viz.view_json import view_json  # noqa: PLC0415  # numpy; a help need not wait for it

    return view_json(view, caption).encode()


FORMATS = (
    Format(".svg", "svg"),
    Format(".png", "png"),
    Format(".pdf", "pdf", needs="a system Graphviz"),
    Format(".dot", of_picture=_dot_text),
    Format(".json", of_view=_json_text),
)


def suffixes(*, of_pictures: bool = False) -> tuple[str, ...]:
    """The suffixes that a view of a graph can have, or those that any picture can.

    >>> suffixes(of_pictures=True)
    ('.svg', '.png', '.pdf', '.dot')
    """
    return tuple(row.suffix for row in FORMATS if row.is_picture or not of_pictures)


def suffixes_in_words(*, of_pictures: bool = False) -> str:
    """The same for a help, with what some of them need.

    >>> suffixes_in_words(of_pictures=True)
    '.svg, .png, .dot (or .pdf, with a system Graphviz)'
    """
    rows = [row for row in FORMATS if row.is_picture or not of_pictures]
    words = ", ".join(row.suffix for row in rows if not row.needs)
    return words + "".join(f" (or {row.suffix}, with {row.needs})" for row in rows if row.needs)
