"""A Map for a page: its columns, rows and cells, what each lens shows of them, and what flows.

Texts and sizes are those of the other renderers; where things stand is decided in the browser,
which knows how wide it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microgpt.printable import printable
from viz.maps.lenses import LENSES, Look, look
from viz.maps.moments import column_completions, completions
from viz.maps.scale import Scale, flow
from viz.maps.sentence import sentence
from viz.maps.step_map import StepMap
from viz.maps.svg_elements import short
from viz.maps.svg_flows import bands_of
from viz.maps.svg_layout import PictureLayout
from viz.maps.words import column_name

NUMBER, PROBABILITY, LOSS = "number", "probability", "loss"
WAYS = ("around", "through", "whole")
"""Of the river past a row, as `Band.way` has them."""


def looks_of(asked: Look) -> list[Look]:
    """The Map through every lens that has what it needs; the one asked for first."""
    question = asked.question
    there = {
        "grad": True,
        "value": True,
        "update": question.updated is not None,
        "why": question.node is not None,
        "change": question.other is not None,
    }
    others = [name for name in LENSES if there.get(name) and name != asked.lens.name]
    return [asked, *(look(asked.map, name, question) for name in others)]


def map_data(looks: Sequence[Look]) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """A Map's texts, and its numbers as arrays.

    Args:
        looks: of one Map, one through each lens.
    """
    step_map = looks[0].map
    grid, layout = step_map.grid, PictureLayout(looks[:1])
    texts = {
        "columns": _columns(step_map),
        "rows": _rows(layout, step_map),
        "layers": layout.layers,
        "nextAfter": layout.next_after,
        "cells": {
            "row": grid.row_of.tolist(),
            "column": grid.column_of.tolist(),
            "parameters": [int(is_one) for is_one in grid.parameters],
            "scope": [None if path is None else printable(path) for path in grid.scopes],
            "firstWrite": step_map.first_write.tolist(),
            "lastWrite": step_map.last_write.tolist(),
            "firstEvent": step_map.first_event.tolist(),
            "lastEvent": step_map.last_event.tolist(),
        },
        "strips": [
            {
                "cell": int(grid.at[head.row, head.column]),
                "head": head.head,
                "sources": head.sources,
                "nodes": head.nodes,
            }
            for head in step_map.weights
            if head.row in layout.head_rows
        ],
        "ribbons": [
            [ribbon.row, ribbon.head, ribbon.source, ribbon.column]
            for ribbon in step_map.ribbons
            if _is_drawn(ribbon.row, ribbon.source, ribbon.column, layout)
        ],
        "lenses": [_lens(each) for each in looks],
        "flows": {
            name: _flows(look(step_map, name), layout) for name in ("grad", "value")
        },
        "stops": {
            "cells": completions(step_map, "backward").tolist(),
            "columns": sorted(
                event for event in column_completions(step_map, "backward").tolist() if event >= 0
            ),
        },
    }  # fmt: skip
    arrays: dict[str, NDArray[Any]] = {
        f"lens.{each.lens.name}": np.array([Scale(each).number(c) for c in range(step_map.n_cells)])
        for each in looks
    }
    arrays["map.grad"], arrays["map.data"] = step_map.grad_norm, step_map.data_norm
    return texts, arrays


def _columns(step_map: StepMap) -> list[dict[str, Any]]:
    columns = []
    for column, (caption, label) in enumerate(
        zip(step_map.captions, step_map.grid.labels, strict=False)  # there may be captions to spare
    ):
        token = caption.token if caption.token is not None else label or str(column)
        target = None if caption.target is None else printable(caption.target)
        name = printable(column_name(step_map, column))
        columns.append({"token": printable(token), "target": target, "name": name})
    return columns


def _rows(layout: PictureLayout, step_map: StepMap) -> list[dict[str, Any]]:
    return [
        {
            "label": printable(layout.label(row)),
            "layer": shown.layer,
            "head": layout.head_rows.get(row),
            "around": row in layout.gone_around,
            "names": printable(layout.matrices(row)),
            "matrices": [printable(name) for name in shown.matrices],
        }
        for row, shown in enumerate(step_map.rows)
    ]


def _lens(shown: Look) -> dict[str, Any]:
    """What a lens shows of each cell: a short text, a size from 0 to 1, a sign."""
    scale, cells = Scale(shown), range(shown.map.n_cells)
    kinds = [
        PROBABILITY if cell in scale.probabilities else LOSS if cell in scale.losses else NUMBER
        for cell in cells
    ]
    sizes = [scale.size(cell) for cell in cells]
    return {
        "name": shown.lens.name,
        "what": shown.lens.what,
        "signed": shown.lens.is_signed,
        "backward": shown.lens.made_by == "backward",
        "largest": short(scale.largest),
        "sentence": printable(sentence(shown)),
        "kinds": kinds,
        "texts": [_text(scale.number(cell), kinds[cell]) for cell in cells],
        "sizes": [round(size, 4) if math.isfinite(size) else 1.0 for size in sizes],
        "signs": [scale.sign(cell) for cell in cells],
    }


def _text(number: float, kind: str) -> str:
    if kind != PROBABILITY:
        return short(number)
    percent = 100 * number
    return f"{percent:.1f} %" if not 0 < percent < 0.05 else f"{short(percent)} %"


def _is_drawn(row: int, source: int, column: int, layout: PictureLayout) -> bool:
    return source < column and row in layout.head_rows


def _flows(shown: Look, layout: PictureLayout) -> dict[str, Any]:
    """What flows under a lens, as parts of the widest; in the order of the Map's `ribbons`."""
    bands = list(bands_of(shown))
    widest = _widest([band.size for band in bands if band.counts])
    sizes = [
        flow(shown, ribbon.grad_norm, ribbon.data_norm)
        for ribbon in shown.map.ribbons
        if _is_drawn(ribbon.row, ribbon.source, ribbon.column, layout)
    ]
    most = _widest(sizes)
    return {
        "widestBand": short(widest),
        "widestRibbon": short(most),
        "bands": [
            [
                band.column,
                band.from_row,
                band.to_row,
                WAYS.index(band.way),
                _part(band.size, widest),
            ]
            for band in bands
        ],
        "ribbons": [_part(size, most) for size in sizes],
    }


def _widest(sizes: Sequence[float]) -> float:
    return max((size for size in sizes if math.isfinite(size)), default=0.0)


def _part(size: float, widest: float) -> float:
    if not size > 0 or not widest > 0:
        return 0.0
    return round(min(1.0, size / widest), 4) if math.isfinite(size) else 1.0
