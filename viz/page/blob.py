"""Arrays as one compressed text that a page's program reads back to the bit."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

ALIGNED = 8
"""Where each array begins is a multiple of this, as typed arrays want it. Units: bytes."""
LEVEL = 4
"""Of the compression: higher ones take longer, for a hundredth less."""
KINDS = ("f8", "i4", "u2", "u1")
"""Of numbers that a page can hold, little-endian."""


def packed(arrays: Mapping[str, NDArray[Any]]) -> tuple[str, dict[str, list[Any]]]:
    """The arrays' bytes in one text.

    Returns:
        Base64 of gzip of all bytes, and of each array its kind, its length and where it begins.
    """
    places: dict[str, list[Any]] = {}
    parts: list[bytes] = []
    at = 0
    for name, array in arrays.items():
        kind = f"{array.dtype.kind}{array.dtype.itemsize}"
        assert kind in KINDS, (name, kind)
        content = np.ascontiguousarray(array).astype(f"<{kind}").tobytes()
        places[name] = [kind, array.size, at]
        parts.append(content + bytes(-len(content) % ALIGNED))
        at += len(parts[-1])
    return base64.b64encode(gzip.compress(b"".join(parts), LEVEL, mtime=0)).decode(), places
