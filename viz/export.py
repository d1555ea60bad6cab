"""Writing a picture to a file: what kind is said by its suffix, which `viz.formats` lists."""

from __future__ import annotations

from pathlib import Path

from graphviz import Digraph

from microgpt.files import write_atomically
from viz import formats
from viz.dot import to_dot
from viz.formats import Format
from viz.output_file import check_file
from viz.render import engine, render
from viz.view import View


def check_output(output: str | Path, *, of_picture: bool = False) -> Format:
    """Refuses an output that could not be written, before any work is done for it.

    Args:
        output: the file.
        of_picture: whether it has to be a kind of file that any picture can go to.

    Returns:
        The kind of file.

    Raises:
        InputError: the suffix is unknown, the folder is missing or may not be written to, or there
            is no Graphviz engine for it.
    """
    suffix = check_file(output, formats.suffixes(of_pictures=of_picture))
    found = next(row for row in formats.FORMATS if row.suffix == suffix)
    if found.drawn_as:
        engine(found.drawn_as)
    return found


def write_picture(dot: Digraph, output: str | Path) -> None:
    """Writes DOT text or draws it, by the path's suffix.

    Raises:
        InputError: the file cannot be drawn or written; nothing is left half-written.
    """
    _write_picture(dot, Path(output), check_output(output, of_picture=True))


def write_view(view: View, output: str | Path, caption: str = "") -> None:
    """Writes a view of a graph in any of the formats, by the path's suffix.

    Raises:
        InputError: the file cannot be drawn or written; nothing is left half-written.
    """
    kind = check_output(output)
    if kind.of_view:
        write_atomically(Path(output), kind.of_view(view, caption))
    else:
        _write_picture(to_dot(view, caption), Path(output), kind)


def _write_picture(dot: Digraph, path: Path, kind: Format) -> None:
    content = kind.of_picture(dot) if kind.of_picture else render(dot, kind.drawn_as)
    write_atomically(path, content)
