"""What `viz.map`, `viz.graph` and `viz.attention` give: a notebook shows it, `save` writes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from viz.drawn import Drawn
from viz.export import write_drawn
from viz.formats.html import drawn_html

FRAME_HEIGHT = 760
"""Of a page in a notebook. Units: pixels."""


class HtmlPage(str):
    """A whole HTML page as text, which a notebook shows."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """The page in a frame of its own."""
        return (
            f'<iframe srcdoc="{escape(self)}" width="100%" height="{FRAME_HEIGHT}" '
            'style="border: 1px solid #ccd1dc"></iframe>'
        )


@dataclass(frozen=True, eq=False)
class ShownDrawing:
    """Something drawn: a notebook shows it, `print` prints it, `save` writes it."""

    drawn: Drawn

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> dict[str, Any]:
        """What a notebook shows: the picture, or its text where there are none."""
        del include, exclude  # it chooses among what it gets
        return {"image/svg+xml": self.drawn.part("svg"), "text/plain": str(self)}

    def __str__(self) -> str:
        """It as lines of characters; of what has none, its title."""
        if self.drawn.text is None:
            return self.drawn.title
        text: str = self.drawn.part("text")
        return text

    def __repr__(self) -> str:
        """What it is."""
        return f"<{self.drawn.kind.name}: {self.drawn.title}>"

    def html(self) -> HtmlPage:
        """The interactive form, a page with everything in it; a notebook shows it in a frame.

        Raises:
            InputError: it is too large for a page.
        """
        return HtmlPage(drawn_html(self.drawn).decode())

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Writes it to a file, by the path's suffix.

        Args:
            path: the file; an unknown suffix is refused with those that there are.
            force: whether a file that is not of the suffix's kind may be in its place.

        Raises:
            InputError: the file cannot be written; nothing is left half-written.
        """
        write_drawn(self.drawn, path, force=force)
