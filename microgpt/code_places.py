"""Places in a program's code as people say them: in a file, or in a cell of a notebook."""

from __future__ import annotations

import re
from pathlib import PurePath

from microgpt.printable import printable

CELL = "cell"
"""The code cells of a notebook are the files `cell 1`, `cell 2`, and so on."""
_CELL = re.compile(rf"{CELL} \d+")


def is_cell(file: str) -> bool:
    """Whether a file is a cell of a notebook."""
    return _CELL.fullmatch(file) is not None


def place_called(file: str, line: int) -> str:
    """`train.py:14`; in a notebook `cell 3, line 14`.

    >>> place_called("/home/ada/train.py", 14), place_called("cell 3", 14)
    ('train.py:14', 'cell 3, line 14')
    """
    name = printable(PurePath(file).name)
    return f"{name}, line {line}" if is_cell(file) else f"{name}:{line}"


def line_called(file: str, line: int) -> str:
    """The same where it is known which script it is of: `line 14`.

    >>> line_called("/home/ada/train.py", 14), line_called("cell 3", 14)
    ('line 14', 'cell 3, line 14')
    """
    return place_called(file, line) if is_cell(file) else f"line {line}"
