"""Writing a Map to a file: what kind is said by its suffix."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from viz.export import check_output, write_drawn
from viz.kinds import MAP, MAPS
from viz.maps.drawn import drawn_map, drawn_maps
from viz.maps.lenses import Look


def check_map_output(output: Path, n_maps: int = 1, *, force: bool = False) -> None:
    """Refuses an output that could not be written, before any work is done for it.

    Raises:
        InputError: the suffix is unknown or cannot hold so many Maps, or the file cannot be there.
    """
    check_output(output, MAP if n_maps == 1 else MAPS, force=force)


def write_map(look: Look, output: Path, title: str) -> None:
    """Writes a Map, by the path's suffix.

    Raises:
        InputError: the file cannot be written; nothing is left half-written.
    """
    write_drawn(drawn_map(look, title), output)


def write_maps(
    looks: Sequence[Look], names: Sequence[str], output: Path, title: str, *, force: bool = False
) -> None:
    """Writes Maps into one file: in pictures side by side, in JSON as a list.

    Args:
        names: what each of them is called.
        force: whether a file of another kind may be in its place.

    Raises:
        InputError: the file cannot be written, or the Maps are not alike; nothing is left
            half-written.
    """
    write_drawn(drawn_maps(looks, names, title), output, force=force)
