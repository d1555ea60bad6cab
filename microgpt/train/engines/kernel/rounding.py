"""How far libm's powers can be from exact ones: numbers that both vector engines go by.

Of the files of this folder the only one that does without numba.
"""

from __future__ import annotations

SURELY = 1.12
"""An error that many times as large still rounds to nothing: it is below 0.5 / 1.12 units."""
SPLIT = 2.0**27 + 1
"""Times this, a float is cut into halves whose products are exact. Source: Dekker 1971."""
TINY = 1e-270
"""Below it, errors are too small for floats."""
