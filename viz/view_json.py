"""A view as JSON: its boxes and bundles, for programs to read."""

from __future__ import annotations

import json
import math

from microgpt.model.place_names import place_name
from viz.dot import norm
from viz.view import View

VERSION = 1


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
                "place": place_name(graph, box.node),
                "op": graph.op(box.node),
                "scope": graph.scope(box.node),
                "data": _finite(float(graph.data[box.node])),
                "grad": _finite(float(graph.grad[box.node])),
            }
        else:
            row["grad_norm"] = _finite(norm(graph.grad[view.outputs_of(box)]))
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
    about = {"version": VERSION, "title": view.title, "caption": caption}
    head = json.dumps(about, ensure_ascii=False)[1:-1]
    return f'{{{head},\n"nodes": {_lines(nodes)},\n"edges": {_lines(edges)}}}\n'


def _lines(rows: list[dict[str, object]]) -> str:
    return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]"


def _finite(x: float) -> float | str:
    return x if math.isfinite(x) else str(x)
