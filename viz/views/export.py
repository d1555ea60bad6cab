"""Writing a view to a file: what kind is said by its suffix."""

from __future__ import annotations

import json
from pathlib import Path

from viz.drawn import Drawn
from viz.export import check_output
from viz.export import write_drawn as write
from viz.kinds import VIEW
from viz.views.table import DrawnView, Page


def drawn_view(view: DrawnView, page: Page) -> Drawn:
    """A view as something drawn, in all the ways that it can be written."""

    def text(width: int = PRINTED_WIDTH) -> str:
        lines = view.lines(width)
        return page.title if lines is None else "\n".join((page.title, *lines))

    return Drawn(
        kind=VIEW,
        title=page.title or view.kind.name,
        svg=lambda: view.svg(page),
        json=lambda: view_json(view),
        text=text,
    )


PRINTED_WIDTH = 120
"""Of the text. Units: characters."""


def view_json(view: DrawnView) -> str:
    """One object, a line for each thing in its lists.

    Floats keep every bit; those that JSON has no word for are the texts "nan", "inf" and "-inf".
    """
    from microgpt.debugger.outcome import json_numbers  # noqa: PLC0415  # the debugger takes 100 ms

    def lines(value: object) -> str:
        if isinstance(value, list) and value and isinstance(value[0], dict | list):
            rows = (json.dumps(json_numbers(row), ensure_ascii=False) for row in value)
            return "[\n" + ",\n".join(rows) + "\n]"
        return json.dumps(json_numbers(value), ensure_ascii=False)

    body = ",\n".join(f"{json.dumps(name)}: {lines(part)}" for name, part in view.as_json().items())
    return f"{{{body}}}\n"


def check_view_output(output: Path, *, force: bool = False) -> None:
    """Refuses an output that could not be written, before any work is done for it.

    Raises:
        InputError: the suffix is unknown, or the file cannot be there.
    """
    check_output(output, VIEW, force=force)


def write_drawn(view: DrawnView, page: Page, output: Path, *, force: bool = False) -> None:
    """Writes a view, by the path's suffix.

    Args:
        force: whether a file of another kind may be in its place.

    Raises:
        InputError: the file cannot be written; nothing is left half-written.
    """
    write(drawn_view(view, page), output, force=force)
