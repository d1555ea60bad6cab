"""Where everything of a Map's picture stands. Draws nothing.

A column has a lane for the residual stream at its left, if its graph has one: rows that a skip
leaves from and comes to are as wide as lane and cells, and rows that it goes around leave the lane
free. A head's row has, above its strip, room for the ribbons that end in it.

Columns that would make a picture too wide are narrow and have no numbers; heads need room for their
strips, so that of those, and of very many, only the first columns are shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from viz.maps.folding import WHOLE
from viz.maps.lenses import Look
from viz.maps.svg_elements import PLAIN, SMALL, text_width

WIDTH, HEIGHT = 1280, 720
"""Of a picture that needs no more. Units: pixels, as all lengths here."""
MARGIN = 20
HEAD = 68
"""Title and names of columns."""
NAMES = 22
"""Of Maps."""
LEGEND = 84
"""The sentence, and what means what."""
MOST_WIDTH = 1920
"""Of any picture."""
LEAST_PITCH, MOST_PITCH = 84.0, 190.0
"""Of columns with a lane, or with heads."""
PLAIN_PITCH, NARROW_PITCH = 52.0, 12.0
"""At least of columns with numbers and neither, and of those without numbers."""
LEAST_ROW, MOST_ROW = 22.0, 60.0
GAP, MOST_CELL = 6.0, 30.0
"""At least between the cells of two rows, where one sees what flows; at most of a cell."""
LANE = 15.0
"""Above a head's strip."""
MOST_NAMES = 3
"""Of matrices beside a row; of more, the first and the last are told."""
BRACKET = 24
PARAMETER_CELL = 52
BETWEEN_MAPS = 34
LEAST_LABEL = 84.0
ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class PictureLayout:
    """Lengths and places, for Maps of the same columns and rows side by side."""

    looks: Sequence[Look]
    is_named: bool = False  # whether each Map has a name over it

    # -- what there is -----------------------------------------------------------------------------

    @property
    def n_all_columns(self) -> int:
        """How many columns each Map has."""
        return len(self.looks[0].map.grid.labels)

    @cached_property
    def n_columns(self) -> int:
        """How many of them are shown: the first ones."""
        fit = int(self._room_across(MOST_WIDTH) / (len(self.looks) * self.pitch) + ROUNDING)
        return max(1, min(self.n_all_columns, fit))

    @property
    def n_rows(self) -> int:
        """How many rows."""
        return len(self.looks[0].map.rows)

    @cached_property
    def head_rows(self) -> dict[int, int]:
        """The rows that are heads, each with its number within its layer."""
        return self.looks[0].map.head_of_row if self.n_all_columns > 1 else {}

    @cached_property
    def gone_around(self) -> frozenset[int]:
        """The rows that a skip goes around."""
        return frozenset(
            row
            for current in self.looks[0].map.river
            if current.is_skip
            for row in range(current.from_row + 1, current.to_row)
        )

    @cached_property
    def layers(self) -> tuple[tuple[int, int, int], ...]:
        """Each layer of several rows with its first and last one, if there are several layers."""
        rows = [row.layer for row in self.looks[0].map.rows]
        numbers = list(dict.fromkeys(layer for layer in rows if layer is not None))
        if len(numbers) < 2:
            return ()
        last = {layer: row for row, layer in enumerate(rows)}
        return tuple(
            (layer, rows.index(layer), last[layer])
            for layer in numbers
            if last[layer] > rows.index(layer)
        )

    def label(self, row: int) -> str:
        """What a row is called: after its layer, if it is all of one that was folded."""
        shown = self.looks[0].map.rows[row]
        if shown.name == WHOLE and shown.layer is not None:
            return f"layer {shown.layer}"
        name = shown.name.replace("/", " ")
        return f"layer {shown.layer} {name}" if row in self._alone else name

    @cached_property
    def _alone(self) -> frozenset[int]:
        """The rows that are all of one of several layers."""
        rows = [row.layer for row in self.looks[0].map.rows]
        if len(set(rows) - {None}) < 2:
            return frozenset()
        return frozenset(
            row for row, layer in enumerate(rows) if layer is not None and rows.count(layer) == 1
        )

    def matrices(self, row: int) -> str:
        """The parameters that stand beside a row."""
        names = [name.rpartition(".")[2] for name in self.looks[0].map.rows[row].matrices]
        return " ".join(names) if len(names) <= MOST_NAMES else f"{names[0]} … {names[-1]}"

    # -- across ------------------------------------------------------------------------------------

    @cached_property
    def label_width(self) -> float:
        """Room for the names of rows."""
        names = (text_width(self.label(row), PLAIN) for row in range(self.n_rows))
        widest = min(190.0, max(LEAST_LABEL, max(names, default=0.0)))
        return widest + 12 + (BRACKET if self.layers else 0)

    @cached_property
    def names_width(self) -> float:
        """Room for the names of matrices."""
        names = (text_width(self.matrices(row), SMALL) for row in range(self.n_rows))
        return min(150.0, max(names, default=0.0) + 8)

    @cached_property
    def parameters_width(self) -> float:
        """Of the cells of parameters, with the gap before them."""
        return PARAMETER_CELL + 12 if any(self.looks[0].map.grid.parameters) else 0.0

    @cached_property
    def pitch(self) -> float:
        """Of a column, all that belongs to it."""
        fair = min(MOST_PITCH, self._room_across(WIDTH) / self._n_side_by_side)
        return max(self._numbered_pitch if self.has_numbers else NARROW_PITCH, fair)

    @cached_property
    def has_numbers(self) -> bool:
        """Whether columns are wide enough for numbers."""
        needed = self._numbered_pitch * self._n_side_by_side
        return bool(self.head_rows) or needed <= self._room_across(MOST_WIDTH)

    @property
    def _numbered_pitch(self) -> float:
        """At least of columns with numbers."""
        return LEAST_PITCH if self.head_rows or self.gone_around else PLAIN_PITCH

    @property
    def _n_side_by_side(self) -> int:
        """All columns of all Maps."""
        return max(1, len(self.looks) * self.n_all_columns)

    def _room_across(self, width: int) -> float:
        """For columns, in a picture of this width."""
        n_maps = len(self.looks)
        room = width - 2 * MARGIN - self.label_width - self.names_width
        return room - n_maps * self.parameters_width - (n_maps - 1) * BETWEEN_MAPS

    @cached_property
    def lane(self) -> float:
        """Of the residual stream, in each column."""
        return 0.22 * self.pitch if self.gone_around else 0.0

    @cached_property
    def gutter(self) -> float:
        """Between two columns, where ribbons go down."""
        return self.pitch * (0.19 if self.head_rows else 0.12)

    @cached_property
    def full(self) -> float:
        """Of a cell that nothing goes around."""
        return self.pitch - self.gutter

    @cached_property
    def inner(self) -> float:
        """Of a cell beside the stream."""
        return self.full - (self.lane + min(5.0, 0.06 * self.pitch) if self.lane else 0.0)

    @cached_property
    def map_width(self) -> float:
        """Of one Map with its parameters."""
        return self.n_columns * self.pitch + self.parameters_width

    @cached_property
    def _used(self) -> float:
        n_maps = len(self.looks)
        maps = n_maps * self.map_width + (n_maps - 1) * BETWEEN_MAPS
        return self.label_width + maps + self.names_width

    @cached_property
    def width(self) -> int:
        """Of the picture."""
        return math.ceil(max(WIDTH, self._used + 2 * MARGIN) - ROUNDING)

    def left(self, place: int = 0) -> float:
        """Where the columns of a Map begin."""
        start = (self.width - self._used) / 2 + self.label_width
        return start + place * (self.map_width + BETWEEN_MAPS)

    def x(self, place: int, column: int, row: int | None = None) -> float:
        """Left edge of a cell; without a row, of the column."""
        edge = self.left(place) + column * self.pitch
        return edge + (self.full - self.inner if row in self.gone_around else 0.0)

    def cell_width(self, row: int) -> float:
        """Of a row's cells."""
        return self.inner if row in self.gone_around else self.full

    # -- down --------------------------------------------------------------------------------------

    @property
    def head(self) -> float:
        """What stands over the rows."""
        return HEAD + (NAMES if self.is_named else 0)

    @cached_property
    def next_after(self) -> int | None:
        """The row below which stands what comes next; none if nobody knows."""
        step_map = self.looks[0].map
        if all(caption.target is None for caption in step_map.captions):
            return None
        grid = step_map.grid
        return int(grid.row_of[grid.column_of >= 0].max())

    @cached_property
    def _room(self) -> float:
        """For rows."""
        return HEIGHT - self.head - LEGEND - MARGIN

    @cached_property
    def row_height(self) -> float:
        """Of a row that is no head, gap included."""
        n_rows = self.n_rows + (self.next_after is not None)
        room = self._room - LANE * len(self.head_rows)
        return max(LEAST_ROW, min(MOST_ROW, room / max(1, n_rows)))

    @cached_property
    def tops(self) -> tuple[float, ...]:
        """Upper edge of each row's cells, and of what would come after the last one."""
        used = self.row_height * (self.n_rows + (self.next_after is not None))
        used += LANE * len(self.head_rows)
        y, tops = self.head + max(0.0, self._room - used) / 2, []
        for row in range(self.n_rows):
            y += LANE if row in self.head_rows else 0.0
            tops.append(y)
            y += self.row_height * (2 if row == self.next_after else 1)
        return (*tops, y)

    @property
    def cell_height(self) -> float:
        """Of every cell."""
        return min(MOST_CELL, self.row_height - GAP)

    @cached_property
    def legend_top(self) -> float:
        """Where the sentence stands."""
        return max(self.tops[-1], HEIGHT - LEGEND - MARGIN)

    @cached_property
    def height(self) -> int:
        """Of the picture."""
        return math.ceil(self.legend_top + LEGEND + MARGIN - ROUNDING)
