"""How wide the parts of a Map in characters are: as much as there is room for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from viz.maps.spans import NUMBER_WIDTH

LEAST_LABEL, MOST_LABEL = 14, 24
WIDE_PARAMETERS, NARROW_PARAMETERS = 20, 13
LEAST_WIDTH = 4
"""Of a column: a bar and a gap. Units: characters, as all widths here."""
NUMBERED_WIDTH = 1 + NUMBER_WIDTH + 1
"""From which on a column has numbers, right behind a narrow bar."""
MOST_WIDTH = 14
LEAST_HISTORY, MOST_HISTORY = 6, 16
LEAST_VECTOR = 8


@dataclass(frozen=True)
class TextWidths:
    """Of a Map in a window."""

    width: int  # of the window
    n_columns: int
    longest_label: int
    first_column: int = 0  # that is wanted in sight
    has_histories: bool = False
    widened: int | None = None  # a column whose outputs are shown one by one
    most_outputs: int = 0  # of a cell of that column

    @cached_property
    def label(self) -> int:
        """Of the names of rows: as much as they need, where there is room."""
        room = self.width - NARROW_PARAMETERS - self.n_columns * NUMBERED_WIDTH
        return max(LEAST_LABEL, min(MOST_LABEL, self.longest_label + 1, room))

    @cached_property
    def parameters(self) -> int:
        """Of the parameters beside each row: without numbers if columns can have some for it."""
        room = self.width - self.label - self.n_columns * NUMBERED_WIDTH
        room -= LEAST_HISTORY if self.has_histories else 0
        is_wide = room >= WIDE_PARAMETERS and self.widened is None
        return WIDE_PARAMETERS if is_wide else NARROW_PARAMETERS

    @property
    def _room(self) -> int:
        return self.width - self.label - self.parameters

    @cached_property
    def vector(self) -> int:
        """Of the outputs of a widened column, 0 without one: what narrow columns leave."""
        if self.widened is None:
            return 0
        left = self._room - self.n_columns * LEAST_WIDTH
        return min(self.most_outputs + 1, max(LEAST_VECTOR, left))

    @cached_property
    def column(self) -> int:
        """Of every column, gap included; a widened one has its outputs besides."""
        room = self._room - self.vector
        if self.has_histories and room - LEAST_HISTORY >= self.n_columns * NUMBERED_WIDTH:
            room -= LEAST_HISTORY
        return max(LEAST_WIDTH, min(MOST_WIDTH, room // max(1, self.n_columns)))

    @property
    def has_numbers(self) -> bool:
        """Whether columns are wide enough for numbers."""
        return self.column >= NUMBERED_WIDTH

    @cached_property
    def columns(self) -> range:
        """Those that are in sight."""
        fit = max(1, (self._room - self.vector) // self.column)
        first = max(0, min(self.first_column, self.n_columns - fit))
        return range(first, min(self.n_columns, first + fit))

    @cached_property
    def all_columns(self) -> int:
        """Of all that are in sight, together."""
        vector = self.vector if self.widened in self.columns else 0
        return self.column * len(self.columns) + vector

    @cached_property
    def history(self) -> int:
        """Of each row's course at the right edge, 0 without one."""
        used = self.label + self.parameters + self.all_columns
        room = min(MOST_HISTORY, self.width - used - 1)
        return room if self.has_histories and room >= LEAST_HISTORY else 0

    @property
    def parameter_number(self) -> int:
        """Of what stands behind the names of parameters: a bar, with a number where it fits."""
        return NUMBERED_WIDTH + 1 if self.parameters == WIDE_PARAMETERS else 2
