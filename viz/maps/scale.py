"""What the cells of a Map show: numbers on one scale, probabilities and losses, weights of heads.

Every renderer reads this, so that terminal and picture agree.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from microgpt.graph.arrays import Mask
from viz.maps.lenses import Look
from viz.style import strength


@dataclass(frozen=True, slots=True)
class Ends:
    """Where a picture's scales end at the least, so that pictures of several steps share them."""

    cells: float = 0.0
    losses: float = 0.0
    bands: float = 0.0
    ribbons: float = 0.0
    strips: float = 0.0  # what all ribbons to one strip carry

    def and_of(self, other: Ends) -> Ends:
        """The further ones of two."""
        return Ends(
            max(self.cells, other.cells),
            max(self.losses, other.losses),
            max(self.bands, other.bands),
            max(self.ribbons, other.ribbons),
            max(self.strips, other.strips),
        )


UNKNOWN = Ends()
"""A picture's own."""


@dataclass(frozen=True, eq=False)
class Scale:
    """A Map through a lens, its cells' numbers as sizes between 0 and 1."""

    look: Look
    beside: Sequence[Look] = ()  # Maps that are on the same scale
    ends: Ends = UNKNOWN

    @cached_property
    def largest(self) -> float:
        """The largest size on the scale: of all cells but those that show something else."""
        sizes = np.abs(self.look.numbers)[self.on_scale]
        sizes = sizes[np.isfinite(sizes)]
        others = (Scale(other).largest for other in self.beside if other is not self.look)
        return max([float(sizes.max(initial=0.0)), self.ends.cells, *others])

    @cached_property
    def largest_loss(self) -> float:
        """The largest of the losses that are shown. Units: nats."""
        data = self.look.map.graph.data
        losses = (float(data[node]) for node in self.losses.values())
        others = (Scale(other).largest_loss for other in self.beside if other is not self.look)
        return max([self.ends.losses, *filter(math.isfinite, losses), *others])

    @cached_property
    def on_scale(self) -> Mask:
        """Which cells show the lens's number: not those of probabilities and losses."""
        grid = self.look.map.grid
        shown = np.ones(len(grid.row_of), np.bool_)
        shown[[*self.probabilities, *self.losses]] = False
        return shown

    @cached_property
    def probabilities(self) -> dict[int, int]:
        """Cells that show a probability, and its node."""
        cell_of = self.look.map.grid.cell_of
        nodes = (caption.probability for caption in self.look.map.captions)
        return {int(cell_of[node]): node for node in nodes if node is not None}

    @cached_property
    def losses(self) -> dict[int, int]:
        """Cells that show a loss, and its node; the root's cell is one."""
        step_map = self.look.map
        nodes = [caption.loss for caption in step_map.captions if caption.loss is not None]
        nodes.append(step_map.graph.root)
        return {int(step_map.grid.cell_of[node]): node for node in nodes}

    @cached_property
    def weights(self) -> dict[int, tuple[float, ...]]:
        """Weights by source column, of each cell that is a head; 0 of columns not read."""
        step_map = self.look.map
        found = {}
        for head in step_map.weights:
            of_source = dict(zip(head.sources, head.weights, strict=True))
            cell = int(step_map.grid.at[head.row, head.column])
            columns = range(len(step_map.grid.labels))
            found[cell] = tuple(of_source.get(source, 0.0) for source in columns)
        return found

    def number(self, cell: int) -> float:
        """The number that stands in a cell."""
        node = self.probabilities.get(cell, self.losses.get(cell))
        if node is not None:
            return float(self.look.map.graph.data[node])
        return float(self.look.numbers[cell])

    def size(self, cell: int) -> float:
        """0 to 1: on the scale; a probability is its own size, a loss a part of the largest."""
        number = self.number(cell)
        if cell in self.probabilities:
            return number
        if cell in self.losses:
            if not math.isfinite(number):
                return 1.0
            return number / self.largest_loss if number > 0 else 0.0
        return strength(abs(number), self.largest)

    def sign(self, cell: int) -> int:
        """Of a cell's number, if the lens has signs; else 0."""
        number = self.number(cell)
        if not self.look.lens.is_signed or not self.on_scale[cell] or not number:
            return 0
        return 1 if number > 0 else -1


def flow(look: Look, grad_norm: float, data_norm: float) -> float:
    """What the width of a flow says: of the lens `value` what is brought, else the gradient."""
    return data_norm if look.lens.name == "value" else grad_norm
