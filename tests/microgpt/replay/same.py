"""Whether two Graphs are the same, numbers to the bit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from microgpt import Graph


def hexes(numbers: Sequence[float] | NDArray[np.float64]) -> list[str]:
    return [float(number).hex() for number in numbers]


def assert_same(ours: Graph, theirs: Graph) -> None:
    """Every field, types and the order in mappings included."""
    for field in ("data", "grad", "grad_before", "local_grads", "immediate"):
        assert hexes(getattr(ours, field)) == hexes(getattr(theirs, field)), field
    for field in ("op_codes", "operand_start", "operands", "visit_order", "scope_of", "line_of"):
        a, b = getattr(ours, field), getattr(theirs, field)
        assert a.dtype == b.dtype, field
        assert a.tolist() == b.tolist(), field
    assert list(ours.scopes) == list(theirs.scopes)
    for field in ("source_lines", "names", "bindings", "root", "backpropagated"):
        assert getattr(ours, field) == getattr(theirs, field), field
    assert list(ours.names) == list(theirs.names)
    assert list(ours.bindings) == list(theirs.bindings)
