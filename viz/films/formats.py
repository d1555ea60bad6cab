"""The kinds of files that hold films, a row each. A help reads it, so it imports nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FilmFormat:
    """A kind of file that holds a film."""

    suffix: str
    name: str
    begins: tuple[bytes, ...]  # one of these stands near the beginning of every such file
    frames: int  # so many are taken of a long run, unless others are asked for
    needs: str = ""  # a module


FILM_FORMATS = (
    FilmFormat(".html", "HTML", (b"<!doctype html",), 200),
    FilmFormat(".svg", "SVG", (b"<svg",), 100),
    FilmFormat(".gif", "GIF", (b"gif8",), 100, "PIL"),
)
