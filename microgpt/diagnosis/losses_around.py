"""How an update changed the loss of the very data that it was made for."""

from __future__ import annotations

import math
from collections.abc import Sequence

from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.diagnosis.structure.algebra import Algebra
from microgpt.diagnosis.structure.recomputing import recomputed
from microgpt.graph.debuggee import LeafUpdate

NEAR = 1e-3
"""A loss is computed again well enough within this part of it; `log(x + 1e-9)` is taken for log."""


def losses_around(
    seen: PassEvidence, algebra: Algebra, leaves: Sequence[LeafUpdate], then: PassEvidence
) -> tuple[float, float, float] | None:
    """A loss, that of the same data after its update, and after a tenth of that.

    By computing the graph again; where an op is not known, by the loss of the next pass, if that is
    on the same data, and the slopes.

    Args:
        seen: the pass before the update.
        algebra: of that.
        leaves: what came of its leaves.
        then: the pass after.

    Returns:
        None where the update moved nothing, or it cannot be told.
    """
    rows = list(zip(seen.leaves.tolist(), leaves, strict=True))
    moved = [(node, leaf) for node, leaf in rows if leaf.before != leaf.after]
    if not moved:
        return None
    here = float(seen.graph.data[seen.graph.root])
    again = recomputed(algebra, {node: leaf.before for node, leaf in moved})
    tenth = recomputed(
        algebra, {node: leaf.before + (leaf.after - leaf.before) / 10 for node, leaf in moved}
    )
    if abs(again - here) <= NEAR * max(abs(here), 1.0) and not math.isnan(tenth):
        return again, recomputed(algebra, {node: leaf.after for node, leaf in moved}), tenth
    places = {node for node, _ in moved}
    rest = [node for node in seen.leaves.tolist() if node not in places]
    is_same = len(then.graph) == len(seen.graph) and bool(
        (then.graph.data[rest] == seen.graph.data[rest]).all()
    )
    if not is_same or not rest:
        return None
    slope = sum(
        float(seen.true_grad[node] - seen.before[node]) * (leaf.after - leaf.before)
        for node, leaf in moved
    )
    return here, then.loss, here + slope / 10
