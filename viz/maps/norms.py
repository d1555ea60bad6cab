"""L2 norms by group: of numbers, and of the sums of what several edges bring one operand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from microgpt.graph.arrays import Floats, Ints


def norms_by(group: Ints, numbers: Floats, n_groups: int) -> Floats:
    """The L2 norm of the numbers of each group, also where their squares are no floats."""
    sizes = np.abs(numbers)
    largest = np.zeros(n_groups)
    with np.errstate(all="ignore"):  # inf and nan are data here, not accidents
        np.maximum.at(largest, group, sizes)
        scale = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
        squares = np.bincount(group, (sizes / scale[group]) ** 2, n_groups)
        return np.asarray(scale * np.sqrt(squares))


@dataclass(frozen=True, eq=False)
class Shares:
    """Edges in groups, those of one operand in one group together.

    Each group has a slot for each rank between its least and its largest operand's, so that nothing
    has to be sorted.
    """

    slot: Ints  # of each edge. Shape: `[edge]`
    group: Ints  # of each slot. Shape: `[slot]`
    n_groups: int

    @classmethod
    def of(cls, group: Ints, rank: Ints, n_groups: int) -> Shares:
        """The slots of some edges.

        Args:
            group: of each edge.
            rank: of its operand; near to each other for operands of one group.
        """
        least = np.full(n_groups, np.iinfo(np.int64).max)
        most = np.zeros(n_groups, np.int64)
        np.minimum.at(least, group, rank)
        np.maximum.at(most, group, rank)
        width = most - least + 1
        start = np.cumsum(width) - width
        return cls((start - least)[group] + rank, np.repeat(np.arange(n_groups), width), n_groups)

    def norms_of_sums(self, numbers: Floats) -> Floats:
        """The L2 norm of each group's numbers, those of one operand added up first."""
        with np.errstate(all="ignore"):  # inf and nan are data here, not accidents
            sums = np.bincount(self.slot, numbers, len(self.group)).astype(np.float64)
        return norms_by(self.group, sums, self.n_groups)

    def norms_of_each(self, numbers: Floats) -> Floats:
        """The same of numbers that are alike for each edge of an operand, and count once."""
        each = np.zeros(len(self.group))
        each[self.slot] = numbers
        return norms_by(self.group, each, self.n_groups)
