"""Gradients that a pass drops once it has handed them on, as `y.grad = None` does.

The node has none in the end. What it had is what its share went into, so that is shown.
"""

from __future__ import annotations

import numpy as np

from microgpt.attach.child.pass_log import DROPS, NO_WRITE
from microgpt.attach.columns import Columns, floats, ints
from microgpt.graph.arrays import Floats, Ints

DROPPED = "its pass drops {n} gradients that it has handed on: shown is what they were"
_COLUMNS = ("entry_nodes", "entry_sites", "entry_writes")


def without_drops(fields: Columns) -> tuple[Columns, Ints, Floats]:
    """The columns of a pass without its last writes where these take a gradient away.

    Returns:
        with whose gradient that was, and what it had been; of arrays no numbers.
    """
    nodes, kinds = ints(fields, "entry_nodes"), ints(fields, "entry_writes")
    writes = np.flatnonzero(kinds != NO_WRITE)
    last = np.full(int(nodes.max(initial=-1)) + 1, -1)
    last[nodes[writes]] = writes  # of several to one node the last one stays
    drops = last[(last >= 0) & (kinds[last] == DROPS)]
    was = np.full(len(last), -1)
    kept = writes[~np.isin(writes, drops)]
    was[nodes[kept]] = kept
    drops = np.sort(drops[was[nodes[drops]] >= 0])  # else there was nothing to take away
    if not len(drops):
        return fields, drops, np.zeros(0)
    columns = {name: np.delete(ints(fields, name), drops) for name in _COLUMNS}
    if "entry_sizes" in fields:
        columns["entry_sizes"] = np.delete(ints(fields, "entry_sizes"), drops)
        return {**fields, **columns}, nodes[drops], np.zeros(0)
    numbers = floats(fields, "entry_numbers")
    columns["entry_numbers"] = np.delete(numbers, drops)
    return {**fields, **columns}, nodes[drops], numbers[was[nodes[drops]]]
