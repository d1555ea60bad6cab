"""The kinds of files that something drawn can go to, a row each: errors and helps are made of it.

A command's help reads this table, so nothing here is slow to import; what a file holds is made in
the modules beside this one, and `viz.export` writes it. To add a format, give it a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from microgpt.errors import InputError
from viz.kinds import PICTURE, DrawingKind

if TYPE_CHECKING:
    from viz.drawn import Drawn

EXTRA = "pictures"
"""What `pip install 'microgpt-tui[...]'` has to name for formats that need more than the rest."""


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file, told by its suffix."""

    suffix: str  # in lower case, with its dot
    name: str  # what it is called
    made_of: tuple[str, ...]  # the parts of a drawing it can be made of, the best first
    content: Callable[[Drawn], bytes]
    begins: tuple[bytes, ...]
    """One of these stands near the beginning of every such file; in lower case."""
    needs: str = ""  # a module that has to be installed for it

    def holds(self, kind: DrawingKind) -> bool:
        """Whether it can hold such a thing."""
        return any(part in kind.parts for part in self.made_of)

    def check_needs(self) -> None:
        """Refuses where what it needs is not installed.

        Raises:
            InputError: it is not.
        """
        if self.needs and find_spec(self.needs) is None:
            raise InputError(
                f"{self.suffix} needs {self.needs}, which is not installed (pip install "
                f"'microgpt-tui[{EXTRA}]'); .svg and .png need nothing more"
            )


def _text(part: str) -> Callable[[Drawn], bytes]:
    return lambda drawn: drawn.part(part).encode()


def _made_by(module: str, function: str) -> Callable[[Drawn], bytes]:
    """Bytes from a function beside this module, which is imported when it is needed."""

    def content(drawn: Drawn) -> bytes:
        made: bytes = getattr(import_module(f"viz.formats.{module}"), function)(drawn)
        return made

    return content


FORMATS = (
    Format(".svg", "SVG", ("svg",), _text("svg"), (b"<svg",)),
    Format(".png", "PNG", ("svg",), _made_by("png", "drawn_png"), (b"\x89png",)),
    Format(".pdf", "PDF", ("svg",), _made_by("pdf", "drawn_pdf"), (b"%pdf",), "svglib"),
    Format(".html", "HTML", ("page", "svg"), _made_by("html", "drawn_html"), (b"<!doctype html",)),
    Format(
        ".explorer.json", "Model Explorer's JSON", ("scalars", "network"),
        _made_by("model_explorer", "drawn_model_explorer"), (b'"graphs": [',),
    ),
    Format(".json", "JSON", ("json",), _text("json"), (b'{"version": ',)),
    Format(".dot", "DOT", ("dot", "network"), _made_by("dot", "drawn_dot"), (b"digraph",)),
    Format(
        ".graphml", "GraphML", ("network",), _made_by("graphml", "drawn_graphml"), (b"<graphml",)
    ),
    Format(".mmd", "Mermaid", ("network",), _made_by("mermaid", "drawn_mermaid"), (b"flowchart",)),
)  # fmt: skip
"""Of two suffixes that a name ends in, the first counts."""


def formats_of(kind: DrawingKind) -> tuple[Format, ...]:
    """The formats that can hold such a thing."""
    return tuple(row for row in FORMATS if row.holds(kind))


def suffixes(kind: DrawingKind = PICTURE) -> tuple[str, ...]:
    """Their suffixes.

    >>> suffixes(PICTURE)
    ('.svg', '.png', '.pdf', '.html', '.dot')
    """
    return tuple(row.suffix for row in formats_of(kind))


def suffixes_in_words(kind: DrawingKind = PICTURE) -> str:
    """The same for a help.

    >>> suffixes_in_words(PICTURE)
    '.svg, .png, .pdf, .html, .dot'
    """
    return ", ".join(suffixes(kind))


def format_named(path_name: str) -> Format | None:
    """The format that a file's name asks for, None if there is none.

    >>> format_named("a.explorer.json").name, format_named("A.SVG").name, format_named(".svg")
    ("Model Explorer's JSON", 'SVG', None)
    """
    name = path_name.lower()
    found = (row for row in FORMATS if name.endswith(row.suffix))
    return next((row for row in found if name.rpartition("/")[2] != row.suffix), None)
