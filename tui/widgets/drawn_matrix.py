"""`DrawnMatrix`: a matrix as cells of two characters on a colour, whole arrays at once.

Knows no widget.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from microgpt.graph.arrays import Floats, Ints, Mask
from tui.training.shown_parameters import LOGARITHMIC, ParameterKind, ShownMatrix
from tui.widgets.pooling import Pooling, pooled
from viz.style import DECADES, NEGATIVE, NOT_A_NUMBER, POSITIVE, rgb
from viz.views.color_scale import ColorScale, largest_size
from viz.views.themes import DARK

TOP = 9
"""The digit of the largest size; one that is next to nothing beside it is 0."""
ZERO, ODD, UNKNOWN, ABSENT = " ·", " ?", " –", "  "
TEXTS = (
    ABSENT, UNKNOWN, ZERO, ODD, "-?",
    *(f"{sign}{digit}" for sign in "+-" for digit in range(TOP + 1)),
)  # fmt: skip
"""All that can stand in a cell, by its code."""
_POSITIVE, _NEGATIVE = TEXTS.index("+0"), TEXTS.index("-0")


@dataclass(frozen=True, eq=False)
class DrawnMatrix:
    """What a heatmap shows of a matrix."""

    matrix: ShownMatrix
    kind: ParameterKind
    pooling: Pooling
    dead_rows: tuple[int, ...] = ()  # of units that never fire
    dead_columns: tuple[int, ...] = ()

    @classmethod
    def fitting(
        cls, matrix: ShownMatrix, kind: ParameterKind, most_rows: int, most_columns: int
    ) -> DrawnMatrix:
        """In no more cells than these."""
        hidden = matrix.is_hidden(kind)
        return cls(matrix, kind, pooled(matrix.numbers[kind], most_rows, most_columns, hidden))

    @cached_property
    def values(self) -> Floats:
        """The cells' numbers. Shape: `[row of cells][column of cells]`."""
        return self.pooling.of(self.matrix.numbers[self.kind])

    @cached_property
    def largest(self) -> float:
        """The size that has the full colour."""
        return largest_size(self.matrix.numbers[self.kind])

    @cached_property
    def strengths(self) -> Floats:
        """How large each cell's number is, 0 to 1, on the scale of the picture of the same view."""
        scale = ColorScale(DARK, self.largest, is_signed=True, is_log=self.kind in LOGARITHMIC)
        return scale.strengths(self.values)

    @cached_property
    def is_absent(self) -> Mask:
        """Where there is no parameter. Shape: as of `values`."""
        return self._pooled(self.matrix.is_absent)

    @cached_property
    def is_hidden(self) -> Mask:
        """Where there is no number of the kind shown. Shape: as of `values`."""
        return self._pooled(self.matrix.is_hidden(self.kind))

    def _pooled(self, marks: Mask) -> Mask:
        found: Mask = marks[self.pooling.rows, self.pooling.columns]
        return found

    @cached_property
    def codes(self) -> Ints:
        """What stands in each cell, as its place in `TEXTS`. Shape: as of `values`."""
        values = self.values
        digits = np.rint(TOP * np.nan_to_num(self.strengths)).astype(np.int64)
        codes: Ints = np.where(values < 0, _NEGATIVE, _POSITIVE) + digits
        codes[values == 0] = TEXTS.index(ZERO)
        is_odd = ~np.isfinite(values)
        codes[is_odd] = np.where(values[is_odd] < 0, TEXTS.index("-?"), TEXTS.index(ODD))
        codes[self.is_hidden] = TEXTS.index(UNKNOWN)
        codes[self.is_absent] = TEXTS.index(ABSENT)
        return codes

    def text(self, row: int, column: int) -> str:
        """Sign and size of a cell in two characters; none of it is told by colour alone."""
        return TEXTS[int(self.codes[row, column])]

    def fills(self, background: str) -> Ints:
        """The cells' colours as numbers, `0xrrggbb`. Shape: as of `values`."""
        strengths, values = np.nan_to_num(self.strengths), self.values
        is_odd = ~np.isfinite(values)
        strengths[is_odd] = 1.0
        strengths[self.is_hidden] = 0.0
        fills = np.zeros(values.shape, np.int64)
        for place, base in enumerate(rgb(background)):
            goals = np.where(values > 0, POSITIVE[place], NEGATIVE[place])
            goals[is_odd] = NOT_A_NUMBER[place]
            fills = fills << 8 | np.rint(base + (goals - base) * strengths).astype(np.int64)
        return fills

    def scale_in_words(self) -> str:
        """What size the largest digit stands for, and whether the scale is logarithmic."""
        if self.kind in LOGARITHMIC:
            return f"{TOP} is {self.largest:.3g}, 0 a {10**DECADES:,}th of it"
        return f"{TOP} is {self.largest:.3g}"

    # -- rows and columns of cells -----------------------------------------------------------------

    def row_label(self, row: int) -> str:
        """What a row of cells is for; of several rows the first one."""
        return self.matrix.row_labels[row * self.pooling.block[0]]

    def column_label(self, column: int) -> str:
        """The number of a column of cells; of several columns that of the first one."""
        return str(column * self.pooling.block[1])

    @cached_property
    def dead_row_cells(self) -> frozenset[int]:
        """The rows of cells with a unit that never fires."""
        return frozenset(unit // self.pooling.block[0] for unit in self.dead_rows)

    @cached_property
    def dead_column_cells(self) -> frozenset[int]:
        """The same of columns."""
        return frozenset(unit // self.pooling.block[1] for unit in self.dead_columns)
