"""Writing a view to a file: what kind is said by its suffix."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from microgpt.files import write_atomically
from viz.maps.png import map_png
from viz.output_file import check_file
from viz.views.table import DrawnView, Page


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


def _svg(view: DrawnView, page: Page) -> bytes:
    return view.svg(page).encode()


def _png(view: DrawnView, page: Page) -> bytes:
    return map_png(view.svg(page))


def _json(view: DrawnView, page: Page) -> bytes:
    del page
    return view_json(view).encode()


VIEW_FORMATS: dict[str, Callable[[DrawnView, Page], bytes]] = {
    ".svg": _svg,
    ".png": _png,
    ".json": _json,
}
"""What makes a file's content of a view, by suffix."""


def check_view_output(output: Path) -> None:
    """Refuses an output that could not be written, before any work is done for it.

    Raises:
        InputError: the suffix is unknown, or the folder is missing or may not be written to.
    """
    check_file(output, tuple(VIEW_FORMATS))


def write_drawn(view: DrawnView, page: Page, output: Path) -> None:
    """Writes a view, by the path's suffix.

    Raises:
        InputError: the file cannot be written; nothing is left half-written.
    """
    check_view_output(output)
    write_atomically(output, VIEW_FORMATS[output.suffix.lower()](view, page))
