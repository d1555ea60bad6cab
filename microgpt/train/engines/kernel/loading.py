"""Loading compiled functions from numba's cache without all that numba compiles with.

Before it loads anything, numba fills its tables of types and of what it can compile, which takes as
long as to import it once more. Loaded code needs none of them, only numba's memory allocator.
"""

from __future__ import annotations

from typing import Any

import numba

TRIED = ("0.68",)
"""Versions of numba that this was tried with. In others it might need more, and code that lacks
something ends the process; so there it is loaded as numba does it."""

_loaded: dict[Any, Any] = {}


def loaded(function: Any) -> Any:
    """What to call in place of a function of numba's, always with arguments of the same types.

    The function itself where it is not in the cache, or was compiled in this process.
    """
    if function not in _loaded:
        _loaded[function] = _from_cache(function) or function
    return _loaded[function]


def _from_cache(function: Any) -> Any:
    if ".".join(numba.__version__.split(".")[:2]) not in TRIED or function.signatures:
        return None
    try:
        from numba.core.runtime.nrt import rtsys  # noqa: PLC0415  # not in every version

        signatures = {key[0] for key in function._cache._cache_file._load_index()}
        if len(signatures) != 1:
            return None
        rtsys.initialize(function.targetctx)
        found = function._cache._load_overload(*signatures, function.targetctx)
    except Exception:  # noqa: BLE001  # numba's own way is there, and says what is wrong
        return None
    return found and found.entry_point
