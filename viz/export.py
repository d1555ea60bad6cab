"""Writing what is drawn to a file: what kind is said by its suffix, which `viz.formats` lists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from microgpt.files import write_atomically
from viz import formats
from viz.drawn import Drawn
from viz.formats import Format
from viz.kinds import KINDS, PICTURE, DrawingKind
from viz.output_file import check_place, refused

if TYPE_CHECKING:
    from graphviz import Digraph

    from viz.view import View

READ_AHEAD = 1024
"""So much of a file tells what kind it is. Units: bytes."""


def check_output(output: str | Path, kind: DrawingKind = PICTURE, *, force: bool = False) -> Format:
    """Refuses an output that could not be written, before any work is done for it.

    Args:
        output: the file.
        kind: what is to be drawn.
        force: whether a file that is not of the suffix's kind may be in its place.

    Returns:
        The kind of file.

    Raises:
        InputError: the suffix is unknown or cannot hold such a thing, the folder is missing or may
            not be written to, another kind of file is in its place, or what draws it is not there.
    """
    path = Path(output)
    possible = formats.formats_of(kind)
    found = formats.format_named(path.name)
    if found is None or found not in possible:
        raise refused(path, _why_not(path, kind), [row.suffix for row in possible])
    check_place(path)
    if not force:
        check_kind(path, found.name, found.begins)
    found.check_needs()
    if kind.by_engine and next(p for p in found.made_of if p in kind.parts) == "svg":
        from viz.render import engine  # noqa: PLC0415  # graphviz, which a Map does without

        engine()
    return found


def write_drawn(drawn: Drawn, output: str | Path, *, force: bool = False) -> None:
    """Writes something drawn, by the path's suffix.

    Args:
        force: whether a file that is not of the suffix's kind may be in its place.

    Raises:
        InputError: the file cannot be drawn or written; nothing is left half-written.
    """
    row = check_output(output, drawn.kind, force=force)
    write_atomically(Path(output), row.content(drawn))


def write_picture(dot: Digraph, output: str | Path, *, force: bool = False) -> None:
    """Writes DOT text or draws it, by the path's suffix; see `write_drawn`."""
    from viz.drawn_graph import drawn_dot  # noqa: PLC0415  # graphviz, which a Map does without

    write_drawn(drawn_dot(dot), output, force=force)


def write_view(view: View, output: str | Path, caption: str = "", *, force: bool = False) -> None:
    """Writes a view of a graph in any of the formats, by the path's suffix; see `write_drawn`."""
    from viz.drawn_graph import drawn_view  # noqa: PLC0415  # likewise

    write_drawn(drawn_view(view, caption), output, force=force)


def _why_not(path: Path, kind: DrawingKind) -> str:
    """What is wrong with a suffix; of a format that holds other things, what those are."""
    other = formats.format_named(path.name)
    if other is None:
        return f"suffix {path.suffix!r}" if path.suffix else "no suffix"
    holders = [f"{each.name} (microgpt {each.command})" for each in KINDS if other.holds(each)]
    held = f", which holds {', '.join(holders)}" if holders else ""
    return f"{kind.name} cannot be {other.suffix}{held}"


def check_kind(path: Path, name: str, begins: Sequence[bytes]) -> None:
    """Refuses to replace a file that is not of the kind that is to be written.

    Args:
        name: of the kind.
        begins: one of these stands near the beginning of every such file; in lower case.

    Raises:
        InputError: there is another file.
    """
    try:
        with path.open("rb") as file:
            beginning = file.read(READ_AHEAD).lower()
    except OSError:  # it is not there, or cannot be read: then writing says so
        return
    if beginning and not any(sign in beginning for sign in begins):
        raise refused(
            path, f"a file is there that is no {name} of this program: --force overwrites it"
        )
