"""Writing a Map to a file: what kind is said by its suffix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from microgpt.errors import InputError
from microgpt.files import write_atomically
from viz.maps.lenses import Look
from viz.maps.png import map_png
from viz.maps.svg import maps_svg
from viz.output_file import check_file


def _json(looks: Sequence[Look], names: Sequence[str], title: str) -> bytes:
    from viz.maps.as_json import map_json, maps_json  # noqa: PLC0415  # the debugger takes 100 ms

    del names, title
    return (map_json(looks[0]) if len(looks) == 1 else maps_json(looks)).encode()


def _svg(looks: Sequence[Look], names: Sequence[str], title: str) -> bytes:
    return maps_svg(looks, names, title).encode()


def _png(looks: Sequence[Look], names: Sequence[str], title: str) -> bytes:
    return map_png(maps_svg(looks, names, title))


def _html(looks: Sequence[Look], names: Sequence[str], title: str) -> bytes:
    from viz.page.page import page_html  # noqa: PLC0415  # the debugger takes 100 ms

    del names
    return page_html(looks[0], title).encode()


MAP_FORMATS: dict[str, Callable[[Sequence[Look], Sequence[str], str], bytes]] = {
    ".svg": _svg,
    ".png": _png,
    ".json": _json,
    ".html": _html,
}
"""What makes a file's content of Maps, their names and a title, by suffix."""


def check_map_output(output: Path, n_maps: int = 1) -> None:
    """Refuses an output that could not be written, before any work is done for it.

    Raises:
        InputError: the suffix is unknown or cannot hold so many Maps, or the folder is missing or
            may not be written to.
    """
    if check_file(output, tuple(MAP_FORMATS)) == ".html" and n_maps > 1:
        raise InputError(
            f"output {str(output)!r}: a page shows one step, and not {n_maps}; .svg, .png and "
            ".json hold several"
        )


def write_map(look: Look, output: Path, title: str) -> None:
    """Writes a Map, by the path's suffix.

    Raises:
        InputError: the file cannot be written; nothing is left half-written.
    """
    write_maps([look], [""], output, title)


def write_maps(looks: Sequence[Look], names: Sequence[str], output: Path, title: str) -> None:
    """Writes Maps into one file: in pictures side by side, in JSON as a list.

    Args:
        names: what each of them is called.

    Raises:
        InputError: the file cannot be written, or the Maps are not alike; nothing is left
            half-written.
    """
    check_map_output(output, len(looks))
    write_atomically(output, MAP_FORMATS[output.suffix.lower()](looks, names, title))
