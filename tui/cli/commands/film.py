"""`microgpt film`: a view over the steps of a recorded run, as something that moves."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from microgpt import InputError
from tui.cli.filmed import MAP, Filmed, filmed
from tui.cli.options.model_options import add_engine_option
from tui.cli.options.number_options import WHOLE_FROM_1, add_number
from tui.cli.options.output_option import add_force_option
from tui.cli.options.parser import CommandParser, Subparsers
from tui.cli.options.view_choices import add_view_choices, view_choices
from tui.cli.terminal.interrupts import Interrupts
from tui.cli.terminal.output import can_redraw, notice, say
from viz.films.formats import FILM_FORMATS
from viz.views.table import VIEWS

if TYPE_CHECKING:
    from viz.films.frames import Frame

PER_SECOND = 12

_DESCRIPTION = """\
Draws one view of one text at many steps of a recorded run, or of a script's
recorded passes, all on one scale: as a page with a slider (.html), an SVG that
moves (.svg), or a GIF (.gif).

With Ctrl-C the steps that are done become the film.
"""
_EXAMPLES = """\
examples:
  microgpt train --steps 300 --run names.run
  microgpt film names.run --view map -o film.html
  microgpt film names.run emma --view lens --frames 50 -o lens.gif
  microgpt film names.run emma --from 1 --to 40 -o begins.svg
  microgpt debug train.py --run mine.run
  microgpt film mine.run -o passes.html
"""


def add_parser(subparsers: Subparsers) -> CommandParser:
    """Adds the command and its options."""
    parser = subparsers.add_parser(
        "film",
        help="draw a view over the steps of a recorded run",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.add_argument(
        "run_file", type=Path, metavar="RUN", help="made by train --run, or by debug SCRIPT --run"
    )  # fmt: skip
    parser.add_argument(
        "text", nargs="?", metavar="TEXT",
        help="what is computed at each step (default: the document of the last one)",
    )  # fmt: skip
    group = parser.add_argument_group("what to show")
    films = ", ".join(name for name, kind in VIEWS.items() if kind.needs != "steps")
    group.add_argument(
        "--view", default=MAP, metavar="NAME", help=f"{MAP} (default), {films}"
    )  # fmt: skip
    group.add_argument("--lens", metavar="LENS", help="of Maps: grad (default), value or update")
    group.add_argument(
        "--theme", metavar="THEME", help="of views: light (default), dark or print"
    )  # fmt: skip
    add_view_choices(group)
    group = parser.add_argument_group("which steps")
    add_number(group, "--from", WHOLE_FROM_1, "the first one (default: the run's)", dest="first")
    add_number(group, "--to", WHOLE_FROM_1, "the last one (default: the run's)", dest="last")
    most = ", ".join(f"{row.suffix} {row.frames}" for row in FILM_FORMATS)
    add_number(group, "--frames", WHOLE_FROM_1, f"at most so many, evenly (default: {most})")
    add_number(
        group, "--speed", WHOLE_FROM_1,
        f"frames a second, where it moves by itself (default {PER_SECOND})",
    )  # fmt: skip
    add_engine_option(group)
    group = parser.add_argument_group("where to")
    suffixes = ", ".join(row.suffix for row in FILM_FORMATS)
    group.add_argument(
        "-o", "--output", required=True, type=Path, metavar="FILE",
        help=f"what to write: {suffixes}",
    )  # fmt: skip
    add_force_option(group)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Draws the frames and writes the film; gives the exit status.

    Raises:
        InputError: an option, the text or the output cannot be used; nothing was written.
        RunFileError: the run cannot be read, or has no such step.
    """
    from viz.films.export import check_film_output  # noqa: PLC0415  # numpy; help need not wait
    from viz.films.scenes import spread  # noqa: PLC0415

    row = check_film_output(arguments.output, force=arguments.force)
    _check_view(arguments)
    with Interrupts() as interrupts, filmed(arguments) as film:
        every = film.between(arguments.first, arguments.last)
        steps = spread(every, arguments.frames or row.frames)
        with interrupts.held_back():
            # A GIF is drawn by other processes, while this one makes frames. Passes differ in size.
            in_making = row.suffix == ".gif" and arguments.view == MAP and film.unit == "step"
            frames = _frames(arguments, film, steps, interrupts, in_making=in_making)
            if not frames:
                notice(f"{interrupts.name}: no frame was done, and nothing was written")
                return interrupts.status
            name = f"{film.title}, {_from_to(film, steps, len(frames))}"
            done = _write(arguments, frames, name, interrupts)
    count = f"{done} frames"
    if done < len(steps):
        count = f"{done} of {len(steps)} frames ({interrupts.name})"
    told = f"{_from_to(film, steps, done)}, {arguments.view} of {film.title}"
    say(f"wrote {arguments.output}: {count}, {told}")
    return interrupts.status


