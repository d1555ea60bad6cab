"""Text set into an exact number of character cells: some characters take two, some none."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size


def set_left(text: str, width: int) -> str:
    """The text at the left of `width` cells, cut off if it is longer.

    >>> set_left("漢", 4)
    '漢  '
    """
    return set_cell_size(text, width)


def set_right(text: str, width: int) -> str:
    """The text at the right of `width` cells, cut off if it is longer.

    >>> set_right("漢", 4), set_right("BOS", 2)
    ('  漢', 'BO')
    """
    cut = set_cell_size(text, min(width, cell_len(text)))
    return " " * (width - cell_len(cut)) + cut
