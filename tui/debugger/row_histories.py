"""The rows of a Map from step to step: what a row is known by, and how large its gradient is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from viz.maps.grid import Row
from viz.maps.step_map import StepMap


def row_keys(rows: Sequence[Row]) -> list[str]:
    """What a row of one step's Map and of the next have in common, each its own."""
    seen: Counter[tuple[int | None, str]] = Counter()
    keys = []
    for row in rows:
        place = (row.layer, row.name)
        seen[place] += 1
        keys.append(f"{row.layer} {row.name} {seen[place]}")
    return keys


def row_norms(step_map: StepMap) -> list[float]:
    """The L2 norm of the gradient over the cells of each row but its parameters. `[row]`."""
    grid = step_map.grid
    inside = np.flatnonzero(~np.array(grid.parameters))
    with np.errstate(all="ignore"):  # inf and nan are data here, not accidents
        squares = step_map.grad_norm[inside] ** 2
        sums = np.bincount(grid.row_of[inside], squares, len(step_map.rows))
        norms: list[float] = np.sqrt(sums).tolist()
    return norms
