"""All faults planted in the base programs."""

from __future__ import annotations

import importlib
import pkgutil

from tests.diagnosis import planted
from tests.diagnosis.fault import Fault, edited, line_of, lines_of

__all__ = ["FAULTS", "Fault", "edited", "line_of", "lines_of"]

FAULTS: tuple[Fault, ...] = tuple(
    fault
    for module in pkgutil.iter_modules(planted.__path__)
    for fault in importlib.import_module(f"{planted.__name__}.{module.name}").FAULTS
)
"""Those of one program after those of another; a file of `planted` for each."""
