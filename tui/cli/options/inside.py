"""Keeping files within a folder."""

from __future__ import annotations

from pathlib import Path

from microgpt.errors import InputError


def check_inside(path: Path, folder: Path) -> None:
    """Links are followed: what counts is where the file really lies.

    Raises:
        InputError: it lies outside the folder.
    """
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # a circle of links
        inside = False
    if not inside:
        raise InputError(f"{str(path)!r} lies outside {str(folder)!r}, which a browser is kept in")
