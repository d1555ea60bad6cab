"""The cells of a Map's picture: numbers, probabilities and losses, the strips of heads.

Each number stands there with all its digits, in a tooltip and in `data-` attributes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from viz.maps.lenses import Look
from viz.maps.palette import head_color, size_color
from viz.maps.scale import UNKNOWN, Ends, Scale
from viz.maps.step_map import HeadWeights
from viz.maps.svg_elements import PLAIN, SMALL, box, cut, short, words, xml
from viz.maps.svg_layout import PARAMETER_CELL, PictureLayout
from viz.maps.words import column_name
from viz.style import HAIRLINE, INK, MUTED, PAPER, ink_on, strength

EMPTY, FILLED = "#f3f4f7", "#c3cad8"
"""Of the bars of probabilities and losses."""
ROUND = f'rx="3.5" stroke="{HAIRLINE}" stroke-width="0.6"'
OUTLINE = f'stroke="{HAIRLINE}" stroke-width="0.5"'
THIN_OUTLINE = f'stroke="{HAIRLINE}" stroke-width="0.2"'
NARROW = 8.0
"""A narrower small cell has a thin outline, or one would see nothing else."""
BASELINE = 4.5
"""Of a number, below the middle of its cell."""


@dataclass(frozen=True, eq=False)
class DrawnCells:
    """The cells of the Maps of a picture, on one scale."""

    layout: PictureLayout
    ends: Ends = UNKNOWN
    scales: Sequence[Scale] = field(init=False)

    def __post_init__(self) -> None:
        looks = self.layout.looks
        object.__setattr__(self, "scales", tuple(Scale(look, looks, self.ends) for look in looks))

    @property
    def largest(self) -> float:
        """The end of the scale."""
        return self.scales[0].largest

    def drawn(self, place: int) -> Iterator[str]:
        """All cells of one Map."""
        look, layout = self.layout.looks[place], self.layout
        grid = look.map.grid
        strips = {(head.row, head.column): head for head in look.map.weights}
        right = layout.left(place) + layout.n_columns * layout.pitch
        is_last = place == len(layout.looks) - 1
        places = zip(grid.row_of.tolist(), grid.column_of.tolist(), grid.parameters, strict=True)
        for cell, (row, column, is_parameters) in enumerate(places):
            top = layout.tops[row]
            if column >= layout.n_columns:
                continue
            if column >= 0:
                x, width = layout.x(place, column, row), layout.cell_width(row)
                head = strips.get((row, column)) if row in layout.head_rows else None
                if head is not None:
                    yield from self._strip(place, cell, head, x, top, width)
                else:
                    yield from self._number(place, cell, row, column, x, top, width)
            elif is_parameters:
                yield from self._number(place, cell, row, column, right + 4, top, PARAMETER_CELL)
                if is_last:
                    names = cut(layout.matrices(row), layout.names_width - 8, SMALL)
                    base = top + layout.cell_height / 2 + BASELINE
                    yield words(right + layout.parameters_width, base, names, MUTED)
            else:
                width = layout.n_columns * layout.pitch - layout.gutter
                yield from self._number(place, cell, row, column, layout.left(place), top, width)

    def _number(
        self, place: int, cell: int, row: int, column: int, x: float, top: float, width: float
    ) -> Iterator[str]:
        """A cell that shows a number."""
        scale, height = self.scales[place], self.layout.cell_height
        number = scale.number(cell)
        has_numbers = column < 0 or self.layout.has_numbers
        yield (
            f"<g {_data(row, column, number)}><title>"
            f"{xml(_told(scale.look, cell, row, column, number))}</title>"
        )
        if cell in scale.probabilities or cell in scale.losses:
            is_probability = cell in scale.probabilities
            part = number if is_probability else number / (scale.largest_loss or 1.0)
            part = min(1.0, max(0.0, part)) if math.isfinite(part) else 0.0
            yield box(x, top, width, height, EMPTY, ROUND)
            yield box(x, top, part * width, height, FILLED, 'rx="3.5"')
            text = f"{_percent(number)} %" if is_probability else short(number)
            ink = INK
        else:
            is_none = scale.look.lens.is_signed and not number
            fill = (
                PAPER
                if is_none
                else size_color(strength(abs(number), self.largest), scale.sign(cell))
            )
            text, ink = short(number), ink_on(fill)
            if not has_numbers:  # never by colour alone: as high as it is large
                yield box(x, top, width, height, EMPTY)
                part = height * strength(abs(number), self.largest) if number else 0.0
                yield box(x, top + height - part, width, part, fill)
            else:
                yield box(x, top, width, height, fill, ROUND)
        if has_numbers:
            base = top + height / 2 + BASELINE
            yield words(x + width / 2, base, text, ink, PLAIN, "middle") + "</g>"
        else:
            yield "</g>"

    def _strip(
        self, place: int, cell: int, head: HeadWeights, x: float, top: float, width: float
    ) -> Iterator[str]:
        """A small cell for each source, as dark as its weight."""
        look, height = self.layout.looks[place], self.layout.cell_height
        number = self.scales[place].number(cell)
        n_columns, color = self.layout.n_columns, head_color(head.head)
        part = width / n_columns
        reader = column_name(look.map, head.column)
        yield f"<g {_data(head.row, head.column, number)}>"
        yield box(x, top, width, height, PAPER)
        for source, weight in zip(head.sources, head.weights, strict=True):
            if source >= n_columns:
                continue
            shown = min(1.0, max(0.0, weight)) if math.isfinite(weight) else 1.0
            told = f"head {head.head}: {reader} reads {weight!r} of {column_name(look.map, source)}"
            data = f'data-source="{source}" data-weight="{weight!r}"'
            yield (
                f'<rect x="{x + source * part:.2f}" y="{top:.1f}" width="{part:.2f}" '
                f'height="{height:.1f}" fill="{color}" fill-opacity="{shown:.3f}" {data}>'
                f"<title>{xml(told)}</title></rect>"
            )
        lines = "".join(
            f"M{x + at * part:.2f} {top:.1f}v{height:.1f}" for at in range(1, n_columns)
        )
        yield f'<path d="{lines}" {OUTLINE if part >= NARROW else THIN_OUTLINE} fill="none"/>'
        yield box(x, top, width, height, "none", OUTLINE) + "</g>"


def _percent(probability: float) -> str:
    percent = 100 * probability
    return f"{percent:.1f}" if not 0 < percent < 0.05 else short(percent)


def _data(row: int, column: int, number: float) -> str:
    """Where a cell is and what it shows; one in no column belongs to the whole row."""
    place = f' data-column="{column}"' if column >= 0 else ""
    return f'class="cell" data-row="{row}"{place} data-value="{number!r}"'


def _told(look: Look, cell: int, row: int, column: int, number: float) -> str:
    """A cell for its tooltip."""
    step_map = look.map
    where = [column_name(step_map, column)] if column >= 0 else []
    shown = step_map.rows[row]
    if shown.layer is not None:
        where.append(f"layer {shown.layer}")
    is_parameters = step_map.grid.parameters[cell]
    where.append(" ".join(shown.matrices) if is_parameters else shown.name)
    return (
        f"{', '.join(where)}: {number!r}; gradient {float(step_map.grad_norm[cell])!r}, "
        f"value {float(step_map.data_norm[cell])!r}"
    )
