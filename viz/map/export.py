"""Writing a Map to a file: what kind is said by its suffix."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from microgpt.files import write_atomically
from viz.export import check_file
from viz.map.as_json import map_json
from viz.map.lenses import Look
from viz.map.png import map_png
from viz.map.svg import map_svg


def _json(look: Look, title: str) -> bytes:
    del title
    return map_json(look).encode()


def _svg(look: Look, title: str) -> bytes:
    return map_svg(look, title).encode()


def _png(look: Look, title: str) -> bytes:
    return map_png(map_svg(look, title))


MAP_FORMATS: dict[str, Callable[[Look, str], bytes]] = {
    ".svg": _svg,
    ".png": _png,
    ".json": _json,
}
"""What makes a file's content of a Map and its title, by suffix."""


def check_map_output(output: Path) -> None:
    """Refuses an output that could not be written, before any work is done for it.

    Raises:
        InputError: the suffix is unknown, or the folder is missing or may not be written to.
    """
    check_file(output, tuple(MAP_FORMATS))


def write_map(look: Look, output: Path, title: str) -> None:
    """Writes a Map, by the path's suffix.

    Raises:
        InputError: the file cannot be written; nothing is left half-written.
    """
    check_map_output(output)
    write_atomically(output, MAP_FORMATS[output.suffix.lower()](look, title))
