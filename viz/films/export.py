"""Writing a film to a file: what kind is said by its suffix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from microgpt.errors import InputError
from microgpt.files import write_atomically
from viz.export import check_kind
from viz.films.formats import FILM_FORMATS, FilmFormat
from viz.films.frames import Frame, FramesInMaking, of_one_size
from viz.formats import EXTRA
from viz.output_file import check_place, refused


def check_film_output(output: Path, *, force: bool = False) -> FilmFormat:
    """Refuses an output that could not be written, before any work is done for it.

    Raises:
        InputError: the suffix is unknown, the file cannot be there, another kind of file is in its
            place, or what makes it is not installed.
    """
    suffixes = [row.suffix for row in FILM_FORMATS]
    row = next((row for row in FILM_FORMATS if row.suffix == output.suffix.lower()), None)
    if row is None:
        problem = f"suffix {output.suffix!r}" if output.suffix else "no suffix"
        raise refused(output, f"{problem}, which is no film", suffixes)
    check_place(output)
    if not force:
        check_kind(output, row.name, row.begins)
    if row.needs and find_spec(row.needs) is None:
        raise InputError(
            f"{row.suffix} needs Pillow, which is not installed (pip install "
            f"'microgpt-tui[{EXTRA}]'); .html and .svg need nothing more"
        )
    return row


def write_film(
    frames: Sequence[Frame],
    title: str,
    output: Path,
    *,
    per_second: float = 12.0,
    force: bool = False,
    drawn: Callable[[int], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Writes a film, by the path's suffix.

    Args:
        frames: in order. If they are in the making, they are of one size.
        title: what all of them show.
        per_second: how many frames, where it moves by itself.
        force: whether a file of another kind may be in its place.
        drawn: is told how many frames are drawn, where that takes long.
        stopped: whether those that are drawn shall do, where that takes long.

    Raises:
        InputError: the file cannot be made or written; nothing is left half-written.
    """
    row = check_film_output(output, force=force)
    if not isinstance(frames, FramesInMaking):
        frames = of_one_size(frames)
    if row.suffix == ".html":
        from viz.films.page import frames_page  # noqa: PLC0415  # one of these is used

        content = frames_page(frames, title).encode()
    elif row.suffix == ".svg":
        from viz.films.moving_svg import moving_svg  # noqa: PLC0415

        content = moving_svg(frames, title, per_second).encode()
    else:
        from viz.films.gif import film_gif  # noqa: PLC0415

        content = film_gif(frames, per_second, drawn, stopped)
    write_atomically(output, content)