def _from_to(film: Filmed, steps: list[int], count: int) -> str:
    return f"{film.unit} {steps[0]} to {steps[count - 1]}"


def _write(
    arguments: argparse.Namespace, frames: Sequence[Frame], title: str, interrupts: Interrupts
) -> int:
    """Writes the film, and gives how many frames it has: fewer if somebody interrupts."""
    from viz.films.export import write_film  # noqa: PLC0415  # numpy

    already, done = interrupts.received, len(frames)

    with _bar("putting together", len(frames)) as show:

        def shown(count: int) -> None:
            nonlocal done
            done = count
            show(count)

        write_film(
            frames, title, arguments.output, per_second=arguments.speed or PER_SECOND,
            force=arguments.force, drawn=shown,
            stopped=lambda: interrupts.received != already,
        )  # fmt: skip
    return done


def _check_view(arguments: argparse.Namespace) -> None:
    """Refuses what cannot be filmed, or does not go together."""
    from viz.films.scenes import MAP_LENSES  # noqa: PLC0415  # numpy
    from viz.views.table import view_kind  # noqa: PLC0415  # beside the one above
    from viz.views.themes import theme_called  # noqa: PLC0415

    if arguments.view == MAP:
        if arguments.theme is not None:
            raise InputError(f"--theme {arguments.theme}: is for views, and a Map is light")
        if arguments.lens not in {None, *MAP_LENSES}:
            raise InputError(f"--lens {arguments.lens}: a film of Maps has {', '.join(MAP_LENSES)}")
        chosen = view_choices(arguments)
        for name in ("head", "position", "top", "node", "matrix", "by"):
            if getattr(chosen, name) is not None:
                raise InputError(f"--{name}: a Map has no such choice; it takes --layer, --lens")
        return
    if arguments.view not in VIEWS:
        raise InputError(f"--view {arguments.view}: must be one of {', '.join((MAP, *VIEWS))}")
    if arguments.lens is not None:
        raise InputError(f"--lens {arguments.lens}: is for Maps, not for view {arguments.view}")
    kind = view_kind(arguments.view)
    if kind.needs == "steps":
        raise InputError(
            f"--view {kind.name}: it shows many steps in one picture (microgpt view {kind.name})"
        )
    kind.check(view_choices(arguments))
    theme_called(arguments.theme or "light")


def _frames(
    arguments: argparse.Namespace,
    film: Filmed,
    steps: list[int],
    interrupts: Interrupts,
    *,
    in_making: bool,
) -> Sequence[Frame]:
    """As many frames as there are until somebody interrupts.

    Args:
        in_making: whether they are rather made when they are asked for.
    """
    from viz.films.scenes import (  # noqa: PLC0415  # numpy
        FOR_SCALE,
        Work,
        map_frames,
        maps_in_making,
        n_parts,
        view_frames,
    )
    from viz.views.themes import theme_called  # noqa: PLC0415

    parts = min(FOR_SCALE, len(steps)) if in_making else n_parts(arguments.view, len(steps))
    with _bar("drawing", parts) as show:
        work = Work(show, lambda: bool(interrupts.received))
        if arguments.view == MAP:
            lens = arguments.lens or "grad"
            return (maps_in_making if in_making else map_frames)(
                film.at, steps, film.title, lens, arguments.layer, film.updated, work, film.unit
            )
        theme = theme_called(arguments.theme or "light")
        choices = view_choices(arguments)
        return view_frames(
            film.at, steps, film.title, arguments.view, choices, theme, work, film.unit
        )


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, which is gone afterwards; elsewhere nothing."""
    if not can_redraw(sys.stderr):
        yield lambda _: None
        return
    from tui.cli.terminal.progress_bar import passing_bar  # noqa: PLC0415  # rich takes 60 ms

    with passing_bar(what, total) as show:
        yield show
