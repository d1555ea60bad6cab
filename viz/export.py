"""Writing a picture to a file: what kind is said by its suffix."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

from graphviz import Digraph

from microgpt.errors import InputError
from microgpt.files import write_atomically
from viz.dot import rms
from viz.render import FORMATS, engine, render
from viz.view import View

DRAWN = tuple(f".{format_}" for format_ in FORMATS)
PICTURE_SUFFIXES = (*DRAWN, ".dot")
SUFFIXES = (*PICTURE_SUFFIXES, ".json")


def check_output(output: str | Path, suffixes: tuple[str, ...] = SUFFIXES) -> None:
    """Refuses an output that could not be written, before any work is done for it.

    Raises:
        InputError: the suffix is unknown, the folder is missing or may not be written to, or there
            is no Graphviz engine for it.
    """
    path = Path(output)
    if path.suffix.lower() not in suffixes:
        raise InputError(
            f"output {str(path)!r}: {f'suffix {path.suffix!r}' if path.suffix else 'no suffix'}; "
            f"it can be {', '.join(suffixes)}"
        )
    try:
        _check_place(path)
    except OSError as error:  # a name that is too long
        raise InputError(f"output {str(path)!r}: {error.strerror}") from error
    if path.suffix.lower() in DRAWN:
        engine(path.suffix.lower().removeprefix("."))


def _check_place(path: Path) -> None:
    if not path.parent.is_dir():
        raise InputError(f"output {str(path)!r}: there is no folder {str(path.parent)!r}")
    if path.is_dir():
        raise InputError(f"output {str(path)!r} is a folder")
    for place in (path.parent, path):
        if place.exists() and not os.access(place, os.W_OK):
            raise InputError(f"output {str(path)!r}: {str(place)!r} may not be written to")


def write_picture(dot: Digraph, output: str | Path) -> None:
    """Writes DOT text or draws it, by the path's suffix.

    Raises:
        InputError: the file cannot be drawn or written; nothing is left half-written.
    """
    check_output(output, PICTURE_SUFFIXES)
    path = Path(output)
    suffix = path.suffix.lower()
    content = dot.source.encode() if suffix == ".dot" else render(dot, suffix.removeprefix("."))
    write_atomically(path, content)


def view_json(view: View, caption: str = "") -> str:
    """The view's boxes and bundles as JSON text, one object a line, floats in full precision.

    Non-finite numbers are the strings `"nan"`, `"inf"` and `"-inf"`.
    """
    graph = view.graph
    around = set(view.around)
    nodes = []
    for box in view.boxes:
        row: dict[str, object] = {
            "key": box.key, "label": box.label, "kind": box.kind, "nodes": len(box),
            "around": box in around,
        }  # fmt: skip
        if box.kind == "node":
            row |= {
                "id": box.node,
                "op": graph.op(box.node),
                "scope": graph.scope(box.node),
                "data": _finite(float(graph.data[box.node])),
                "grad": _finite(float(graph.grad[box.node])),
            }
        else:
            row["rms_grad"] = _finite(rms(graph.grad[box.ids]))
        nodes.append(row)
    edges: list[dict[str, object]] = [
        {
            "source": bundle.source,
            "target": bundle.target,
            "slot": bundle.slot if bundle.slot >= 0 else None,
            "count": bundle.count,
            "magnitude": _finite(bundle.magnitude),
            "net": _finite(bundle.net),
        }
        for bundle in view.bundles
    ]
    head = json.dumps({"title": view.title, "caption": caption}, ensure_ascii=False)[1:-1]
    return f'{{{head},\n"nodes": {_lines(nodes)},\n"edges": {_lines(edges)}}}\n'


def write_view_json(view: View, path: Path, caption: str = "") -> None:
    """Writes `view_json` to a file.

    Raises:
        InputError: the file cannot be written; nothing is left half-written.
    """
    write_atomically(path, view_json(view, caption).encode())


def _lines(rows: list[dict[str, object]]) -> str:
    return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]"


def _finite(x: float) -> float | str:
    return x if math.isfinite(x) else str(x)
