"""How numba compiles the functions of this folder.

Without its fast math, so that every sum stays in the order it is written in. What makes the first
compilation long or short is told in docs/architecture.md, under Engines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
_PART: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_WHOLE: dict[str, Any] = {"cache": True, "no_cfunc_wrapper": True}

compiled = njit(**_OPTIONS, **_PART)
"""Compiles what other compiled functions call; Python cannot."""

inlined = njit(**_OPTIONS, inline="always")
"""Makes a function part of its callers, which spares compiling it on its own first: for those that
have one caller, or that only call another function."""


def compiled_once(function: Callable[..., Any]) -> Any:
    """Compiles a function with all that it calls, once per installation.

    numba compiles again what it finds cached if the function's own file has changed, and would miss
    a change in another file that the function calls. The name it caches under carries a digest of
    all files of this folder, so that such a change counts too.
    """
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    function.__qualname__ += f"_{digest.hexdigest()[:8]}"
    return njit(**_OPTIONS, **_WHOLE)(function)
