"""One sentence about a Map, computed from it: what one would point at first."""

from __future__ import annotations

import math

from viz.maps.lenses import Look
from viz.maps.step_map import StepMap

WORTH_TELLING = 1.5
"""How many times as much has to go around a row as through it."""


def sentence(look: Look) -> str:
    """Where the gradient goes around what is computed, or which head reads the most; `""` if none.

    The fork told is the one whose ways are the most unequal.
    """
    if look.lens.name == "value":
        return _strongest_reading(look.map)
    if look.lens.name != "grad":
        return ""
    forks = _forks(look.map)
    if not forks:
        return _strongest_reading(look.map)
    ratio, through, around = max(forks)
    if ratio < WORTH_TELLING:
        return _strongest_reading(look.map)
    return (
        f"On its way back {_times(ratio)} as much gradient goes around {through} as through it: "
        f"the residual stream carries it on from {around}."
    )


def _times(ratio: float) -> str:
    return f"{ratio:.0f} times" if ratio >= 2.5 else f"{ratio:.1f} times"


def _forks(step_map: StepMap) -> list[tuple[float, str, str]]:
    """Where the stream is read and gone around: how unequal, which row reads, where they meet."""
    by_rows: dict[tuple[int, int, bool], float] = {}
    for current in step_map.river:
        key = (current.from_row, current.to_row, current.is_skip)
        by_rows[key] = math.hypot(by_rows.get(key, 0.0), current.grad_norm)
    found = []
    for (start, meets, is_skip), around in by_rows.items():
        if not is_skip or not math.isfinite(around):
            continue
        for (other, reads, skips), through in by_rows.items():
            if other == start and not skips and reads < meets and 0 < through < math.inf:
                names = (_name(step_map, reads), _name(step_map, meets))
                found.append((around / through, *names))
    return found


def _name(step_map: StepMap, row: int) -> str:
    shown = step_map.rows[row]
    layers = {each.layer for each in step_map.rows} - {None}
    prefix = f"layer {shown.layer} " if shown.layer is not None and len(layers) > 1 else ""
    return prefix + shown.name.replace("/", " ")


def _strongest_reading(step_map: StepMap) -> str:
    """Which head rests most on one other column."""
    readings = [
        (weight, head)
        for head in step_map.weights
        for source, weight in zip(head.sources, head.weights, strict=True)
        if source != head.column and math.isfinite(weight)
    ]
    if not readings:
        return ""
    weight, head = max(readings, key=lambda reading: reading[0])
    source = head.sources[head.weights.index(weight)]
    captions = step_map.captions
    reader = captions[head.column].token or f"column {head.column}"
    read = captions[source].token or f"column {source}"
    return (
        f"The strongest reading: head {head.head}"
        + (f" of layer {head.layer}" if head.layer is not None else "")
        + f" gives {100 * weight:.0f} % of what {reader} reads to {read}."
    )
