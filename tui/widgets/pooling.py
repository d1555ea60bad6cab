"""A matrix in fewer cells than it has numbers: each stands for a block, by its largest number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from microgpt.graph.arrays import Floats, Ints, Mask, frozen


@dataclass(frozen=True, eq=False)
class Pooling:
    """Blocks of a matrix. A cell's number is read from it, with its place; nothing is averaged."""

    block: tuple[int, int]  # rows and columns of a block; those at the end may be smaller
    rows: Ints  # the row of each cell's number. Shape: `[row of cells][column of cells]`.
    columns: Ints  # likewise its column

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of cells."""
        rows, columns = self.rows.shape
        return rows, columns

    @property
    def is_whole(self) -> bool:
        """Whether each cell is a number of its own."""
        return self.block == (1, 1)

    def of(self, numbers: Floats) -> Floats:
        """The cells' numbers. Shape: as of `rows`."""
        found: Floats = numbers[self.rows, self.columns]
        return found

    def cell_of(self, row: int, column: int) -> tuple[int, int]:
        """The cell that stands for a number."""
        return row // self.block[0], column // self.block[1]

    def place_of(self, row: int, column: int) -> tuple[int, int]:
        """The place of a cell's number in the matrix."""
        return int(self.rows[row, column]), int(self.columns[row, column])


def pooled(
    numbers: Floats, most_rows: int, most_columns: int, hidden: Mask | None = None
) -> Pooling:
    """Blocks as small as fit, by the number of the largest size in each; nan is larger than all.

    Args:
        hidden: where there is no number; a cell is such a place only if its whole block is.

    >>> found = pooled(np.array([[1.0, -3.0, 2.0, 0.0]]), 1, 2)
    >>> found.block, found.of(np.array([[1.0, -3.0, 2.0, 0.0]])).tolist()
    ((1, 2), [[-3.0, 2.0]])
    """
    n_rows, n_columns = numbers.shape
    high, wide = -(-n_rows // max(1, most_rows)), -(-n_columns // max(1, most_columns))
    down, across = -(-n_rows // high), -(-n_columns // wide)
    sizes = np.full((down * high, across * wide), -1.0)
    sizes[:n_rows, :n_columns] = np.nan_to_num(np.abs(numbers), nan=np.inf, posinf=np.inf)
    if hidden is not None:
        sizes[:n_rows, :n_columns][hidden] = -0.5  # there is at least a place, beyond the end none
    blocks = sizes.reshape(down, high, across, wide).transpose(0, 2, 1, 3)
    at = blocks.reshape(down, across, high * wide).argmax(axis=2)
    rows = np.arange(down)[:, np.newaxis] * high + at // wide
    columns = np.arange(across)[np.newaxis, :] * wide + at % wide
    return Pooling((high, wide), frozen(rows), frozen(columns))
