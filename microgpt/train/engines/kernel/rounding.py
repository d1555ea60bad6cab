"""How far libm's powers can be from exact ones: numbers that both vector engines go by.

Of the files of this folder the only one that does without numba.
"""

from __future__ import annotations

import os

SPLIT = 2.0**27 + 1
"""Times this, a float is cut into halves whose products are exact. Source: Dekker 1971."""
TINY, HUGE = 1e-40, 1e40
"""Results beyond them are always asked of libm: its powers are less exact there, and below 1e-290
errors are too small for floats."""


def _surely() -> float:
    """An error that many times as large still rounds to nothing: it is below 0.5 / that in units.

    A power that libm has computed with an error of up to e units, before it rounds, is the nearest
    float wherever the exact one is less than 0.5 - e units from that. glibc's own analysis
    (`e_pow.c`, from 2.28 on; what came before was exact) comes to e < 0.0153 between `TINY` and
    `HUGE`, without a fused multiply-add, which leaves 0.4847; of 100 million powers it had none
    wrong below 0.4906. Other libms are taken to be wrong by less than 0.54 units.
    """
    try:
        glibc = os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, ValueError, OSError):
        glibc = None
    return 1.035 if glibc else 1.12


SURELY = _surely()
