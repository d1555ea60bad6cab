"""Columns: what a script's process sends of a computation, or what is made of that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from microgpt.attach.wire import Field
from microgpt.graph.arrays import Floats, Ints

Columns: TypeAlias = "Mapping[str, Field | Ints | Floats]"


def ints(fields: Columns, name: str) -> Ints:
    """A column of whole numbers."""
    column = fields[name]
    assert not isinstance(column, list)
    return np.array(column, np.int64)


def floats(fields: Columns, name: str) -> Floats:
    """A column of numbers."""
    column = fields[name]
    assert not isinstance(column, list)
    return np.array(column, np.float64)


def texts(fields: Columns, name: str) -> list[str]:
    """A column of texts."""
    column = fields[name]
    assert isinstance(column, list)
    return column
