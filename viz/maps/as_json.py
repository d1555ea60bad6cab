"""A Map as JSON. Its field names are what other programs rely on; `docs/map.md` lists them.

Floats keep every bit; those that JSON has no word for are the texts "nan", "inf" and "-inf".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from microgpt.debugger.outcome import json_numbers
from viz.maps.lenses import Look

VERSION = 1


def map_json(look: Look) -> str:
    """The whole Map, nothing folded, one object a line."""
    step_map = look.map
    graph = step_map.graph
    parts: list[tuple[str, Any]] = [
        ("version", VERSION),
        ("step", step_map.step),
        ("lens", look.lens.name),
        (
            "columns",
            [
                {
                    "token": caption.token,
                    "target": caption.target,
                    "loss": None if caption.loss is None else float(graph.data[caption.loss]),
                    "probability": None
                    if caption.probability is None
                    else float(graph.data[caption.probability]),
                }
                for caption in step_map.captions
            ],
        ),
        (
            "rows",
            [
                {"name": row.name, "layer": row.layer, "matrices": row.matrices}
                for row in step_map.rows
            ],
        ),
        ("cells", _cells(look)),
        (
            "weights",
            [
                {
                    "layer": head.layer, "head": head.head, "column": head.column,
                    "weights": _by_source(head.sources, head.weights),
                }
                for head in step_map.weights
            ],
        ),
        (
            "ribbons",
            [
                {
                    "layer": ribbon.layer, "head": ribbon.head, "from": ribbon.source,
                    "to": ribbon.column, "grad_norm": ribbon.grad_norm,
                    "data_norm": ribbon.data_norm,
                }
                for ribbon in step_map.ribbons
            ],
        ),
        (
            "river",
            [
                {
                    "column": current.column, "from_row": current.from_row,
                    "to_row": current.to_row, "grad_norm": current.grad_norm,
                    "data_norm": current.data_norm,
                }
                for current in step_map.river
            ],
        ),
    ]  # fmt: skip
    body = ",\n".join(f"{json.dumps(name)}: {_lines(value)}" for name, value in parts)
    return f"{{{body}}}\n"


def maps_json(looks: Sequence[Look]) -> str:
    """Several Maps as one object: `version`, and each Map as it would be alone in `maps`."""
    maps = ",\n".join(map_json(look).rstrip() for look in looks)
    return f'{{"version": {VERSION},\n"maps": [\n{maps}\n]}}\n'


def _cells(look: Look) -> list[dict[str, Any]]:
    step_map, grid = look.map, look.map.grid
    return [
        {
            "row": row, "column": None if column < 0 else column, "scope": scope,
            "nodes": ranges, "value": value, "grad_norm": grad, "data_norm": data,
            "first_event": _event(first), "last_event": _event(last), "first_write": _event(write),
        }
        for row, column, scope, ranges, value, grad, data, first, last, write in zip(
            grid.row_of.tolist(), grid.column_of.tolist(), grid.scopes, grid.node_ranges,
            look.numbers.tolist(), step_map.grad_norm.tolist(), step_map.data_norm.tolist(),
            step_map.first_event.tolist(), step_map.last_event.tolist(),
            step_map.first_write.tolist(), strict=True,
        )
    ]  # fmt: skip


def _event(event: int) -> int | None:
    return None if event < 0 else event


def _by_source(sources: Sequence[int], weights: Sequence[float]) -> list[float | None]:
    """A weight for each column up to the last one read, None of those that are not."""
    of_source = dict(zip(sources, weights, strict=True))
    return [of_source.get(source) for source in range(max(sources) + 1)]


def _lines(value: Any) -> str:
    if not isinstance(value, list):
        return json.dumps(json_numbers(value))
    rows = (json.dumps(json_numbers(row), ensure_ascii=False) for row in value)
    return "[\n" + ",\n".join(rows) + "\n]"
